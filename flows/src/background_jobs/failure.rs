//! Why a job fails, and whether trying again can help.

use motia::{
    context::{CutShort, StateError},
    prelude::*,
};

/// When a failed job is tried again: after 1 s · 2^(attempt − 1), at most 5 min, each ±25 %. Its attempts
/// are one more than a job may ask for, for those that the process does not survive.
pub const RETRY: Retry = Retry::exponential(super::job::MOST_ATTEMPTS + 1, Duration::from_secs(1))
    .max_delay(Duration::from_secs(300))
    .jitter(25);

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{code}: {message}")]
pub struct JobError {
    /// Which fault it is.
    pub code: Code,
    /// What happened, for people.
    pub message: String,
}

/// Which fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// A peer could not be reached.
    NetworkError,
    /// A peer did not answer in time.
    Timeout,
    /// A peer asks for patience.
    RateLimit,
    /// Something that passes: a mailbox that is busy, a disk that is full.
    TemporaryFailure,
    /// The attempt ended without a result: the process died, or the work panicked.
    Interrupted,
    /// Somebody cancelled its event.
    Cancelled,
    /// No work has this name.
    UnknownType,
    /// The payload is not what this work takes.
    InvalidPayload,
    /// There is no such template.
    UnknownTemplate,
    /// The template has a gap that no variable fills.
    UnknownVariable,
    /// This is no e-mail address.
    InvalidAddress,
    /// A control character stands where it would begin a header of its own.
    HeaderInjection,
    /// The mail server will never take this.
    MailRefused,
    /// The path leads out of the folder of data files, or to no file.
    PathRefused,
    /// There is nothing to read.
    SourceNotFound,
    /// The file's name ends in no known format.
    UnsupportedFormat,
    /// The file cannot be read as what it says it is.
    MalformedSource,
}

impl Code {
    /// Whether trying again can help.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::NetworkError
                | Self::Timeout
                | Self::RateLimit
                | Self::TemporaryFailure
                | Self::Interrupted
        )
    }

    /// An error with this code.
    pub fn because(self, message: impl Into<String>) -> JobError {
        JobError { code: self, message: message.into() }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

impl From<StateError> for JobError {
    fn from(error: StateError) -> Self {
        let code = if error.is_transient() { Code::TemporaryFailure } else { Code::InvalidPayload };
        code.because(error.to_string())
    }
}

impl From<CutShort> for JobError {
    fn from(error: CutShort) -> Self {
        Code::TemporaryFailure.because(error.to_string())
    }
}

impl From<motia::context::TransactionError> for JobError {
    fn from(error: motia::context::TransactionError) -> Self {
        let code = if error.is_transient() { Code::TemporaryFailure } else { Code::InvalidPayload };
        code.because(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_a_second_to_five_minutes_and_spread_by_a_quarter() {
        let least = |attempt| RETRY.delay(attempt, 0.0).as_millis();
        let most = |attempt| RETRY.delay(attempt, 1.0).as_millis();

        assert_eq!((least(1), most(1)), (750, 1_250));
        assert_eq!((least(4), most(4)), (6_000, 10_000));
        assert_eq!((least(10), most(10)), (225_000, 375_000));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let retried = ["NETWORK_ERROR", "TIMEOUT", "RATE_LIMIT", "TEMPORARY_FAILURE"];
        for name in retried {
            let code: Code = serde_json::from_value(json!(name)).unwrap();
            assert!(code.is_retryable() && code.to_string() == name);
        }
        assert!(!Code::UnknownType.is_retryable() && !Code::UnknownVariable.is_retryable());
    }
}
