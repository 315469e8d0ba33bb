//! `POST /emails`: asks for a letter.

use flows::background_jobs::{
    BACKGROUND_JOBS, JOBS, Record,
    email::EmailRequest,
    job::{TakenIn, too_large},
};
use motia::prelude::*;

type Emits = (EmailRequest,);

const CONFIG: ApiConfig<EmailRequest, TakenIn, Emits> = ApiConfig::post("RequestEmail", "/emails")
    .description("Asks for a letter")
    .status(201)
    .idempotent()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(
    req: ApiRequest<EmailRequest>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TakenIn>> {
    let request = req.body;

    let wanted = ctx.emit(request.clone()).priority(request.priority.into());
    let job_id = wanted.await.map_err(too_large)?.id.to_string();
    // The job is called by its request, and can be asked for from now on.
    let record = Record::taken_in(request.into_job(job_id.clone()), ctx.now());
    ctx.state.set_if_absent(JOBS, &job_id, &record).await?;

    Ok(ApiResponse::created(TakenIn::from(record)))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::Status;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_letter_is_asked_for_and_its_job_can_be_looked_at() {
        let (ctx, probe) = fake();
        let letter = json!({ "to": ["ann@test.com"], "subject": "Hi", "textContent": "Hi",
                             "sendAt": "2030-01-01T00:00:00Z" });

        let reply =
            handler(ApiRequest::new(serde_json::from_value(letter).unwrap()), ctx).await.unwrap();

        assert_eq!((reply.status.as_u16(), reply.body.status), (201, Status::Scheduled));
        assert_eq!(probe.emitted::<EmailRequest>().len(), 1);
        assert!(probe.state.get(JOBS, &reply.body.job_id).await.unwrap().is_some());
    }
}
