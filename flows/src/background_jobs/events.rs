//! What is told of jobs.

use motia::{event::EventId, prelude::*};

use super::{HealthReport, Job, JobError, Record, data::DataRequest, email::EmailRequest};

/// A job is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct JobEnqueued(pub Job);
topic!(JobEnqueued = "job.enqueued");

/// A job that failed is to be tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct JobRetry(pub Job);
topic!(JobRetry = "job.retry");

one_of! {
    /// A job that is to be done.
    #[derive(Debug)]
    pub enum ToDo {
        /// For the first time.
        Enqueued(JobEnqueued),
        /// Once more.
        Retry(JobRetry),
    }
}

impl ToDo {
    /// The job.
    #[must_use]
    pub fn job(self) -> Job {
        let (Self::Enqueued(JobEnqueued(job)) | Self::Retry(JobRetry(job))) = self;
        job
    }
}

/// The event that a job waited for was cancelled, and nobody does it any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobDropped {
    /// The job.
    pub job_id: String,
    /// The event.
    pub event: EventId,
    /// By whom.
    pub note: String,
}
topic!(JobDropped = "job.dropped");

impl From<Unhandled<ToDo>> for JobDropped {
    fn from(unhandled: Unhandled<ToDo>) -> Self {
        let Unhandled { input, event, note, .. } = unhandled;
        Self { job_id: input.job().job_id, event, note }
    }
}

/// Jobs are called by the events that they are asked for with.
macro_rules! asked_for_by {
    ($($Request:ty),+) => {
        $(impl From<Unhandled<$Request>> for JobDropped {
            fn from(Unhandled { event, note, .. }: Unhandled<$Request>) -> Self {
                Self { job_id: event.to_string(), event, note }
            }
        })+
    };
}
asked_for_by!(EmailRequest, DataRequest);

/// An attempt of a job began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobStarted {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}
topic!(JobStarted = "job.started");

/// A job is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCompleted {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What came of it.
    pub result: Value,
    /// How long the last attempt took, in milliseconds.
    pub duration: i64,
}
topic!(JobCompleted = "job.completed");

impl JobCompleted {
    /// What is told of a job that is done by `now`.
    #[must_use]
    pub fn of(record: &Record, result: Value, now: Timestamp) -> Self {
        let Job { job_id, kind, .. } = record.job.clone();
        Self { job_id, kind, result, duration: record.runtime(now) }
    }
}

/// A job was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobFailed {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Why.
    pub error: JobError,
    /// Which attempt was the last, from 1.
    pub final_attempt: u32,
    /// Who asked for it.
    pub created_by: Option<String>,
}
topic!(JobFailed = "job.failed");

impl JobFailed {
    /// What is told of a job that was given up for this.
    #[must_use]
    pub fn of(record: &Record, error: JobError) -> Self {
        let Job { job_id, kind, attempts, created_by, .. } = record.job.clone();
        Self { job_id, kind, error, final_attempt: attempts, created_by }
    }
}

/// A job failed and will be tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRetryScheduled {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which attempt failed, from 1.
    pub attempt: u32,
    /// When the next one is due.
    pub retry_at: Timestamp,
    /// How long that is from now, in milliseconds.
    pub delay: u64,
}
topic!(JobRetryScheduled = "job.retry.scheduled");

impl JobRetryScheduled {
    /// What is told of a job that is tried again.
    #[must_use]
    pub fn of(record: &Record, retry_at: Timestamp, delay: Duration) -> Self {
        let Job { job_id, kind, attempts: attempt, .. } = record.job.clone();
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self { job_id, kind, attempt, retry_at, delay }
    }
}

/// A job ran for too long and was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessTimeout {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// How long it ran, in milliseconds.
    pub running_time: i64,
    /// Since when it ran.
    pub started_at: Timestamp,
}
topic!(ProcessTimeout = "process.timeout");

topic!(HealthReport = "process.status.updated");
