//! When an event is handled, and together with which others.

use std::time::Duration;

use super::{Batching, Debounce, EventConfig, at_least_one};
use crate::config::BatchConfig;

impl<I, E> EventConfig<I, E> {
    /// Waits until no event of the [`key`](Self::key) has come for so long, and handles the last one
    /// alone; the others end in the history as superseded. However many come, it waits no longer than
    /// ten times as long; see [`debounce_at_most`](Self::debounce_at_most).
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn debounce(mut self, quiet: Duration) -> Self {
        assert!(!quiet.is_zero(), "a debounce waits for some time");
        self.options.debounce = Some(Debounce { quiet, at_most: quiet.saturating_mul(10) });
        self
    }

    /// How long a [`debounce`](Self::debounce) waits at most, from the first event on.
    ///
    /// # Panics
    /// At compile time, without a debounce before it, or when it is shorter than that.
    #[must_use]
    pub const fn debounce_at_most(mut self, at_most: Duration) -> Self {
        let Some(debounce) = self.options.debounce else {
            panic!("say first what is debounced: `.debounce(..)`");
        };
        assert!(
            at_most.as_nanos() >= debounce.quiet.as_nanos(),
            "a debounce waits at least for its own time"
        );
        self.options.debounce = Some(Debounce { at_most, ..debounce });
        self
    }

    /// Hands several events at once to a handler that takes a `Vec`: as many as `size`, or those that
    /// came within this time of the first. Comes last in a config.
    ///
    /// All events of a batch are settled in one commit, but for those that were cancelled meanwhile. When the handler fails, each is tried again alone,
    /// so that one bad event does not take the others with it.
    ///
    /// # Panics
    /// At compile time, when the size is less than 2.
    #[must_use]
    pub const fn batch(mut self, size: u32, within: Duration) -> BatchConfig<I, E> {
        assert!(size >= 2, "a batch has two events or more");
        self.options.batch = Some(Batching { size: at_least_one(size), within });
        BatchConfig(self)
    }

    /// Starts each event no sooner than so long after it was emitted.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.options.delay = Some(delay);
        self
    }

    /// Does not start an event that was emitted longer ago than this: it ends in the history as
    /// expired.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        assert!(!ttl.is_zero(), "an event that expires at once is never handled");
        self.options.ttl = Some(ttl);
        self
    }
}
