//! On `job.enqueued` and `job.retry`: does the job, and keeps what came of it.

use flows::background_jobs::{
    BACKGROUND_JOBS, Code, JOBS, Job, JobCompleted, JobEnqueued, JobError, JobFailed, JobRetry,
    JobRetryScheduled, JobStarted, Record,
    failure::RETRY,
    job::{Admission, Sequel},
    shelf,
};
use motia::prelude::*;

use super::work;

one_of! {
    /// A job that is to be done.
    #[derive(Debug)]
    enum ToDo {
        Enqueued(JobEnqueued),
        Retry(JobRetry),
    }
}

type Emits = (JobStarted, JobCompleted, JobFailed, JobRetryScheduled);

// What goes wrong in a job is kept with the job, and is the scheduler's to try again. This policy is for
// what goes wrong around it: the process died, the work panicked, the store failed.
const CONFIG: EventConfig<ToDo, Emits> = EventConfig::new("JobProcessor")
    .description("Does jobs, the urgent ones first, and keeps what came of them")
    .retry(RETRY)
    .flows(&[BACKGROUND_JOBS]);

async fn handler(to_do: ToDo, ctx: Context<Emits>) -> StepResult {
    let (ToDo::Enqueued(JobEnqueued(job)) | ToDo::Retry(JobRetry(job))) = to_do;
    let Some(record) = begin(job, &ctx).await? else { return Ok(()) };

    let outcome = work::run(&record.job, &ctx).await;

    settle(&record, outcome, &ctx).await
}

step!(CONFIG, handler);

/// Begins an attempt, unless it is not this event's to begin.
async fn begin(job: Job, ctx: &Context<Emits>) -> StepResult<Option<Record>> {
    let event = ctx.event_id().ok_or_else(|| StepError::fatal("a job comes by an event"))?;
    let now = ctx.now();
    let mut tx = ctx.transaction();
    let before = tx.get(JOBS, &job.job_id).await?;
    let record = before.clone().unwrap_or_else(|| Record::taken_in(job, now));

    match record.admission(event) {
        Admission::Begin => {
            let record = record.begun(event, now);
            let Job { job_id, kind, attempts: attempt, .. } = record.job.clone();
            shelf::keep(&mut tx, before.as_ref(), &record);
            tx.emit(JobStarted { job_id, kind, attempt });
            tx.commit().await?;
            return Ok(Some(record));
        }
        Admission::Early => {
            shelf::keep(&mut tx, before.as_ref(), &record);
            tx.commit_and_ack().await?;
        }
        Admission::Spent => {
            let fault = Code::Interrupted.because("the last attempt ended without a result");
            settle(&record, Err(fault), ctx).await?;
        }
        Admission::NotOurs => {
            ctx.logger.info("a job that is not to be begun", json!({ "job": record.job.job_id }));
        }
    }
    Ok(None)
}

/// Keeps what came of an attempt, tells of it, and has done with the event, all at once.
async fn settle(
    record: &Record,
    outcome: Result<Value, JobError>,
    ctx: &Context<Emits>,
) -> StepResult {
    let now = ctx.now();
    let Job { job_id, kind, attempts: attempt, created_by, .. } = record.job.clone();
    let mut tx = ctx.transaction();
    let kept = tx.get(JOBS, &job_id).await?;
    let Some(before) = kept.filter(|kept| kept.still_runs(record)) else {
        ctx.logger.warn("a job was ended while it ran", json!({ "job": job_id }));
        return Ok(());
    };

    let after = match outcome {
        Ok(result) => {
            let after = before.clone().completed(result.clone(), now);
            let duration = after.runtime(now);
            tx.emit(JobCompleted { job_id, kind, result, duration });
            after
        }
        Err(error) => {
            ctx.logger.warn("a job failed", json!({ "job": job_id, "error": error }));
            let (after, sequel) = before.clone().failed(error.clone(), now, rand::random());
            match sequel {
                Sequel::Again { at: retry_at, delay } => {
                    let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    tx.emit(JobRetryScheduled { job_id, kind, attempt, retry_at, delay });
                }
                Sequel::Over => {
                    let final_attempt = attempt;
                    tx.emit(JobFailed { job_id, kind, error, final_attempt, created_by });
                }
            }
            after
        }
    };
    shelf::keep(&mut tx, Some(&before), &after);
    tx.commit_and_ack().await?;
    Ok(())
}
