//! Why a delivery is not running: said by the very gates that keep it from starting.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{circuit::CircuitState, store::Ending};
use serde::Serialize;

/// One thing that keeps a delivery from starting.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "because")]
#[non_exhaustive]
pub enum Reason {
    /// Its queue is paused.
    Paused {
        /// By whom.
        by: String,
        /// Since when.
        since: Timestamp,
    },
    /// The app is shutting down.
    Stopping,
    /// The app does not run.
    AtRest,
    /// Its step is gone from the app.
    Orphaned,
    /// Its payload does not fit the step's input; it waits for a program that it fits.
    Held {
        /// What does not fit.
        error: Option<String>,
    },
    /// It waits for its time.
    Delayed {
        /// When that is.
        until: Timestamp,
    },
    /// Its handler found that it is not the time.
    Postponed {
        /// When it is asked again.
        until: Timestamp,
        /// What the handler said.
        why: Arc<str>,
    },
    /// It failed and waits to be tried again.
    Retrying {
        /// When that is.
        until: Timestamp,
        /// Attempts made so far.
        attempts: u32,
    },
    /// Others of its queue come first.
    Behind {
        /// How many.
        ahead: u64,
    },
    /// Others of its key come first.
    BehindInKey {
        /// The key.
        key: String,
        /// How many.
        ahead: u64,
    },
    /// As many attempts of its key run as may.
    KeyBusy {
        /// The key.
        key: String,
        /// So many.
        running: u32,
    },
    /// Its key has used up its rate.
    KeyRateLimited {
        /// The key.
        key: String,
        /// When the next may start.
        until: Timestamp,
    },
    /// It waits for its key to be silent.
    Debounced {
        /// When it starts if nothing comes.
        until: Timestamp,
    },
    /// It waits for others to make a batch with.
    Batching {
        /// When the batch starts, full or not.
        until: Timestamp,
    },
    /// As many attempts of its step run as may.
    StepBusy {
        /// So many.
        running: usize,
    },
    /// As many attempts run in the process as may.
    ProcessBusy {
        /// So many.
        running: usize,
    },
    /// Its step has used up its rate.
    RateLimited {
        /// When the next may start.
        until: Timestamp,
    },
    /// The circuit of what it needs is open.
    CircuitOpen {
        /// What it needs.
        name: Arc<str>,
        /// How the circuit stands.
        #[serde(flatten)]
        state: CircuitState,
    },
    /// Nothing: it starts as soon as a worker comes to it.
    Next,
}

impl Reason {
    /// When the reason goes away by itself, if that is known.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Delayed { until }
            | Self::Postponed { until, .. }
            | Self::Retrying { until, .. }
            | Self::KeyRateLimited { until, .. }
            | Self::Debounced { until }
            | Self::Batching { until }
            | Self::RateLimited { until }
            | Self::CircuitOpen { state: CircuitState::Open { until }, .. } => Some(*until),
            _ => None,
        }
    }
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "status")]
#[non_exhaustive]
pub enum Explanation {
    /// An attempt runs.
    Running {
        /// Which one, from 1.
        attempt: u32,
        /// Since when.
        since: Timestamp,
    },
    /// It waits, for all of these reasons.
    Waiting {
        /// What keeps it from starting.
        reasons: Vec<Reason>,
    },
    /// It was given up and lies in the dead letters.
    Dead {
        /// Why.
        reason: String,
    },
    /// It was neither handled nor given up.
    Ended {
        /// How it ended.
        ending: Ending,
        /// When.
        at: Timestamp,
        /// By whom, or because of what.
        note: String,
    },
}
