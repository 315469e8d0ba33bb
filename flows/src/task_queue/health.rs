//! How the parts of the task queue are.

use motia::prelude::*;

use super::{board::COUNTS, workers::Breaker};

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
        // What can be counted by nothing can be read and written.
        let store = ctx.state.increment(COUNTS, "health", 0).await.is_ok();
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
