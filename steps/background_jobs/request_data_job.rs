//! `POST /data-jobs`: asks for rows to be processed.

use flows::background_jobs::{BACKGROUND_JOBS, data::DataRequest, job::TakenIn, request};
use motia::prelude::*;

type Emits = (DataRequest,);

const CONFIG: ApiConfig<DataRequest, TakenIn, Emits> =
    ApiConfig::post("RequestDataJob", "/data-jobs")
        .description("Asks for rows to be processed")
        .status(201)
        .idempotent()
        .flows(&[BACKGROUND_JOBS]);

async fn handler(
    req: ApiRequest<DataRequest>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TakenIn>> {
    let record = request::ask(&ctx, req.body).await?;

    Ok(ApiResponse::created(TakenIn::from(record)))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::JOBS;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn rows_are_asked_for_and_their_job_can_be_looked_at() {
        let (ctx, probe) = fake();
        let request = json!({ "dataSource": "a.csv", "processingType": "transform",
                              "outputDestination": "b.csv" });

        let reply =
            handler(ApiRequest::new(serde_json::from_value(request).unwrap()), ctx).await.unwrap();

        assert_eq!(probe.emitted::<DataRequest>()[0].batch_size, 1000);
        let kept = probe.state.get(JOBS, &reply.body.job_id).await.unwrap().unwrap();
        assert_eq!((kept.job.kind.as_str(), kept.job.max_attempts), ("data_processing", 2));
    }
}
