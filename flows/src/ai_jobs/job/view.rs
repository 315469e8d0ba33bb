//! A job as those outside see it, now and after each of its changes.

use motia::prelude::*;

use super::{Answer, Job, Progress, Status};

/// What could be seen of a job after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The how-many-eth change it was, from 1.
    pub version: u64,
    /// What the job looked like.
    pub view: JobView,
}

/// A job as those outside see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Names it.
    pub job_id: String,
    /// How far it has come.
    pub status: Status,
    /// How much of the work is done, once it was begun.
    pub progress: Option<Progress>,
    /// What came of it.
    pub result: Option<Answer>,
    /// Why nothing did.
    pub error: Option<String>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// From the first attempt to the end; none before that.
    pub duration_ms: Option<u64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Job {
    /// The job as those outside see it.
    #[must_use]
    pub fn view(&self) -> JobView {
        let ended = self.status.is_over().then_some(self.updated_at);
        let took = |ended: Timestamp| {
            ended.duration_since(self.started_at.unwrap_or(ended)).unsigned_abs().as_millis()
        };
        JobView {
            job_id: self.id.clone(),
            status: self.status,
            progress: self.progress.clone(),
            result: self.result.clone(),
            error: self.error.clone(),
            attempts: self.attempt.number,
            duration_ms: ended.map(|ended| u64::try_from(took(ended)).unwrap_or(u64::MAX)),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
