//! The one way in which a kept job changes: whole, by a move that is allowed, and with whoever wants to hear of
//! its end told in the same commit.

use motia::{context::TransactionError, prelude::*, store::CommitError, topic::MemberOf};

use super::{DURATION, JOBS, Job, JobView, RETENTION, Refused, WebhookWanted};

/// Makes a move with the job of this id, and again if somebody else moves it at the same time.
///
/// # Errors
/// When the store fails. A move that is refused is no error: it is given back within.
pub async fn change<E, At>(
    ctx: &Context<E>,
    job_id: &str,
    mut make: impl FnMut(&mut Job) -> Result<(), Refused>,
) -> StepResult<Result<JobView, Refused>>
where
    WebhookWanted: MemberOf<E, At>,
{
    loop {
        let mut tx = ctx.transaction();
        let Some(mut job) = tx.get(JOBS, job_id).await? else { return Ok(Err(Refused::Unknown)) };
        if let Err(refused) = make(&mut job) {
            return Ok(Err(refused));
        }
        let view = job.view();
        if view.status.is_over() {
            tx.set_for(JOBS, job_id, &job, ctx.setting(RETENTION).get());
        } else {
            tx.set(JOBS, job_id, &job);
        }
        if let (true, Some(url)) = (view.status.is_over(), job.webhook_url) {
            tx.emit(WebhookWanted { url, job: view.clone() });
        }
        match tx.commit().await {
            Ok(_) => {
                measure(ctx, &view);
                return Ok(Ok(view));
            }
            Err(TransactionError::Commit(CommitError::Conflict { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn measure<E>(ctx: &Context<E>, job: &JobView) {
    if let Some(millis) = job.duration_ms {
        let took = Duration::from_millis(millis);
        ctx.metrics.observe(DURATION, [job.status.as_str()], took);
        ctx.logger.info("job ended", json!({ "jobId": job.job_id, "status": job.status }));
    }
}
