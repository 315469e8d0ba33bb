//! What a job is, and how it goes from one status to the next.

use motia::{
    context::{EmitError, StateError, TransactionError},
    event::EventId,
    prelude::*,
};
use serde::de::DeserializeOwned;
use serde_json::Map;
use uuid::Uuid;

use super::failure::{Code, JobError, RETRY};

/// The most attempts that a job may ask for.
pub const MOST_ATTEMPTS: u32 = 20;

/// How urgent a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Nobody waits for it.
    Low,
    /// Where nothing is said.
    #[default]
    Medium,
    /// Somebody waits for it.
    High,
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Self::LOW,
            Urgency::Medium => Self::NORMAL,
            Urgency::High => Self::HIGH,
        }
    }
}

/// A piece of work, as it travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Names the job.
    #[schemars(length(min = 1, max = 128))]
    pub job_id: String,
    /// Which work it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the work needs.
    pub payload: Map<String, Value>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Urgency,
    /// Attempts begun.
    #[serde(default)]
    pub attempts: u32,
    /// Attempts in all.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = MOST_ATTEMPTS))]
    pub max_attempts: u32,
    /// Not before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_until: Option<Timestamp>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// The attempts of a job that does not say.
#[must_use]
pub const fn three() -> u32 {
    3
}

impl Job {
    /// A job of this type, with a new name.
    #[must_use]
    pub fn new(kind: impl Into<String>, payload: Map<String, Value>) -> Self {
        Self {
            job_id: Uuid::now_v7().to_string(),
            kind: kind.into(),
            payload,
            priority: Urgency::default(),
            attempts: 0,
            max_attempts: three(),
            delay_until: None,
            created_by: None,
        }
    }

    /// The payload as what the work takes.
    ///
    /// # Errors
    /// [`Code::InvalidPayload`] when it is something else.
    pub fn read_payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        T::deserialize(&self.payload)
            .map_err(|error| Code::InvalidPayload.because(error.to_string()))
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its time has not come.
    Scheduled,
    /// It waits for a free place.
    Queued,
    /// It is being done.
    Processing,
    /// It is done.
    Completed,
    /// The last attempt failed; with a `retryAt` there will be another.
    Failed,
    /// It ran for too long.
    Timeout,
}

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// How far it has come.
    pub status: Status,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// When it began to wait for a free place.
    pub queued_at: Option<Timestamp>,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When the last attempt ended: done, failed or stopped.
    pub ended_at: Option<Timestamp>,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// What came of it.
    pub result: Option<Value>,
    /// Why the last attempt failed.
    pub error: Option<JobError>,
    /// The event that the last attempt began with.
    pub begun_by: Option<EventId>,
}

/// What is to be done with a job that an event brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// An attempt begins.
    Begin,
    /// It is put back: its time has not come.
    Early,
    /// The attempt before this was the last, and ended without a result.
    Spent,
    /// Another event brought it, or it has ended.
    NotOurs,
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequel {
    /// It is tried again.
    Again {
        /// At this instant.
        at: Timestamp,
        /// So long from now.
        delay: Duration,
    },
    /// It is given up.
    Over,
}

impl Record {
    /// A job that was taken in just now.
    #[must_use]
    pub fn taken_in(job: Job, now: Timestamp) -> Self {
        let early = job.delay_until.is_some_and(|until| until > now);
        Self {
            job,
            status: if early { Status::Scheduled } else { Status::Queued },
            created_at: now,
            queued_at: (!early).then_some(now),
            started_at: None,
            ended_at: None,
            retry_at: None,
            result: None,
            error: None,
            begun_by: None,
        }
    }

    /// When the scheduler is to have it queued, if it waits for that.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.status {
            Status::Scheduled => self.job.delay_until,
            Status::Failed => self.retry_at,
            _ => None,
        }
    }

    /// Its time has come.
    #[must_use]
    pub fn queued(self, now: Timestamp) -> Self {
        Self { status: Status::Queued, queued_at: Some(now), retry_at: None, ..self }
    }

    /// What is to be done with it, when `event` brings it.
    #[must_use]
    pub fn admission(&self, event: EventId) -> Admission {
        let ours = self.status == Status::Processing && self.begun_by == Some(event);
        match self.status {
            Status::Scheduled => Admission::Early,
            Status::Queued => Admission::Begin,
            Status::Processing if ours && self.job.attempts >= self.job.max_attempts => {
                Admission::Spent
            }
            Status::Processing if ours => Admission::Begin,
            _ => Admission::NotOurs,
        }
    }

    /// An attempt begins.
    #[must_use]
    pub fn begun(mut self, event: EventId, now: Timestamp) -> Self {
        self.job.attempts += 1;
        let (started_at, begun_by) = (Some(now), Some(event));
        Self { status: Status::Processing, started_at, begun_by, ended_at: None, ..self }
    }

    /// Whether the attempt that `other` was begun with still runs.
    #[must_use]
    pub fn still_runs(&self, other: &Self) -> bool {
        let attempt = |record: &Self| (record.status, record.job.attempts, record.begun_by);
        attempt(self) == attempt(other)
    }

    /// The attempt succeeded.
    #[must_use]
    pub fn completed(self, result: Value, now: Timestamp) -> Self {
        let (result, ended_at) = (Some(result), Some(now));
        Self { status: Status::Completed, result, error: None, ended_at, ..self }
    }

    /// The attempt failed. `random` is between 0 and 1, and spreads the delay.
    #[must_use]
    pub fn failed(self, error: JobError, now: Timestamp, random: f64) -> (Self, Sequel) {
        let attempts = self.job.attempts;
        let again = error.code.is_retryable() && attempts < self.job.max_attempts;
        let delay = RETRY.delay(attempts, random);
        let retry_at = again.then(|| now.checked_add(delay).unwrap_or(Timestamp::MAX));
        let (error, ended_at) = (Some(error), Some(now));
        let sequel = retry_at.map_or(Sequel::Over, |at| Sequel::Again { at, delay });
        (Self { status: Status::Failed, error, ended_at, retry_at, ..self }, sequel)
    }

    /// It ran for too long.
    #[must_use]
    pub fn timed_out(self, now: Timestamp) -> Self {
        Self { status: Status::Timeout, ended_at: Some(now), ..self }
    }

    /// How long its last attempt has taken by `now`, or took, in milliseconds.
    #[must_use]
    pub fn runtime(&self, now: Timestamp) -> i64 {
        let end = self.ended_at.unwrap_or(now);
        self.started_at.map_or(0, |start| end.as_millisecond() - start.as_millisecond())
    }
}

/// What is answered for a job that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TakenIn {
    /// Names the job.
    pub job_id: String,
    /// How far it has come.
    pub status: Status,
}

impl From<Record> for TakenIn {
    fn from(record: Record) -> Self {
        Self { job_id: record.job.job_id, status: record.status }
    }
}

/// Blames the caller for a job that is too large to be kept.
pub fn too_large(error: impl Into<TransactionError>) -> StepError {
    let error = error.into();
    match &error {
        TransactionError::State(StateError::TooLarge { .. })
        | TransactionError::Emit(EmitError::TooLarge { .. }) => {
            StepError::reject(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn queued() -> Record {
        Record::taken_in(Job::new("report_generation", Map::new()), NOW)
    }

    fn in_seconds(seconds: u64) -> Timestamp {
        NOW.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn a_job_with_a_later_time_is_scheduled_and_due_then() {
        let job = Job { delay_until: Some(in_seconds(9)), ..queued().job };

        let record = Record::taken_in(job, NOW);

        assert_eq!((record.status, record.due()), (Status::Scheduled, Some(in_seconds(9))));
        assert_eq!(queued().due(), None);
    }

    #[test]
    fn a_job_that_may_pass_is_due_again_until_its_attempts_are_used_up() {
        let event = EventId::new(NOW);
        let fault = Code::NetworkError.because("nobody answers");
        let first = queued().begun(event, NOW);

        let (second, sequel) = first.failed(fault.clone(), NOW, 0.5);
        assert_eq!(sequel, Sequel::Again { at: in_seconds(1), delay: Duration::from_secs(1) });
        assert_eq!(second.due(), Some(in_seconds(1)));

        let third = second.queued(NOW).begun(event, NOW);
        let (third, sequel) = third.failed(fault.clone(), NOW, 0.5);
        assert!(matches!(sequel, Sequel::Again { delay, .. } if delay.as_secs() == 2));

        let (last, sequel) = third.queued(NOW).begun(event, NOW).failed(fault, NOW, 0.5);
        assert_eq!((sequel, last.status, last.due()), (Sequel::Over, Status::Failed, None));
    }

    #[test]
    fn what_cannot_be_helped_is_never_tried_again() {
        let record = queued().begun(EventId::new(NOW), NOW);

        let (record, sequel) = record.failed(Code::UnknownType.because("`x`"), NOW, 0.5);

        assert_eq!((sequel, record.retry_at), (Sequel::Over, None));
    }

    #[test]
    fn a_job_is_begun_by_one_event_alone_and_not_after_its_end() {
        let (event, other) = (EventId::new(NOW), EventId::new(NOW));
        let running = queued().begun(event, NOW);

        assert_eq!(queued().admission(other), Admission::Begin);
        assert_eq!(running.admission(other), Admission::NotOurs);
        assert_eq!(running.admission(event), Admission::Begin, "the process died meanwhile");
        assert_eq!(running.completed(json!({}), NOW).admission(event), Admission::NotOurs);
    }

    #[test]
    fn an_attempt_that_ended_without_a_result_counts() {
        let event = EventId::new(NOW);
        let mut running = queued();
        running.job.max_attempts = 1;

        let running = running.begun(event, NOW);

        assert_eq!(running.admission(event), Admission::Spent);
    }

    #[test]
    fn a_job_that_was_stopped_meanwhile_runs_no_more() {
        let running = queued().begun(EventId::new(NOW), NOW);

        assert!(running.still_runs(&running));
        assert!(!running.clone().timed_out(NOW).still_runs(&running));
    }
}
