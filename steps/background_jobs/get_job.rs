//! `GET /jobs/{jobId}`: how far a job has come.

use flows::background_jobs::{BACKGROUND_JOBS, JOBS, PROGRESS, Record};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Path {
    job_id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    #[serde(flatten)]
    record: Record,
    /// How far it has come, if it says so.
    progress: Option<Value>,
}

const CONFIG: ApiConfig<(), Shown> = ApiConfig::get("GetJob", "/jobs/{jobId}")
    .description("Says how far a job has come")
    .params::<Path>()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Shown>> {
    let Path { job_id } = req.path()?;

    let record = ctx.state.get(JOBS, &job_id).await?;
    let record = record.or_reject(StatusCode::NOT_FOUND, "there is no such job")?;
    let progress = ctx.state.get(PROGRESS, &job_id).await?;

    Ok(ApiResponse::ok(Shown { record, progress }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::Job;
    use motia_testkit::{START, fake};

    use super::*;

    fn asking(id: &str) -> ApiRequest<()> {
        ApiRequest::new(()).with_param("jobId", id)
    }

    #[tokio::test]
    async fn a_job_is_shown_with_its_progress() {
        let (ctx, probe) = fake();
        let record = Record::taken_in(Job::new("email", serde_json::Map::new()), START);
        let id = &record.job.job_id;
        probe.state.set(JOBS, id, &record).await.unwrap();
        probe.state.set(PROGRESS, id, &json!({ "batches": 10 })).await.unwrap();

        let shown = json!(handler(asking(id), ctx).await.unwrap().body);

        assert_eq!((&shown["jobId"], &shown["status"]), (&json!(id), &json!("queued")));
        assert_eq!(shown["progress"]["batches"], 10);
    }

    #[tokio::test]
    async fn a_job_that_is_none_is_404() {
        let (ctx, _probe) = fake();

        assert_eq!(handler(asking("nobody"), ctx).await.unwrap_err().status(), 404);
    }
}
