//! On `ai.job.dropped`: its event was cancelled, by whichever way, so nobody works on the job any more.

use flows::ai_jobs::{AI_JOBS, JobDropped, WebhookWanted, change};
use motia::prelude::*;

type Emits = (WebhookWanted,);

const CONFIG: EventConfig<JobDropped, Emits> = EventConfig::new("DropAIJob")
    .description("Notes that a job is cancelled whose event was")
    .flows(&[AI_JOBS]);

async fn handler(JobDropped { job_id }: JobDropped, ctx: Context<Emits>) -> StepResult {
    // Who cancels a job by its own route has noted it already.
    let _ = change(&ctx, &job_id, |job| job.cancel(ctx.now())).await?;

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{JOBS, Job, JobOptions, Status};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn the_job_is_cancelled_and_whoever_waits_for_it_is_told() {
        let (ctx, probe) = fake();
        let mut job = Job::new("anna".into(), "hello".into(), JobOptions::default(), ctx.now());
        job.webhook_url = Some("https://example.com/hook".into());
        ctx.state.set(JOBS, &job.id, &job).await.unwrap();

        handler(JobDropped { job_id: job.id.clone() }, ctx.clone()).await.unwrap();
        handler(JobDropped { job_id: job.id.clone() }, ctx).await.unwrap();

        let kept = probe.state.get(JOBS, &job.id).await.unwrap().unwrap();
        assert_eq!(kept.status, Status::Cancelled);
        assert_eq!(probe.emitted::<WebhookWanted>().len(), 1);
    }
}
