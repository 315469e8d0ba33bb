//! One attempt at a job: how it begins, and how it ends.

use motia::prelude::*;

use super::{
    Code, JOBS, Job, JobCompleted, JobError, JobFailed, JobRetryScheduled, JobStarted, Record,
    job::{Admission, Sequel},
    shelf,
};

/// What is told of an attempt.
pub type Emits = (JobStarted, JobCompleted, JobFailed, JobRetryScheduled);

/// Begins an attempt; `None`: it is not this event's to begin.
///
/// # Errors
/// When it cannot be kept.
pub async fn begin(job: Job, ctx: &Context<Emits>) -> StepResult<Option<Record>> {
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
///
/// # Errors
/// When it cannot be kept.
pub async fn settle(
    record: &Record,
    outcome: Result<Value, JobError>,
    ctx: &Context<Emits>,
) -> StepResult {
    let (now, job_id) = (ctx.now(), &record.job.job_id);
    let mut tx = ctx.transaction();
    let kept = tx.get(JOBS, job_id).await?;
    let Some(before) = kept.filter(|kept| kept.still_runs(record)) else {
        ctx.logger.warn("a job was ended while it ran", json!({ "job": job_id }));
        return Ok(());
    };

    let after = match outcome {
        Ok(result) => {
            let after = before.clone().completed(result.clone(), now);
            tx.emit(JobCompleted::of(&after, result, now));
            after
        }
        Err(error) => {
            ctx.logger.warn("a job failed", json!({ "job": job_id, "error": error }));
            let (after, sequel) = before.clone().failed(error.clone(), now, rand::random());
            match sequel {
                Sequel::Again { at, delay } => {
                    tx.emit(JobRetryScheduled::of(&after, at, delay));
                }
                Sequel::Over => {
                    tx.emit(JobFailed::of(&after, error));
                }
            }
            after
        }
    };
    shelf::keep(&mut tx, Some(&before), &after);
    tx.commit_and_ack().await?;
    Ok(())
}
