//! What holds of a key: what its step says, and what its events say themselves.

use motia_core::{
    config::{event::Debounce, limit::RateLimit},
    registry::{EventStep, KeyRules},
    store::Delivery,
};

/// Deliveries that a lane has in memory at most, and no more than a quarter of the window.
const PREFETCH: usize = 16;

/// What a step says of its keys.
#[derive(Debug, Clone)]
pub(in super::super) struct Rules {
    pub(super) fifo: bool,
    pub(super) limits: Limits,
    /// What events say, which comes before what the step says.
    pub(super) said: Option<KeyRules>,
    pub(in super::super) debounce: Option<Debounce>,
    pub(in super::super) prefetch: usize,
}

/// What holds of a key while a delivery is the next of it.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Limits {
    pub(super) per_key: Option<u32>,
    pub(in super::super) rate: Option<RateLimit>,
}

impl Rules {
    pub(in super::super) fn of(step: &EventStep, window: usize) -> Self {
        let options = &step.options;
        let per_key = options.per_key().map(Into::into);
        Self {
            fifo: options.fifo,
            limits: Limits { per_key, rate: options.rate_limit_per_key },
            said: step.key_rules.clone(),
            debounce: options.debounce,
            prefetch: PREFETCH.min(window / 4).max(1),
        }
    }

    /// What holds of a delivery's key while it is the next.
    pub(in super::super) fn limits(&self, delivery: &Delivery) -> Limits {
        let said = self.said.as_ref().map(|rules| rules.said_by(&delivery.event));
        let (per_key, rate) = said.unwrap_or_default();
        Limits {
            per_key: per_key.map(Into::into).or(self.limits.per_key),
            rate: rate.or(self.limits.rate),
        }
    }
}
