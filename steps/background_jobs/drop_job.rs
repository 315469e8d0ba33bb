//! On `job.dropped`: its event was cancelled, by whichever way, so the job has failed.

use flows::background_jobs::{
    BACKGROUND_JOBS, Code, JOBS, JobDropped, JobFailed, Record, Status, shelf,
};
use motia::prelude::*;

type Emits = (JobFailed,);

const CONFIG: EventConfig<JobDropped, Emits> = EventConfig::new("DropJob")
    .description("Notes that a job has failed whose event was cancelled")
    .flows(&[BACKGROUND_JOBS]);

async fn handler(dropped: JobDropped, ctx: Context<Emits>) -> StepResult {
    let mut tx = ctx.transaction();
    let kept = tx.get(JOBS, &dropped.job_id).await?;
    let Some(before) = kept.filter(|job| waited_for(job, &dropped)) else { return Ok(()) };

    let error = Code::Cancelled.because(dropped.note);
    let (after, _) = before.clone().failed(error.clone(), ctx.now(), 0.0);
    shelf::keep(&mut tx, Some(&before), &after);
    tx.emit(JobFailed::of(&after, error));
    tx.commit_and_ack().await?;
    Ok(())
}

step!(CONFIG, handler);

/// Whether the job waited for the event that was cancelled, or was being done by it. Who stops a job by
/// another way has noted that already.
fn waited_for(job: &Record, dropped: &JobDropped) -> bool {
    match job.status {
        Status::Scheduled | Status::Queued => true,
        Status::Processing => job.begun_by == Some(dropped.event),
        Status::Completed | Status::Failed | Status::Timeout => false,
    }
}

#[cfg(test)]
mod tests {
    use flows::background_jobs::Job;
    use motia::event::EventId;
    use motia_testkit::{Fake, START};

    use super::*;

    fn dropped(job: &Record, event: EventId) -> JobDropped {
        JobDropped { job_id: job.job.job_id.clone(), event, note: "cancelled by ana".into() }
    }

    #[tokio::test]
    async fn a_job_that_waits_or_runs_fails_and_that_is_told() {
        let event = EventId::new(START);
        let queued = Record::taken_in(Job::new("image_processing", serde_json::Map::new()), START);
        for job in [queued.clone(), queued.begun(event, START)] {
            let (ctx, probe) = Fake::default().handling_an_event().build();
            probe.state.set(JOBS, &job.job.job_id, &job).await.unwrap();

            handler(dropped(&job, event), ctx).await.unwrap();

            let kept = probe.state.get(JOBS, &job.job.job_id).await.unwrap().unwrap();
            assert_eq!((kept.status, kept.retry_at), (Status::Failed, None));
            let told = &probe.emitted::<JobFailed>()[0];
            assert_eq!(
                (told.error.code, &*told.error.message),
                (Code::Cancelled, "cancelled by ana")
            );
        }
    }

    #[tokio::test]
    async fn a_job_that_is_over_or_in_other_hands_stays_as_it_is() {
        let (ours, other) = (EventId::new(START), EventId::new(START));
        let queued = Record::taken_in(Job::new("email", serde_json::Map::new()), START);
        let running = queued.begun(other, START);
        for job in [running.clone().timed_out(START), running] {
            let (ctx, probe) = Fake::default().handling_an_event().build();
            probe.state.set(JOBS, &job.job.job_id, &job).await.unwrap();

            handler(dropped(&job, ours), ctx).await.unwrap();

            assert_eq!(probe.state.get(JOBS, &job.job.job_id).await.unwrap(), Some(job));
            assert_eq!(probe.emissions(), []);
        }
    }
}
