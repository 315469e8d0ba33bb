//! The config struct of each kind of step. All of it is `const`, so that most mistakes do not compile.
//!
//! # Layout
//! - [`api`], [`event`], [`cron`], [`noop`]: one file a kind, of one shape: struct, builders, `bind`
//! - [`retry`]: when a failed attempt is made again; [`limit`]: how often one may start;
//!   [`breaker`]: when none may; [`priority`]: which one goes first
//! - [`path`]: what a route may look like
//! - [`schedule`]: what a cron schedule may look like

pub mod api;
pub mod batch;
pub mod breaker;
pub mod cron;
pub mod event;
pub mod limit;
pub mod noop;
pub mod path;
pub mod priority;
pub mod retry;
pub mod schedule;

pub use api::{ApiConfig, ReplySchema, rejection, reply};
pub use batch::BatchConfig;
pub use breaker::CircuitBreaker;
pub use cron::{CatchUp, CronConfig, Overlap};
pub use event::{EventConfig, EventOptions};
pub use limit::RateLimit;
pub use noop::NoopConfig;
pub use priority::Priority;
pub use retry::Retry;

use crate::flow::Flow;

/// What every kind of step says about itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct About {
    /// The step's name, unique in the app.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// The flows it is drawn in.
    pub flows: &'static [Flow],
}

impl About {
    const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty(), "a step's name must not be empty");
        assert!(bytes.len() <= 64, "a step's name must not be longer than 64 bytes");
        let mut i = 0;
        while i < bytes.len() {
            assert!(
                bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_' || bytes[i] == b'-',
                "a step's name has letters, digits, `-` and `_` only"
            );
            i += 1;
        }
        Self { name, description: "", flows: &[] }
    }
}

/// The builders that all kinds share.
macro_rules! about_builders {
    () => {
        /// Says what the step does, in a sentence.
        #[must_use]
        pub const fn description(mut self, description: &'static str) -> Self {
            self.about.description = description;
            self
        }

        /// Names the flows that the step is drawn in.
        #[must_use]
        pub const fn flows(mut self, flows: &'static [crate::flow::Flow]) -> Self {
            self.about.flows = flows;
            self
        }
    };
}

/// The check of kinds whose builders check all there is.
macro_rules! nothing_to_check {
    () => {
        /// Checks that what was said goes together; [`step!`](crate::step!) calls it at compile time.
        pub const fn check(&self) {}
    };
}
pub(crate) use nothing_to_check;

pub(crate) use about_builders;
