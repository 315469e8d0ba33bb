//! The states of tasks, their queues and their types, by the names that clients know.

use motia::prelude::*;

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskState {
    /// It waits for a worker.
    Pending,
    /// A worker has it.
    Active,
    /// Its result is there.
    Completed,
    /// It failed, and nobody decided what becomes of it.
    Failed,
    /// It failed, and is tried again later.
    Scheduled,
    /// It was given up.
    Dlq,
}

impl TaskState {
    /// All states, in the order in which they are told.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Active, Self::Completed, Self::Failed, Self::Scheduled, Self::Dlq];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Scheduled => "SCHEDULED",
            Self::Dlq => "DLQ",
        }
    }

    /// Whether nothing happens to the task any more unless somebody asks for it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Dlq)
    }
}

/// Where a task waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueName {
    /// For its first attempt.
    Primary,
    /// For another attempt, which is due.
    Retry,
    /// Until another attempt is due.
    Scheduled,
    /// For somebody who looks at what was given up.
    Dlq,
}

impl QueueName {
    /// All queues, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Primary, Self::Retry, Self::Scheduled, Self::Dlq];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Retry => "retry",
            Self::Scheduled => "scheduled",
            Self::Dlq => "dlq",
        }
    }

    /// The queue of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.name() == name)
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskType {
    /// A text is summarised.
    Summarize,
    /// A newspaper is taken apart into its articles.
    Pdfxtract,
}
