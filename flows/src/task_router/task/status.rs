//! The statuses of a task, and which of them leads to which.

use motia::prelude::*;

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its turn.
    Pending,
    /// An executor was chosen.
    Routed,
    /// The executor has it.
    Running,
    /// It waits to be tried again.
    Retrying,
    /// It worked out.
    Completed,
    /// It was given up.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

/// A status and when it was reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// The status.
    pub status: Status,
    /// When.
    pub at: Timestamp,
}

/// The task is in a status from which it cannot get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {from:?} cannot become {to:?}")]
pub struct IllegalMove {
    /// Where it is.
    pub from: Status,
    /// Where it was to go.
    pub to: Status,
}

impl Status {
    /// Whether nothing is left to do.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    pub(super) const fn may_become(self, next: Self) -> bool {
        use Status::{Cancelled, Completed, Failed, Pending, Retrying, Routed, Running};
        match next {
            Pending => false,
            Routed => matches!(self, Pending | Retrying),
            Running => matches!(self, Routed),
            // One that failed is tried again when somebody redrives it.
            Retrying => matches!(self, Routed | Running | Failed),
            // Of one that waits the output may be known already.
            Completed => matches!(self, Running | Pending),
            Failed | Cancelled => !self.is_over(),
        }
    }
}
