//! What is told of jobs.

use motia::prelude::*;

use super::{HealthReport, Job, JobError};

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
