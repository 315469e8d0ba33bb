//! `POST /ai/cancel`: stops a job wherever it is: waiting, waiting to be tried again, or worked on.

use flows::ai_jobs::{AI_JOBS, Refusal, Refused, WebhookWanted, change};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CancelJob {
    #[schemars(length(min = 1, max = 100))]
    job_id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    message: &'static str,
    job_id: String,
}

type Emits = (WebhookWanted,);

const CONFIG: ApiConfig<CancelJob, Cancelled, Emits> = ApiConfig::post("CancelAIJob", "/ai/cancel")
    .description("Stops a job wherever it is")
    .flows(&[AI_JOBS])
    .replies(&[
        reply::<Refusal>(404, "There is no such job"),
        reply::<Refusal>(409, "The job is over already"),
    ]);

async fn handler(
    req: ApiRequest<CancelJob>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<Cancelled>> {
    let CancelJob { job_id } = req.body;

    // First what is told, then what runs: an attempt that goes on for a moment can change nothing any more.
    match change(&ctx, &job_id, |job| job.cancel(ctx.now())).await? {
        Ok(_) => {}
        Err(Refused::Unknown) => return Err(Refusal::no_such_job(&job_id)),
        Err(refused) => return Err(over(refused)),
    }
    ctx.cancel(Cancel::Key(&job_id)).await?;

    Ok(ApiResponse::ok(Cancelled { message: "the job is cancelled", job_id }))
}

fn over(refused: Refused) -> StepError {
    let refusal = Refusal { error: "over", message: refused.to_string(), retry_after: None };
    StepError::respond(ApiResponse::with_status(StatusCode::CONFLICT, refusal))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{JOBS, Job, JobOptions, Status};
    use motia_testkit::{START, fake};

    use super::*;

    fn of(job_id: &str) -> ApiRequest<CancelJob> {
        ApiRequest::new(CancelJob { job_id: job_id.into() })
    }

    #[tokio::test]
    async fn a_job_is_cancelled_its_work_stopped_and_its_end_told() {
        let (ctx, probe) = fake();
        let mut job = Job::new("anna".into(), "hello".into(), JobOptions::default(), START);
        job.webhook_url = Some("https://example.com".into());
        probe.state.set(JOBS, &job.id, &job).await.unwrap();

        let reply = handler(of(&job.id), ctx.clone()).await.unwrap();
        let again = handler(of(&job.id), ctx).await.unwrap_err();

        assert_eq!((reply.status.as_u16(), &reply.body.job_id), (200, &job.id));
        let kept = probe.state.get(JOBS, &job.id).await.unwrap().unwrap();
        assert_eq!(kept.status, Status::Cancelled);
        assert_eq!(probe.cancellations(), [format!("key {}", job.id)]);
        assert_eq!(probe.emitted::<WebhookWanted>().len(), 1);
        assert_eq!(again.status(), 409);
    }

    #[tokio::test]
    async fn a_job_that_is_not_known_cannot_be_cancelled() {
        let (ctx, probe) = fake();

        let refused = handler(of("nobody"), ctx).await.unwrap_err();

        assert_eq!(refused.status(), 404);
        assert_eq!(probe.cancellations(), [""; 0]);
    }
}
