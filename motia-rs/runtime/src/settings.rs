//! What an app may set about the running of its steps.

use std::{num::NonZeroU32, time::Duration};

use motia_core::context::Limits;

/// What an app may set about the running of its steps. Every limit has its default here.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Attempts of one event step that run at once, where its config says nothing: 16.
    pub concurrency: NonZeroU32,
    /// Deliveries of one queue that are held in memory; the others wait in the store: 4096.
    pub window: usize,
    /// How long an API handler may take, where its config says nothing: 30 s.
    pub handler_timeout: Duration,
    /// How long a shutdown lets running handlers finish: 30 s.
    pub drain: Duration,
    /// What is too large to be kept.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: NonZeroU32::new(16).expect("16 is not 0"),
            window: 4096,
            handler_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }
}
