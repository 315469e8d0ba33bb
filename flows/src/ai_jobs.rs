//! AI jobs: a prompt is taken in at once, worked on in the background, and watched while that goes on.
//!
//! # Layout
//! - [`job`]: a job and the moves that it can make; [`change`]: the one way in which a kept job changes
//! - [`work`]: what stands in for a model, and the crashes of chaos mode
//! - [`page`]: what a browser is shown

pub mod change;
pub mod job;
pub mod page;
pub mod work;

pub use change::change;
pub use job::{Attempt, Job, JobOptions, JobView, Progress, Refused, Status};
use motia::prelude::*;

/// The flow.
pub const AI_JOBS: Flow =
    Flow::new("ai-jobs").description("Takes prompts in, works on them in the background");

/// Every job, by id. The ids are UUIDs of version 7: the newest is the last. One that is over is forgotten after
/// `AI_JOBS_RETENTION`.
pub const JOBS: StateGroup<Job> = StateGroup::new("ai-jobs");

/// How many jobs a user may start: two in each minute.
pub const STARTS: Limit =
    Limit::new("ai-job-starts", RateLimit::fixed_window(2, Duration::from_secs(60)));

/// Share of attempts that crash on purpose.
pub const CHAOS: Setting<f64> = Setting::new(
    "MOTIA_CHAOS",
    "0",
    "Share of the attempts at AI jobs that crash on purpose, 0 to 1",
)
.checked(|share| (0.0..=1.0).contains(share), "a number from 0 to 1");
setting!(CHAOS);

/// How long a job is kept that is over.
pub const RETENTION: Setting<Span> =
    Setting::new("AI_JOBS_RETENTION", "7d", "How long an AI job is kept that is over");
setting!(RETENTION);

/// How long jobs took, by how they ended.
pub const DURATION: Histogram<1> = Histogram::new(
    "ai_job_duration_seconds",
    "How long AI jobs took, from their first attempt to their end",
)
.labels(["status"])
.buckets(&[0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0]);
metric!(DURATION);

/// A job was taken in and waits to be worked on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCreated {
    /// Which.
    pub job_id: String,
}
topic!(JobCreated = "ai.job.created");

/// No attempt at a job came to an end that is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobGivenUp {
    /// Which.
    pub job_id: String,
    /// The last attempt at it.
    pub last: Attempt,
    /// Why.
    pub reason: String,
}
topic!(JobGivenUp = "ai.job.given-up");

impl From<GivenUp<JobCreated>> for JobGivenUp {
    fn from(given_up: GivenUp<JobCreated>) -> Self {
        let GivenUp { input: JobCreated { job_id }, attempts, fencing_token, reason, .. } =
            given_up;
        Self { job_id, last: Attempt { number: attempts, token: fencing_token }, reason }
    }
}

/// The event of a job was cancelled, and nobody works on it any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobDropped {
    /// Which.
    pub job_id: String,
}
topic!(JobDropped = "ai.job.dropped");

impl From<Unhandled<JobCreated>> for JobDropped {
    fn from(unhandled: Unhandled<JobCreated>) -> Self {
        Self { job_id: unhandled.input.job_id }
    }
}

/// Somebody outside wants to hear that a job ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookWanted {
    /// Who.
    pub url: String,
    /// The job as it ended.
    pub job: JobView,
}
topic!(WebhookWanted = "ai.webhook.send");

/// What is answered when something about a job cannot be done.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What kind of refusal it is, as a machine reads it.
    pub error: &'static str,
    /// What is wrong, as a person reads it.
    pub message: String,
    /// In how many seconds to try again, where that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// There is no such job: 404.
    #[must_use]
    pub fn no_such_job(job_id: &str) -> StepError {
        let message = format!("there is no job `{job_id}`");
        let refusal = Self { error: "not_found", message, retry_after: None };
        StepError::respond(ApiResponse::with_status(StatusCode::NOT_FOUND, refusal))
    }
}
