//! Every thirty seconds: stops jobs that have run for too long, and says how the others are.

use flows::background_jobs::{
    BACKGROUND_JOBS, HealthReport, JOBS, ProcessTimeout,
    health::{self, HEALTH, LATEST},
    settings,
    shelf::{self, Placed, RUNNING},
};
use motia::prelude::*;

type Emits = (ProcessTimeout, HealthReport);

const CONFIG: CronConfig<Emits> = CronConfig::new("ProcessMonitor", "*/30 * * * * *")
    .description("Stops jobs that have run for too long, and says how the others are")
    .flows(&[BACKGROUND_JOBS]);

async fn handler(ctx: Context<Emits>) -> StepResult {
    let now = ctx.now();
    if let Ok(long_ago) = now.checked_sub(ctx.setting(settings::TIMEOUT).get()) {
        stop_those_begun_before(&ctx, long_ago, now).await?;
    }

    let report = health::census(&ctx.state, now).await?;
    let mut tx = ctx.transaction();
    tx.set(HEALTH, LATEST, &report);
    tx.emit(report);
    tx.commit().await?;
    Ok(())
}

step!(CONFIG, handler);

/// Stops all jobs that began before an instant and run still.
async fn stop_those_begun_before(
    ctx: &Context<Emits>,
    instant: Timestamp,
    now: Timestamp,
) -> StepResult {
    let mut after = None;
    loop {
        let (running, next) = shelf::page(&ctx.state, RUNNING, instant, after).await?;
        for job in running.iter().filter(|job| job.at < instant) {
            stop(ctx, job, now).await?;
        }
        let Some(key) = next else { return Ok(()) };
        after = Some(key);
    }
}

/// Marks a job that has run for too long, tells of it, and stops its attempt.
async fn stop(ctx: &Context<Emits>, placed: &Placed, now: Timestamp) -> StepResult {
    let mut tx = ctx.transaction();
    let job = tx.get(JOBS, &placed.job_id).await?;
    let Some(before) = job.filter(|job| shelf::place(job).is_some_and(|(_, at)| at == *placed))
    else {
        return Ok(());
    };
    let after = before.clone().timed_out(now);
    let running_time = after.runtime(now);

    shelf::keep(&mut tx, Some(&before), &after);
    let Placed { job_id, kind, at: started_at } = placed.clone();
    tx.emit(ProcessTimeout { job_id, kind, running_time, started_at });
    match tx.commit().await {
        Err(error) if error.is_conflict() => return Ok(()), // it has ended by itself
        committed => drop(committed?),
    }
    ctx.cancel(Cancel::Key(&placed.job_id)).await?;
    ctx.logger.warn("a job ran for too long", json!({ "job": placed.job_id, "ms": running_time }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use flows::background_jobs::{Job, Record, Status};
    use motia::event::EventId;
    use motia_testkit::{Probe, START, fake};

    use super::*;

    async fn run_a_job(ctx: &Context<Emits>, probe: &Probe) -> Record {
        let now = ctx.now();
        let job = Record::taken_in(Job::new("email", <_>::default()), START);
        let job = job.begun(EventId::new(now), now);
        let mut tx = ctx.transaction();
        shelf::keep(&mut tx, None, &job);
        tx.commit().await.unwrap();
        assert_eq!(probe.state.get(JOBS, &job.job.job_id).await.unwrap().as_ref(), Some(&job));
        job
    }

    #[tokio::test]
    async fn a_job_that_runs_too_long_is_stopped_and_told_of_once() {
        let (ctx, probe) = fake();
        let job = run_a_job(&ctx, &probe).await;
        probe.advance(Duration::from_secs(30 * 60 + 1));

        handler(ctx.clone()).await.unwrap();
        handler(ctx).await.unwrap();

        let told = probe.emitted::<ProcessTimeout>();
        assert_eq!((told.len(), told[0].running_time), (1, 1_801_000));
        assert_eq!(probe.cancellations(), [format!("key {}", job.job.job_id)]);
        let kept = probe.state.get(JOBS, &job.job.job_id).await.unwrap().unwrap();
        assert_eq!(kept.status, Status::Timeout);
    }

    #[tokio::test]
    async fn those_that_run_are_reported_and_the_report_is_kept() {
        let (ctx, probe) = fake();
        let oldest = run_a_job(&ctx, &probe).await;
        probe.advance(Duration::from_secs(10));
        run_a_job(&ctx, &probe).await;
        probe.advance(Duration::from_secs(10));

        handler(ctx).await.unwrap();

        let report = &probe.emitted::<HealthReport>()[0];
        assert_eq!((report.total_running, report.average_runtime), (2, 15_000.0));
        assert_eq!(report.by_type["email"].total_runtime, 30_000);
        assert_eq!(report.longest_running.as_ref().unwrap().job_id, oldest.job.job_id);
        assert_eq!(probe.state.get(HEALTH, LATEST).await.unwrap().as_ref(), Some(report));
    }
}
