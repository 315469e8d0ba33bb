//! `POST /jobs`: takes a job in, and has it done, or kept until its time has come.

use flows::background_jobs::{
    BACKGROUND_JOBS, Job, JobEnqueued, Record, Urgency,
    job::{MOST_ATTEMPTS, TakenIn, three, too_large},
    shelf,
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewJob {
    /// Which work it is.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 64))]
    kind: String,
    /// What the work needs.
    #[serde(default)]
    payload: serde_json::Map<String, Value>,
    #[serde(default)]
    priority: Urgency,
    /// Attempts in all.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = MOST_ATTEMPTS))]
    max_attempts: u32,
    /// Not before this instant.
    delay_until: Option<Timestamp>,
    #[schemars(length(max = 128))]
    created_by: Option<String>,
}

type Emits = (JobEnqueued,);

const CONFIG: ApiConfig<NewJob, TakenIn, Emits> = ApiConfig::post("CreateJob", "/jobs")
    .description("Takes a job in, and has it done by and by")
    .status(201)
    .idempotent()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(req: ApiRequest<NewJob>, ctx: Context<Emits>) -> StepResult<ApiResponse<TakenIn>> {
    let NewJob { kind, payload, priority, max_attempts, delay_until, created_by } = req.body;
    let job = Job { priority, max_attempts, delay_until, created_by, ..Job::new(kind, payload) };
    let record = Record::taken_in(job, ctx.now());

    let mut tx = ctx.transaction();
    shelf::submit(&mut tx, &record);
    tx.commit().await.map_err(too_large)?;

    Ok(ApiResponse::created(TakenIn::from(record)))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::background_jobs::{JOBS, Status};
    use motia_testkit::{START, fake};

    use super::*;

    fn posted(job: Value) -> ApiRequest<NewJob> {
        ApiRequest::new(serde_json::from_value(job).unwrap())
    }

    #[tokio::test]
    async fn a_job_is_kept_and_enqueued_with_its_urgency() {
        let (ctx, probe) = fake();

        let urgent = posted(json!({ "type": "report_generation", "priority": "high" }));
        let reply = handler(urgent, ctx).await.unwrap();

        assert_eq!((reply.status.as_u16(), reply.body.status), (201, Status::Queued));
        let kept = probe.state.get(JOBS, &reply.body.job_id).await.unwrap().unwrap();
        assert_eq!((kept.job.max_attempts, kept.status), (3, Status::Queued));
        let emitted = &probe.emissions()[0];
        assert_eq!((emitted.topic.as_str(), emitted.priority), ("job.enqueued", Priority::HIGH));
        assert_eq!(emitted.cancel_key.as_ref(), Some(&reply.body.job_id));
    }

    #[tokio::test]
    async fn a_job_for_later_is_kept_until_then_and_not_enqueued() {
        let (ctx, probe) = fake();
        let later = START.checked_add(Duration::from_secs(60)).unwrap();

        let later = posted(json!({ "type": "report_generation", "delayUntil": later }));
        let reply = handler(later, ctx).await.unwrap();

        assert_eq!(reply.body.status, Status::Scheduled);
        assert_eq!(probe.emissions(), []);
        let due = probe.state.group(shelf::DUE).await.unwrap().items;
        assert_eq!(due[0].1.job_id, reply.body.job_id);
    }

    #[tokio::test]
    async fn a_job_that_cannot_be_kept_is_not_acknowledged() {
        let (ctx, probe) = fake();
        probe.break_store().await;

        assert!(handler(posted(json!({ "type": "email" })), ctx).await.is_err());
    }

    #[tokio::test]
    async fn a_job_that_is_too_large_is_refused() {
        let (ctx, probe) = fake();

        let large = posted(json!({ "type": "x", "payload": { "x": "y".repeat(1024 * 1024) } }));
        let refused = handler(large, ctx).await.unwrap_err();

        assert_eq!(refused.status(), 413);
        assert_eq!(probe.emissions(), []);
    }
}
