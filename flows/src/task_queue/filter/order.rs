//! What a list is sorted by, and where a card stands in it.

use motia::prelude::*;

use crate::task_queue::{card::Card, task::TaskState};

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called as clients call them")]
pub enum SortBy {
    CreatedAt,
    UpdatedAt,
    CompletedAt,
    State,
    TaskType,
    RetryCount,
    TaskId,
}

/// Where a card stands in a list: those that are equal by what is sorted by stand in the order in which they
/// came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    rank: i128,
    key: String,
}

impl Place {
    /// The place of a card of this key.
    #[must_use]
    pub fn of(by: SortBy, key: String, card: &Card) -> Self {
        Self { rank: by.rank(card), key }
    }

    /// The task.
    pub(super) fn task_id(self) -> String {
        task_of(&self.key).to_owned()
    }

    /// Its key in an index: keys sort as places do.
    #[must_use]
    pub fn index_key(&self) -> String {
        format!("{:020}/{}", self.rank.max(0), self.key)
    }
}

/// The task of a card's key, or of a key in an index.
pub(super) fn task_of(key: &str) -> &str {
    let key = key.split_once('/').map_or(key, |(_, key)| key);
    key.split_once('-').map_or("", |(_, task_id)| task_id)
}

impl SortBy {
    /// What is sorted by under this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "created_at" => Some(Self::CreatedAt),
            "updated_at" => Some(Self::UpdatedAt),
            "completed_at" => Some(Self::CompletedAt),
            "state" => Some(Self::State),
            "task_type" => Some(Self::TaskType),
            "retry_count" => Some(Self::RetryCount),
            "task_id" => Some(Self::TaskId),
            _ => None,
        }
    }

    /// What a card is sorted by, as a number.
    fn rank(self, card: &Card) -> i128 {
        match self {
            Self::CreatedAt => card.created_at.as_nanosecond(),
            Self::UpdatedAt => card.updated_at.as_nanosecond(),
            // What is not completed comes before all that is.
            Self::CompletedAt => card.completed_at.map_or(i128::MIN, Timestamp::as_nanosecond),
            Self::State => {
                let before = |other: &&TaskState| other.name() < card.state.name();
                TaskState::ALL.iter().filter(before).count() as i128
            }
            Self::TaskType => card.task_type as i128,
            Self::RetryCount => card.retry_count.into(),
            Self::TaskId => uuid::Uuid::try_parse(&card.task_id)
                .map_or(0, |id| i128::try_from(id.as_u128()).unwrap_or(i128::MAX)),
        }
    }
}
