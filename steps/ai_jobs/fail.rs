//! On `ai.job.given-up`: no attempt is made any more, so the job has failed.

use flows::ai_jobs::{AI_JOBS, Job, JobGivenUp, WebhookWanted, change};
use motia::prelude::*;

type Emits = (WebhookWanted,);

const CONFIG: EventConfig<JobGivenUp, Emits> =
    EventConfig::new("FailAIJob").description("Notes that a job has failed").flows(&[AI_JOBS]);

async fn handler(given_up: JobGivenUp, ctx: Context<Emits>) -> StepResult {
    let JobGivenUp { job_id, last, reason } = given_up;

    let fail = |job: &mut Job| job.give_up(last, reason.clone(), ctx.now());
    if let Err(refused) = change(&ctx, &job_id, fail).await? {
        ctx.logger.info("nothing to do", json!({ "jobId": job_id, "why": refused.to_string() }));
    }

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{Attempt, JOBS, JobOptions, Status};
    use motia_testkit::{Fake, Probe, START};

    use super::*;

    async fn kept(probe: &Probe, attempt: Attempt) -> JobGivenUp {
        let mut job = Job::new("anna".into(), "hello".into(), JobOptions::default(), START);
        job.webhook_url = Some("https://example.com".into());
        job.begin(attempt, START).unwrap();
        probe.state.set(JOBS, &job.id, &job).await.unwrap();
        let last = Attempt { number: 3, token: 30 };
        JobGivenUp { job_id: job.id, last, reason: "failed 3 times".into() }
    }

    #[tokio::test]
    async fn a_job_that_was_given_up_has_failed_and_its_end_is_told() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let given_up = kept(&probe, Attempt { number: 3, token: 30 }).await;

        handler(given_up.clone(), ctx).await.unwrap();

        let job = probe.state.get(JOBS, &given_up.job_id).await.unwrap().unwrap();
        assert_eq!((job.status, job.attempt.number), (Status::Failed, 3));
        assert_eq!(job.error.as_deref(), Some("failed 3 times"));
        assert_eq!(probe.emitted::<WebhookWanted>()[0].job.status, Status::Failed);
    }

    #[tokio::test]
    async fn a_job_that_was_taken_up_again_meanwhile_goes_on() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let given_up = kept(&probe, Attempt { number: 1, token: 31 }).await;

        handler(given_up.clone(), ctx).await.unwrap();

        let job = probe.state.get(JOBS, &given_up.job_id).await.unwrap().unwrap();
        assert_eq!(job.status, Status::Processing);
        assert_eq!(probe.emissions(), []);
    }
}
