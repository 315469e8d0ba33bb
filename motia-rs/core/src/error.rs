//! How a handler fails: each failure knows whether trying again helps.

use std::{any::Any, error::Error as StdError, fmt, time::Duration};

use http::StatusCode;

use crate::{
    context::{EmitError, StateError, TransactionError},
    http::{ApiResponse, Problem, Reply, ReplyBody},
};

/// Any error, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What a handler returns.
pub type StepResult<T = ()> = Result<T, StepError>;

/// Why a handler failed.
///
/// `?` on any error makes one that is tried again; on an emit that a full queue refused, one that is
/// [postponed](Self::postpone), for the event is at no fault. Deliberately not `std::error::Error` itself, so
/// that `?` takes any error in.
///
/// ```
/// use motia_core::error::{StepError, StepResult};
///
/// fn charge(cents: u64) -> StepResult {
///     if cents > 1_000_000 {
///         return Err(StepError::fatal("the bank never charges this much"));
///     }
///     std::fs::read("/no/such/ledger")?; // any error: tried again
///     Ok(())
/// }
///
/// assert!(charge(2_000_000).unwrap_err().is_fatal());
/// assert!(!charge(1).unwrap_err().is_fatal());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StepError {
    /// Try again, as the step's retry policy says. An API step answers 500.
    Retry(BoxError),
    /// Try again no sooner than after this long. An API step answers 503 with `Retry-After`.
    RetryAfter(Duration, BoxError),
    /// Not now: the event waits for this long, and the attempt does not count. An API step answers
    /// 503 with `Retry-After`.
    Postpone(Duration, BoxError),
    /// Trying again cannot help: the event goes to the dead letters. An API step answers 500.
    Fatal(BoxError),
    /// The caller is at fault: an API step answers with this problem. Elsewhere it is fatal.
    Reject(Box<Problem>),
    /// An API step answers exactly this. Elsewhere it is fatal.
    Respond(Box<ApiResponse<ReplyBody>>),
    /// One of these, in a class that an event step may have a retry policy for.
    Classed(&'static str, Box<Self>),
}

impl StepError {
    /// Trying again cannot help.
    pub fn fatal(error: impl Into<BoxError>) -> Self {
        Self::Fatal(error.into())
    }

    /// Try again, as the step's retry policy says. For messages; errors come in by `?`.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry(error.into())
    }

    /// Try again no sooner than after `delay`.
    pub fn retry_after(delay: Duration, error: impl Into<BoxError>) -> Self {
        Self::RetryAfter(delay, error.into())
    }

    /// Not now: for what is no fault of the event, such as a dependency that is closed or fully
    /// booked. It waits for `delay`, and the attempt does not count: it may be postponed as often as it
    /// takes, where [`retry_after`](Self::retry_after) gives up after the last attempt.
    ///
    /// ```
    /// use std::time::Duration;
    /// use motia_core::error::StepError;
    ///
    /// let closed = StepError::postpone(Duration::from_secs(60), "the bank opens at nine");
    /// assert_eq!(closed.postponed(), Some(Duration::from_secs(60)));
    /// assert_eq!(StepError::retry("the bank is busy").postponed(), None);
    /// ```
    pub fn postpone(delay: Duration, why: impl Into<BoxError>) -> Self {
        Self::Postpone(delay, why.into())
    }

    /// Blames the caller of an API step: answers `status` with an RFC 9457 problem of this detail.
    pub fn reject(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Reject(Box::new(Problem::new(status).detail(detail)))
    }

    /// Answers an API step's caller with a body of one's own, for contracts that are not problems.
    pub fn respond<R: Reply>(response: ApiResponse<R>) -> Self {
        match response.into_raw() {
            Ok(raw) => Self::Respond(Box::new(raw)),
            Err(error) => Self::Fatal(error.into()),
        }
    }

    /// The same error in a class, for which an event step may have a retry policy of its own; see
    /// [`EventConfig::retry_class`](crate::config::EventConfig::retry_class).
    #[must_use]
    pub fn in_class(self, class: &'static str) -> Self {
        match self {
            Self::Classed(_, error) => Self::Classed(class, error),
            error => Self::Classed(class, Box::new(error)),
        }
    }

    /// The class of the error, if it has one.
    #[must_use]
    pub fn class(&self) -> Option<&'static str> {
        match self {
            Self::Classed(class, _) => Some(class),
            _ => None,
        }
    }

    /// The error itself, whatever its class.
    #[must_use]
    pub fn unclassed(&self) -> &Self {
        match self {
            Self::Classed(_, error) => error.unclassed(),
            error => error,
        }
    }

    /// Whether the caller is blamed.
    #[must_use]
    pub fn is_rejection(&self) -> bool {
        matches!(self.unclassed(), Self::Reject(_) | Self::Respond(_))
    }

    /// Whether an event step would give the event up.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self.unclassed(), Self::Retry(_) | Self::RetryAfter(..) | Self::Postpone(..))
    }

    /// How long to wait at least before trying again, where that is known.
    #[must_use]
    pub fn least_delay(&self) -> Option<Duration> {
        match self.unclassed() {
            Self::RetryAfter(delay, _) | Self::Postpone(delay, _) => Some(*delay),
            _ => None,
        }
    }

    /// For how long the event is to wait without an attempt being counted, if that was asked for.
    #[must_use]
    pub fn postponed(&self) -> Option<Duration> {
        match self.unclassed() {
            Self::Postpone(delay, _) => Some(*delay),
            _ => None,
        }
    }

    /// Whether it is that of an emit, or a transaction, that a full queue refused.
    #[must_use]
    pub fn is_full_queue(&self) -> bool {
        let Self::Postpone(_, error) = self.unclassed() else { return false };
        let refused = match error.downcast_ref::<EmitError>() {
            Some(error) => error.retry_after(),
            None => {
                error.downcast_ref::<TransactionError>().and_then(TransactionError::retry_after)
            }
        };
        refused.is_some()
    }

    /// The status that an API step answers with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Retry(_) | Self::Fatal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RetryAfter(..) | Self::Postpone(..) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Reject(problem) => problem.status,
            Self::Respond(response) => response.status,
            Self::Classed(_, error) => error.status(),
        }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(error)
            | Self::RetryAfter(_, error)
            | Self::Postpone(_, error)
            | Self::Fatal(error) => {
                write!(f, "{error}")?;
                let mut cause = error.source();
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
            Self::Reject(problem) => problem.fmt(f),
            Self::Respond(response) => write!(f, "answered {}", response.status),
            Self::Classed(_, error) => error.fmt(f),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for StepError {
    fn from(error: E) -> Self {
        match Advice::of(&error) {
            Advice::Again => Self::Retry(Box::new(error)),
            Advice::Later(delay) => Self::Postpone(delay, Box::new(error)),
            Advice::Never => Self::Fatal(Box::new(error)),
        }
    }
}

/// What an error says about trying again.
enum Advice {
    Again,
    /// It is no fault of what was asked.
    Later(Duration),
    Never,
}

impl Advice {
    /// What the framework's own errors say; all others are tried again.
    fn of(error: &dyn Any) -> Self {
        let (transient, after) = if let Some(error) = error.downcast_ref::<EmitError>() {
            (error.is_transient(), error.retry_after())
        } else if let Some(error) = error.downcast_ref::<StateError>() {
            (error.is_transient(), None)
        } else if let Some(error) = error.downcast_ref::<TransactionError>() {
            (error.is_transient(), error.retry_after())
        } else {
            (true, None)
        };
        match (transient, after) {
            (false, _) => Self::Never,
            (true, None) => Self::Again,
            (true, Some(delay)) => Self::Later(delay),
        }
    }
}

/// Turns the missing and the failed into a rejection, in one line.
///
/// ```
/// use http::StatusCode;
/// use motia_core::error::OrReject;
///
/// let order: Option<u32> = None;
/// let refusal = order.or_reject(StatusCode::NOT_FOUND, "no such order").unwrap_err();
/// assert_eq!(refusal.status(), 404);
/// ```
pub trait OrReject<T> {
    /// The value, or a rejection of this status and detail.
    ///
    /// # Errors
    /// The rejection, when there is no value.
    fn or_reject(self, status: StatusCode, detail: impl Into<String>) -> StepResult<T>;
}

impl<T> OrReject<T> for Option<T> {
    fn or_reject(self, status: StatusCode, detail: impl Into<String>) -> StepResult<T> {
        self.ok_or_else(|| StepError::reject(status, detail))
    }
}

impl<T, E> OrReject<T> for Result<T, E> {
    fn or_reject(self, status: StatusCode, detail: impl Into<String>) -> StepResult<T> {
        self.map_err(|_| StepError::reject(status, detail))
    }
}
