//! How a read or write of state can fail.

use crate::{
    schema::Violation,
    store::{CommitError, StoreError},
};

/// A read or write of state failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The key cannot be.
    #[error("a key has between 1 and {limit} bytes; this one has {size}")]
    Key {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The value is too large.
    #[error("the entry `{key}` has {size} bytes; the limit is {limit} (`max_payload`)")]
    TooLarge {
        /// The key.
        key: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The item breaks rules of its stream's schema.
    #[error("the item `{key}` breaks the schema of `{stream}`: {}", listed(violations))]
    Refused {
        /// The stream.
        stream: String,
        /// The item.
        key: String,
        /// Every rule that it breaks.
        violations: Vec<Violation>,
    },
    /// The value does not serialise.
    #[error("the entry `{key}` does not serialise")]
    Encode {
        /// The key.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The entry does not fit the group's type.
    #[error("the entry `{key}` in `{group}` does not fit its type")]
    Decode {
        /// The group.
        group: String,
        /// The key.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StateError {
    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Commit(error) => error.is_transient(),
            Self::Store(_) => true,
            Self::Key { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. }
            | Self::Encode { .. }
            | Self::Decode { .. } => false,
        }
    }
}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
