//! How the parts of the task queue are.

use motia::prelude::*;

use parking_lot::Mutex;

use super::{board::COUNTS, workers::Breaker};

/// What is counted to see whether the store can be written.
const CHECKED: &str = "health";
/// What was seen longer ago than this is of no use: whoever looks has stopped.
const STALE: Duration = Duration::from_secs(60);

/// Whether the store could be written when that was tried last. Asking for health writes nothing.
#[derive(Debug, Default)]
struct Writing(Mutex<Option<(Timestamp, bool)>>);

impl Writing {
    /// A program that has not tried yet is believed.
    fn works(&self, now: Timestamp) -> bool {
        self.0
            .lock()
            .is_none_or(|(at, worked)| worked && now.duration_since(at).unsigned_abs() <= STALE)
    }
}

/// Writes something, and takes note of whether that works.
///
/// # Errors
/// When it does not.
pub async fn check<E>(ctx: &Context<E>) -> StepResult {
    let written = ctx.state.increment(COUNTS, CHECKED, 1).await;
    *ctx.shared::<Writing>().0.lock() = Some((ctx.now(), written.is_ok()));
    written.map(drop).map_err(StepError::from)
}

/// How the parts of the task queue are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Health {
    /// `healthy`, or `unhealthy` when tasks can neither be kept nor worked on.
    pub status: &'static str,
    /// Each part.
    pub components: Components,
    /// Where more is told.
    pub note: Option<&'static str>,
    /// When.
    pub timestamp: Timestamp,
}

/// The parts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Components {
    /// Whether the store can be read and written, under the name that clients know it by.
    pub redis: bool,
    /// Whether tasks can be worked on.
    pub workers: bool,
    /// How the model's circuit stands: `closed`, `open` or `half-open`.
    pub circuit_breaker: &'static str,
}

impl Health {
    /// How they are now.
    pub async fn of<E>(ctx: &Context<E>) -> Self {
        let can_be_read = ctx.state.get(COUNTS, CHECKED).await.is_ok();
        let store = can_be_read && ctx.shared::<Writing>().works(ctx.now());
        // Workers live in this process, and work as long as they can keep what they do.
        let (redis, workers) = (store, store);
        Self {
            status: if store { "healthy" } else { "unhealthy" },
            components: Components { redis, workers, circuit_breaker: Breaker::of(ctx).state },
            note: Some("Use /api/v1/workers/ for detailed circuit breaker status"),
            timestamp: ctx.now(),
        }
    }

    /// Whether tasks can be kept and worked on.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}
