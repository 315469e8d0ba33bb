//! On `ai.job.created`: works on the job and tells how far it is; up to three attempts.

use flows::{
    ai_jobs::{
        AI_JOBS, Attempt, CHAOS, JOBS, Job, JobCreated, JobDropped, JobGivenUp, WebhookWanted,
        change,
        work::{PHASES, answer, strike},
    },
    demo,
};
use motia::prelude::*;

/// How many jobs are worked on at once. They mostly wait, so it is far above the number of threads.
const AT_ONCE: u32 = 256;

type Emits = (WebhookWanted,);

const CONFIG: EventConfig<JobCreated, Emits> = EventConfig::new("ProcessAIJob")
    .description("Works on a job and tells how far it is")
    .flows(&[AI_JOBS])
    .retry(Retry::exponential(3, Duration::from_secs(1)))
    .concurrency(AT_ONCE)
    .on_dead::<JobGivenUp>()
    .on_ended::<JobDropped>();

async fn handler(JobCreated { job_id }: JobCreated, ctx: Context<Emits>) -> StepResult {
    let attempt = Attempt::of(&ctx);
    if let Err(refused) = change(&ctx, &job_id, |job| job.begin(attempt, ctx.now())).await? {
        ctx.logger.info("nothing to do", json!({ "jobId": job_id, "why": refused.to_string() }));
        return Ok(());
    }

    for phase in PHASES {
        let begins = |job: &mut Job| job.advance(attempt, phase.progress(), ctx.now());
        if change(&ctx, &job_id, begins).await?.is_err() {
            return Ok(()); // cancelled or taken over: it is another's to tell
        }
        tokio::time::sleep(demo::pause(&ctx, phase.secs)).await;
    }
    strike(ctx.setting(CHAOS), rand::random())?;

    let Some(job) = ctx.state.get(JOBS, &job_id).await? else { return Ok(()) };
    let answer = answer(&job.prompt, &job.options);
    let completed = |job: &mut Job| job.complete(attempt, answer.clone(), ctx.now());
    let _ = change(&ctx, &job_id, completed).await?;

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{JobOptions, JobView, Status};
    use motia_testkit::{Fake, Probe, START};

    use super::*;

    async fn kept(probe: &Probe) -> JobCreated {
        let job = Job::new("anna".into(), "hello".into(), JobOptions::default(), START);
        let job = Job { webhook_url: Some("https://example.com".into()), ..job };
        probe.state.set(JOBS, &job.id, &job).await.unwrap();
        JobCreated { job_id: job.id }
    }

    async fn job(probe: &Probe, JobCreated { job_id }: &JobCreated) -> Job {
        probe.state.get(JOBS, job_id).await.unwrap().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_goes_from_nothing_to_half_to_all_and_its_end_is_told() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let created = kept(&probe).await;

        handler(created.clone(), ctx).await.unwrap();

        let done = job(&probe, &created).await;
        let percent = |view: &JobView| view.progress.as_ref().map(|progress| progress.percent);
        let seen: Vec<_> =
            done.changes_after(1).filter_map(|change| percent(&change.view)).collect();
        assert_eq!(seen, [0, 50, 100]);
        assert_eq!((done.status, done.attempt.number), (Status::Completed, 1));
        assert_eq!(
            done.result.as_ref().map(|answer| answer.text.as_str()),
            Some("You said: hello")
        );
        let told = &probe.emitted::<WebhookWanted>()[0];
        assert_eq!((&told.job, told.url.as_str()), (&done.view(), "https://example.com"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_job_is_left_alone() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let created = kept(&probe).await;
        let cancel = |job: Option<Job>| {
            let mut job = job.unwrap();
            job.cancel(START).unwrap();
            job
        };
        probe.state.update(JOBS, &created.job_id, cancel).await.unwrap();

        handler(created.clone(), ctx).await.unwrap();

        assert_eq!(job(&probe, &created).await.status, Status::Cancelled);
        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_whose_job_is_cancelled_under_way_does_not_complete_it() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let created = kept(&probe).await;
        let cancel = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let begun = job(&probe, &created).await;
            let mut cancelled = begun.clone();
            cancelled.cancel(START).unwrap();
            probe.state.set(JOBS, &created.job_id, &cancelled).await.unwrap();
            begun.status
        };

        let (handled, before) = tokio::join!(handler(created.clone(), ctx), cancel);

        handled.unwrap();
        assert_eq!(before, Status::Processing);
        assert_eq!(job(&probe, &created).await.status, Status::Cancelled);
        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_chaos_strikes_is_made_again() {
        let (ctx, probe) =
            Fake::default().setting(CHAOS, 1.0).attempt(2).handling_an_event().build();
        let created = kept(&probe).await;

        // Half of the crashes are panics.
        let attempt = std::panic::AssertUnwindSafe(handler(created.clone(), ctx));
        let crashed = futures_util::FutureExt::catch_unwind(attempt).await;

        assert!(!matches!(crashed, Ok(Ok(()))));
        let begun = job(&probe, &created).await;
        assert_eq!((begun.status, begun.attempt.number), (Status::Processing, 2));
        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test]
    async fn a_job_that_is_not_known_is_nothing_to_do() {
        let (ctx, _probe) = Fake::default().handling_an_event().build();

        handler(JobCreated { job_id: "nobody".into() }, ctx).await.unwrap();
    }
}
