//! How many attempts run at once, of a step and of a key, and in which order.

use std::num::NonZeroU32;

use super::{EventConfig, at_least_one};
use crate::config::RateLimit;

impl<I, E> EventConfig<I, E> {
    /// How many attempts of this step run at once in this process; without it the app's
    /// `concurrency` holds (16).
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn concurrency(mut self, attempts: u32) -> Self {
        self.options.concurrency = Some(at_least_one(attempts));
        self
    }

    /// The key that an event belongs to, for all that is said per key. An emit may name another with
    /// `.group(key)`. Up to 256 bytes; the emit is refused if it is longer, or if the function
    /// panics.
    #[must_use]
    pub const fn key(mut self, key: fn(&I) -> String) -> Self {
        self.key = Some(key);
        self.options.keyed = true;
        self
    }

    /// Handles the events of one key one by one, in the order in which they were emitted: also across
    /// retries, restarts and redrives. Different keys run in parallel. While an event waits to be tried
    /// again, those behind it wait too; a priority does not change the order of one key. An event that
    /// was emitted with a delay takes its place when its time has come.
    #[must_use]
    pub const fn fifo(self, key: fn(&I) -> String) -> Self {
        let mut config = self.key(key);
        config.options.fifo = true;
        config
    }

    /// How many attempts of one [`key`](Self::key) run at once.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn concurrency_per_key(mut self, attempts: u32) -> Self {
        self.options.concurrency_per_key = Some(at_least_one(attempts));
        self
    }

    /// The same, where each event says it of its key; `None` says nothing, and then
    /// [`concurrency_per_key`](Self::concurrency_per_key) holds. Where two events of one key say
    /// different things, that of the event whose turn it is holds.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::{config::EventConfig, context::Context, error::StepResult};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use std::num::NonZeroU32;
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct Call { customer: String, plan: u32 }
    /// # motia::topic!(Call = "call");
    /// const CONFIG: EventConfig<Call> = EventConfig::new("PlaceCall")
    ///     .key(|call: &Call| call.customer.clone())
    ///     .concurrency_per_key_by(|call: &Call| NonZeroU32::new(call.plan));
    /// # async fn handler(_: Call, _ctx: Context) -> StepResult { Ok(()) }
    /// # motia::step!(CONFIG, handler);
    /// ```
    #[must_use]
    pub const fn concurrency_per_key_by(mut self, by: fn(&I) -> Option<NonZeroU32>) -> Self {
        self.concurrency_per_key_by = Some(by);
        self
    }

    /// How often an attempt of one [`key`](Self::key) may start. What goes beyond it waits.
    #[must_use]
    pub const fn rate_limit_per_key(mut self, limit: RateLimit) -> Self {
        self.options.rate_limit_per_key = Some(limit);
        self
    }

    /// The same, where each event says it of its key; `None` says nothing, and then
    /// [`rate_limit_per_key`](Self::rate_limit_per_key) holds.
    #[must_use]
    pub const fn rate_limit_per_key_by(mut self, by: fn(&I) -> Option<RateLimit>) -> Self {
        self.rate_limit_per_key_by = Some(by);
        self
    }
}
