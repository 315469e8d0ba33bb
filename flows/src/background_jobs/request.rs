//! Jobs that are asked for by an event of their own: the job is called by its request's event.

use motia::{
    event::EventId,
    prelude::*,
    topic::{MemberOf, Topic},
};

use super::{
    JOBS, Job, JobEnqueued, Record, Urgency, data::DataRequest, email::EmailRequest,
    job::too_large, shelf,
};

/// What is asked for, and becomes a job.
pub trait JobRequest: Topic + Clone {
    /// How urgent it is.
    fn urgency(&self) -> Urgency;

    /// The job that does it.
    fn into_job(self, job_id: String) -> Job;
}

impl JobRequest for EmailRequest {
    fn urgency(&self) -> Urgency {
        self.priority
    }

    fn into_job(self, job_id: String) -> Job {
        Self::into_job(self, job_id)
    }
}

impl JobRequest for DataRequest {
    fn urgency(&self) -> Urgency {
        self.priority
    }

    fn into_job(self, job_id: String) -> Job {
        Self::into_job(self, job_id)
    }
}

/// Asks for a job: its event and its record are one commit, so that it can be looked at from then on.
///
/// # Errors
/// When it cannot be kept; 413 when it is too large.
pub async fn ask<R, E, At>(ctx: &Context<E>, request: R) -> StepResult<Record>
where
    R: JobRequest + MemberOf<E, At>,
{
    let mut tx = ctx.transaction();
    let urgency = EmitOptions::new().priority(request.urgency().into());
    let event = tx.emit_with(request.clone(), urgency);
    let record = Record::taken_in(request.into_job(event.to_string()), ctx.now());
    tx.set(JOBS, &record.job.job_id, &record);
    tx.commit().await.map_err(too_large)?;
    Ok(record)
}

/// Makes a job of the request that an event brings, and has done with the event in the same commit.
///
/// # Errors
/// When it cannot be kept, or comes by no event.
pub async fn take_in<R, E, At>(ctx: &Context<E>, request: R) -> StepResult
where
    R: JobRequest,
    JobEnqueued: MemberOf<E, At>,
{
    let event: EventId =
        ctx.event_id().ok_or_else(|| StepError::fatal("a request comes by an event"))?;
    let record = Record::taken_in(request.into_job(event.to_string()), ctx.now());

    let mut tx = ctx.transaction();
    shelf::submit(&mut tx, &record);
    tx.commit_and_ack().await?;
    ctx.logger.info("job taken in", json!({ "job": record.job.job_id, "type": record.job.kind }));
    Ok(())
}
