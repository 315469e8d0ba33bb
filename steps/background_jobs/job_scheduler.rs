//! Every ten seconds: has jobs queued whose time has come, and removes those that have long ended.

use flows::background_jobs::{
    BACKGROUND_JOBS, JOBS, JobEnqueued, JobRetry, PROGRESS, Status, earlier, settings,
    shelf::{self, DONE, DUE, GIVEN_UP, Placed},
};
use futures_util::future::try_join_all;
use motia::prelude::*;

/// Pages of old jobs that are removed in one run; what is left waits for the next.
const MOST_PAGES: usize = 50;

type Emits = (JobEnqueued, JobRetry);

const CONFIG: CronConfig<Emits> = CronConfig::new("JobScheduler", "*/10 * * * * *")
    .description("Queues jobs whose time has come, and removes those that have long ended")
    .flows(&[BACKGROUND_JOBS]);

async fn handler(ctx: Context<Emits>) -> StepResult {
    earlier::tell(&ctx);
    let promoted = promote(&ctx).await?;
    let removed = clean_up(&ctx, DONE, ctx.setting(settings::RETENTION)).await?
        + clean_up(&ctx, GIVEN_UP, ctx.setting(settings::FAILED_RETENTION)).await?;

    if promoted + removed > 0 {
        ctx.logger.info("jobs scheduled", json!({ "promoted": promoted, "removed": removed }));
    }
    Ok(())
}

step!(CONFIG, handler);

/// Has all jobs queued that are due by now; says how many.
async fn promote(ctx: &Context<Emits>) -> StepResult<usize> {
    let (now, mut promoted, mut after) = (ctx.now(), 0, None);
    loop {
        let (due, next) = shelf::page(&ctx.state, DUE, now, after).await?;
        let queued = try_join_all(due.iter().map(|placed| queue(ctx, placed, now))).await?;
        promoted += queued.into_iter().filter(|queued| *queued).count();
        let Some(key) = next else { return Ok(promoted) };
        after = Some(key);
    }
}

/// Has one job queued: it is marked and its event emitted in one commit, by whoever comes first.
async fn queue(ctx: &Context<Emits>, placed: &Placed, now: Timestamp) -> StepResult<bool> {
    let mut tx = ctx.transaction();
    let job = tx.get(JOBS, &placed.job_id).await?;
    let Some(before) = job.filter(|job| job.due() == Some(placed.at)) else { return Ok(false) };
    let after = before.clone().queued(now);

    shelf::keep(&mut tx, Some(&before), &after);
    match before.status {
        Status::Failed => {
            tx.emit_with(JobRetry(after.job.clone()), shelf::delivery(&after.job));
        }
        _ => {
            tx.emit_with(JobEnqueued(after.job.clone()), shelf::delivery(&after.job));
        }
    }
    match tx.commit().await {
        Err(error) if error.is_conflict() => Ok(false),
        committed => Ok(committed.map(|_| true)?),
    }
}

/// Removes jobs that have stood on a shelf for longer than they are kept; says how many.
async fn clean_up(
    ctx: &Context<Emits>,
    shelf: StateGroup<Placed>,
    kept: Span,
) -> StepResult<usize> {
    let Ok(long_ago) = ctx.now().checked_sub(kept.get()) else { return Ok(0) };
    let mut removed = 0;
    for _ in 0..MOST_PAGES {
        let (old, next) = shelf::page(&ctx.state, shelf, long_ago, None).await?;
        let mut tx = ctx.transaction();
        for placed in &old {
            tx.delete(shelf, &placed.key());
            tx.delete(JOBS, &placed.job_id);
            tx.delete(PROGRESS, &placed.job_id);
        }
        tx.commit().await?;
        removed += old.len();
        if next.is_none() {
            break;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use flows::background_jobs::{Code, Job, Record};
    use motia::event::EventId;
    use motia_testkit::{Probe, START, fake};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    async fn keep(ctx: &Context<Emits>, record: &Record) {
        let mut tx = ctx.transaction();
        shelf::keep(&mut tx, None, record);
        tx.commit().await.unwrap();
    }

    async fn status(probe: &Probe, record: &Record) -> Option<Status> {
        let kept = probe.state.get(JOBS, &record.job.job_id).await.unwrap();
        kept.map(|record| record.status)
    }

    fn scheduled() -> Record {
        let delay_until = START.checked_add(MINUTE).ok();
        Record::taken_in(Job { delay_until, ..Job::new("email", <_>::default()) }, START)
    }

    fn running() -> Record {
        let job = Job::new("email", <_>::default());
        Record::taken_in(job, START).begun(EventId::new(START), START)
    }

    #[tokio::test]
    async fn a_job_is_queued_once_when_its_time_has_come_and_not_before() {
        let (ctx, probe) = fake();
        let job = scheduled();
        keep(&ctx, &job).await;

        handler(ctx.clone()).await.unwrap();
        assert_eq!(probe.emissions(), []);

        probe.advance(MINUTE);
        handler(ctx.clone()).await.unwrap();
        handler(ctx).await.unwrap();
        assert_eq!(probe.emitted::<JobEnqueued>().len(), 1);
        assert_eq!(status(&probe, &job).await, Some(Status::Queued));
    }

    #[tokio::test]
    async fn a_job_that_failed_is_tried_again_when_its_time_has_come() {
        let (ctx, probe) = fake();
        let (job, _) = running().failed(Code::Timeout.because("slow"), START, 0.5);
        keep(&ctx, &job).await;
        probe.advance(MINUTE);

        handler(ctx).await.unwrap();

        let retried = &probe.emitted::<JobRetry>()[0];
        assert_eq!(retried.0.attempts, 1);
        assert_eq!(probe.emitted::<JobEnqueued>(), []);
    }

    #[tokio::test]
    async fn however_many_are_due_each_is_queued_once() {
        let (ctx, probe) = fake();
        for _ in 0..250 {
            keep(&ctx, &scheduled()).await;
        }
        probe.advance(MINUTE);

        handler(ctx).await.unwrap();

        assert_eq!(probe.emitted::<JobEnqueued>().len(), 250);
        assert_eq!(probe.state.group(DUE).await.unwrap().items.len(), 0);
    }

    #[tokio::test]
    async fn jobs_that_are_long_done_are_removed_and_others_are_not() {
        let (ctx, probe) = fake();
        let done = running().completed(json!({}), START);
        let (failed, _) = running().failed(Code::UnknownType.because("x"), START, 0.5);
        keep(&ctx, &done).await;
        keep(&ctx, &failed).await;

        probe.advance(7 * 24 * 60 * MINUTE - MINUTE);
        handler(ctx.clone()).await.unwrap();
        assert_eq!(status(&probe, &done).await, Some(Status::Completed));

        probe.advance(2 * MINUTE);
        handler(ctx).await.unwrap();
        assert_eq!(status(&probe, &done).await, None);
        assert_eq!(status(&probe, &failed).await, Some(Status::Failed));
    }
}
