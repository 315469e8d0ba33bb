//! What keeps attempts from starting, and emits from coming in.

use std::time::Duration;

use super::{EventConfig, RetryShare};
use crate::config::{CircuitBreaker, RateLimit};

impl<I, E> EventConfig<I, E> {
    /// How often an attempt of this step may start. What goes beyond it waits.
    #[must_use]
    pub const fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.options.rate_limit = Some(limit);
        self
    }

    /// Lets at least this long pass between two starts.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn throttle(self, pause: Duration) -> Self {
        self.rate_limit(RateLimit::every(pause))
    }

    /// Leaves the dependency alone while it fails; see [`CircuitBreaker`].
    #[must_use]
    pub const fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.options.circuit_breaker = Some(breaker);
        self
    }

    /// Refuses emits while so many events wait for this step: an API step that emits then answers 503
    /// with `Retry-After`. Without it a queue is as deep as the disk allows.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn max_depth(mut self, events: u64) -> Self {
        assert!(events > 0, "a queue that takes nothing hears nothing");
        self.options.max_depth = Some(events);
        self
    }

    /// Shares the starts between what was tried before and what was not, while both wait: `share` is told
    /// how many wait to be tried again, and what the app's settings say, and gives the share of the starts
    /// that go to them, from 0 to 1. Without it, each starts in the order in which it fell due.
    ///
    /// No more are counted than are in memory, a window of them; where more wait in the store, two windows
    /// are told.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::config::EventConfig;
    /// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    /// # struct Parcel { town: String }
    /// # motia::topic!(Parcel = "parcel");
    /// // A third, and less while many fail, so that what is new is not held up by it.
    /// const CONFIG: EventConfig<Parcel> = EventConfig::new("Ship")
    ///     .retry_share(|waiting, _| if waiting > 1000 { 0.1 } else { 0.33 });
    /// ```
    #[must_use]
    pub const fn retry_share(mut self, share: RetryShare) -> Self {
        self.retry_share = Some(share);
        self
    }
}
