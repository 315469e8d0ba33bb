//! What a store can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a kept event is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Durability {
    /// In memory: gone when the process is.
    Volatile,
    /// Written at once and synced within 100 ms: survives the process, not always a power cut.
    Relaxed,
    /// Synced before the emit returns: survives `kill -9`, power cut and restart.
    Durable,
}

impl std::fmt::Display for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Volatile => "volatile",
            Self::Relaxed => "relaxed",
            Self::Durable => "durable",
        })
    }
}

/// What a store declares about itself. What an app asks for beyond it is refused at the boot check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Capabilities {
    /// What a resolved commit means.
    pub durability: Durability,
    /// Whether a batch that touches several keys and queues is all or nothing.
    pub atomic_batches: bool,
    /// Whether a delivery can wait for its time.
    pub delay: bool,
    /// Whether state entries can have an end.
    pub expiry: bool,
    /// Whether it keeps lanes: the order of one key, whatever happens to others.
    pub lanes: bool,
    /// Whether it finds what is urgent before what is older.
    pub priorities: bool,
    /// Whether several processes may serve from it at once.
    pub multi_instance: bool,
}

impl Capabilities {
    /// All that a single process needs, at the given durability.
    #[must_use]
    pub const fn embedded(durability: Durability) -> Self {
        Self {
            durability,
            atomic_batches: true,
            delay: true,
            expiry: true,
            lanes: true,
            priorities: true,
            multi_instance: false,
        }
    }
}
