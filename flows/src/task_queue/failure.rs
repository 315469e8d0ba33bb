//! What can go wrong with a task, and when it is tried again.

use motia::prelude::*;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of which kind it is.
    pub kind: Kind,
    /// What happened, for people.
    pub message: String,
    /// How long to wait at least, where the provider said so.
    pub at_least: Option<Duration>,
    /// The status that the provider answered with, if it did.
    pub status: Option<u16>,
}

/// The kinds of failures, which decide whether and when a task is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 402: the account is empty.
    InsufficientCredits,
    /// 429: too much was asked.
    RateLimit,
    /// 502, 503, 504: the provider is down.
    ServiceUnavailable,
    /// 408, 500, no connection, no answer in time.
    NetworkTimeout,
    /// Anything that is not known, such as an answer that makes no sense.
    Default,
    /// 400, 401, 403, 404 and the like: asking again gets the same answer.
    Permanent,
    /// Something that the task needs here is missing.
    Dependency,
    /// The task is too old.
    TooOld,
    /// The program went down with the task too often.
    Interrupted,
    /// Somebody cancelled its event.
    Cancelled,
    /// The document is at fault.
    Document(&'static str),
}

/// How often the program may go down with a task before the task is given up.
pub const MOST_INTERRUPTIONS: u32 = 5;

macro_rules! schedule {
    ($name:ident = $($secs:literal),+) => {
        const $name: Retry = Retry::schedule(&[$(Duration::from_secs($secs)),+]);
    };
}
schedule!(INSUFFICIENT_CREDITS = 300, 600, 1800);
schedule!(RATE_LIMIT = 120, 300, 600, 1200);
schedule!(SERVICE_UNAVAILABLE = 5, 10, 30, 60, 120);
schedule!(NETWORK_TIMEOUT = 2, 5, 10, 30, 60);
schedule!(DEFAULT = 5, 15, 60, 300);

impl Kind {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsufficientCredits => "InsufficientCredits",
            Self::RateLimit => "RateLimitError",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::NetworkTimeout => "NetworkTimeout",
            Self::Default => "Default",
            Self::Permanent => "PermanentError",
            Self::Dependency => "DependencyError",
            Self::TooOld => "MaxTaskAge",
            Self::Interrupted => "Interrupted",
            Self::Cancelled => "Cancelled",
            Self::Document(name) => name,
        }
    }

    /// Whether trying again gets the same.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.schedule().is_none()
    }

    /// When it is tried again.
    const fn schedule(self) -> Option<Retry> {
        match self {
            Self::InsufficientCredits => Some(INSUFFICIENT_CREDITS),
            Self::RateLimit => Some(RATE_LIMIT),
            Self::ServiceUnavailable => Some(SERVICE_UNAVAILABLE),
            Self::NetworkTimeout => Some(NETWORK_TIMEOUT),
            Self::Default => Some(DEFAULT),
            Self::Permanent
            | Self::Dependency
            | Self::TooOld
            | Self::Interrupted
            | Self::Cancelled
            | Self::Document(_) => None,
        }
    }

    /// What an answer of this status is.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            402 => Self::InsufficientCredits,
            429 => Self::RateLimit,
            502..=504 => Self::ServiceUnavailable,
            408 | 500 => Self::NetworkTimeout,
            400..=499 => Self::Permanent,
            _ => Self::Default,
        }
    }
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), at_least: None, status: None }
    }

    /// How long after this failure the task is tried again, which it was `retries` times before; `random`
    /// is between 0 and 1. Up to a tenth longer than the schedule says, so that what failed together is
    /// not tried together; never shorter.
    #[must_use]
    pub fn delay(&self, retries: u32, random: f64) -> Duration {
        let schedule = self.kind.schedule().unwrap_or(DEFAULT).jitter(10);
        let delay = schedule.delay(retries + 1, 0.5 + random / 2.0);
        self.at_least.map_or(delay, |least| delay.max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(kind: Kind, random: f64) -> Vec<f64> {
        let failure = Failure::new(kind, "");
        (0..6).map(|retries| failure.delay(retries, random).as_secs_f64()).collect()
    }

    #[test]
    fn each_kind_keeps_its_schedule_and_its_last_delay_for_all_that_follow() {
        let table = [
            (Kind::InsufficientCredits, [300., 600., 1800., 1800., 1800., 1800.]),
            (Kind::RateLimit, [120., 300., 600., 1200., 1200., 1200.]),
            (Kind::ServiceUnavailable, [5., 10., 30., 60., 120., 120.]),
            (Kind::NetworkTimeout, [2., 5., 10., 30., 60., 60.]),
            (Kind::Default, [5., 15., 60., 300., 300., 300.]),
        ];
        for (kind, expected) in table {
            assert_eq!(delays(kind, 0.0), expected, "{kind:?}");
            let longest: Vec<_> = expected.iter().map(|secs| secs * 1.1).collect();
            let spread = delays(kind, 1.0);
            let agree = spread.iter().zip(&longest).all(|(is, most)| (is - most).abs() < 1e-6);
            assert!(agree, "{kind:?}: {spread:?}");
        }
    }

    #[test]
    fn the_provider_may_ask_for_more_patience_and_never_for_less() {
        let asked = |secs| Failure {
            at_least: Some(Duration::from_secs(secs)),
            ..Failure::new(Kind::RateLimit, "429")
        };

        assert_eq!(asked(1000).delay(0, 0.0), Duration::from_secs(1000));
        assert_eq!(asked(1).delay(0, 0.0), Duration::from_secs(120));
    }

    #[test]
    fn statuses_are_told_apart_by_whether_asking_again_can_help() {
        for status in [400, 401, 403, 404, 422] {
            assert!(Kind::of_status(status).is_permanent(), "{status}");
        }
        for status in [402, 408, 429, 500, 502, 503, 504, 302] {
            assert!(!Kind::of_status(status).is_permanent(), "{status}");
        }
        assert_eq!(Kind::of_status(402).name(), "InsufficientCredits");
        assert_eq!(Kind::of_status(429).name(), "RateLimitError");
        assert_eq!(Kind::of_status(503).name(), "ServiceUnavailable");
        assert_eq!(Kind::of_status(500).name(), "NetworkTimeout");
    }
}
