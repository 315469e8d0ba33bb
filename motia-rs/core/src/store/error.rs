//! How a commit or a read can fail.

use super::delivery::DeliveryId;

/// The store could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was closed, or its writer is gone.
    #[error("the store is closed; nothing was written")]
    Closed,
    /// Another process serves from the same data.
    #[error("{0}")]
    InUse(String),
    /// The data was made by a newer version, or by something else.
    #[error("{0}")]
    Incompatible(String),
    /// The data is damaged.
    #[error("{0}")]
    Corrupt(String),
    /// Reading or writing failed: a full disk, a lost file, a permission.
    #[error("the store failed: {0}")]
    Io(String),
}

/// The batch was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// A version required by the batch is not the one that is kept: somebody else wrote first.
    #[error("`{key}` in `{group}` was changed by somebody else")]
    Conflict {
        /// The state group.
        group: String,
        /// The key in it.
        key: String,
    },
    /// The delivery is settled, or a later attempt has taken it over.
    #[error("delivery {0} was taken over by a later attempt")]
    Superseded(DeliveryId),
    /// There is no such dead letter.
    #[error("no dead letter {0}")]
    NoSuchDeadLetter(DeliveryId),
    /// A queue is as deep as it may be.
    #[error("the queue of `{step}` is full: {limit} events wait (`max_depth`); try again later")]
    QueueFull {
        /// The step.
        step: &'static str,
        /// How deep it may be.
        limit: u64,
        /// How long to wait before trying again.
        retry_after: std::time::Duration,
    },
    /// A counter would leave the range of 64 bits, or the entry is no integer.
    #[error("`{key}` in `{group}` is no integer that can be counted on")]
    NotACounter {
        /// The state group.
        group: String,
        /// The key in it.
        key: String,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommitError {
    /// How long to wait before trying again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::QueueFull { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the same batch may be kept another time.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::QueueFull { .. } | Self::Store(_) => true,
            Self::Superseded(_) | Self::NoSuchDeadLetter(_) | Self::NotACounter { .. } => false,
        }
    }
}
