//! What a config says of its deliveries, free of its types.

use std::{num::NonZeroU32, time::Duration};

use crate::config::{CircuitBreaker, RateLimit, Retry};

/// How a step's deliveries are handled.
#[derive(Debug, Clone, Copy, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventOptions {
    /// When a failed attempt is made again.
    pub retry: Retry,
    /// The same for errors of a class.
    pub retry_classes: &'static [(&'static str, Retry)],
    /// How long one attempt may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
    /// How many attempts run at once in this process, where not the app's.
    pub concurrency: Option<NonZeroU32>,
    /// How many attempts of one key run at once.
    pub concurrency_per_key: Option<NonZeroU32>,
    /// Whether the deliveries of one key are handled one by one in their order.
    pub fifo: bool,
    /// Whether it has a key.
    pub keyed: bool,
    /// How often an attempt may start.
    pub rate_limit: Option<RateLimit>,
    /// How often an attempt of one key may start.
    pub rate_limit_per_key: Option<RateLimit>,
    /// How long a key must be silent before its last event is handled.
    pub debounce: Option<Debounce>,
    /// How many events are handled at once, by a handler that takes several.
    pub batch: Option<Batching>,
    /// Which dependency it needs.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How long each event waits at least.
    pub delay: Option<Duration>,
    /// How long after it was emitted an event is worth starting.
    pub ttl: Option<Duration>,
    /// How many events may wait.
    pub max_depth: Option<u64>,
    /// Topics it emits, named for the graph only, as `emit_raw` does.
    pub emits_raw: &'static [&'static str],
}

/// How long a key must be silent before its last event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Debounce {
    /// No event of the key for so long.
    pub quiet: Duration,
    /// However many come, it is handled after so long.
    pub at_most: Duration,
}

/// How many events make a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batching {
    /// So many, or fewer when the time is over.
    pub size: NonZeroU32,
    /// How long the first of them waits for others.
    pub within: Duration,
}

impl EventOptions {
    pub(super) const DEFAULT: Self = Self {
        retry: Retry::DEFAULT,
        retry_classes: &[],
        timeout: None,
        concurrency: None,
        concurrency_per_key: None,
        fifo: false,
        keyed: false,
        rate_limit: None,
        rate_limit_per_key: None,
        debounce: None,
        batch: None,
        circuit_breaker: None,
        delay: None,
        ttl: None,
        max_depth: None,
        emits_raw: &[],
    };

    /// The retry policy for errors of this class.
    #[must_use]
    pub fn retry_of(&self, class: Option<&str>) -> Retry {
        let of_class = self.retry_classes.iter().find(|(name, _)| Some(*name) == class);
        of_class.map_or(self.retry, |(_, retry)| *retry)
    }

    /// The most attempts that any of its policies makes.
    #[must_use]
    pub fn most_attempts(&self) -> u32 {
        let classes = self.retry_classes.iter().map(|(_, retry)| retry.attempts);
        classes.chain([self.retry.attempts]).max().unwrap_or(self.retry.attempts).get()
    }

    /// Whether an event is worth starting still when the step may start it at the soonest.
    pub(super) const fn may_start_in_time(&self) -> bool {
        let Some(ttl) = self.ttl else { return true };
        let delayed = match self.delay {
            Some(delay) => delay.as_nanos() >= ttl.as_nanos(),
            None => false,
        };
        let debounced = match self.debounce {
            Some(Debounce { quiet, .. }) => quiet.as_nanos() >= ttl.as_nanos(),
            None => false,
        };
        !delayed && !debounced
    }

    /// How many attempts of one key run at once; `None`: as many as of the step.
    #[must_use]
    pub const fn per_key(&self) -> Option<NonZeroU32> {
        if self.fifo { Some(NonZeroU32::MIN) } else { self.concurrency_per_key }
    }
}
