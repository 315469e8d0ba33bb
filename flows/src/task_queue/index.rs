//! Where tasks stand in lists that are sorted by something else than when they came: kept in the commits that
//! change the tasks, so that a list reads the part of it that it shows.
//!
//! Sorted by id they stand in [`TASKS`] itself, and by state in the groups of their cards.
//!
//! [`TASKS`]: super::board::TASKS

use motia::{context::Transaction, prelude::*};

use super::{
    card::{self, Card},
    filter::{Place, SortBy},
    task::Task,
};

const BY_UPDATE: StateGroup<()> = StateGroup::new("task-queue.by.updated_at");
const BY_COMPLETION: StateGroup<()> = StateGroup::new("task-queue.by.completed_at");
const BY_TYPE: StateGroup<()> = StateGroup::new("task-queue.by.task_type");
const BY_RETRIES: StateGroup<()> = StateGroup::new("task-queue.by.retry_count");

/// What there is an index of.
const INDEXED: [SortBy; 4] =
    [SortBy::UpdatedAt, SortBy::CompletedAt, SortBy::TaskType, SortBy::RetryCount];

/// The places of all tasks in a list that is sorted so, if that is kept.
#[must_use]
pub const fn of(by: SortBy) -> Option<StateGroup<()>> {
    match by {
        SortBy::UpdatedAt => Some(BY_UPDATE),
        SortBy::CompletedAt => Some(BY_COMPLETION),
        SortBy::TaskType => Some(BY_TYPE),
        SortBy::RetryCount => Some(BY_RETRIES),
        SortBy::CreatedAt | SortBy::State | SortBy::TaskId => None,
    }
}

/// Every index.
pub(super) fn all() -> impl Iterator<Item = StateGroup<()>> {
    INDEXED.into_iter().filter_map(of)
}

/// Moves a task from where it stood, if it did, to where it stands now, if it does. What stays where it was is
/// not written.
pub fn change<E>(tx: &mut Transaction<E>, before: Option<&Task>, after: Option<&Task>) {
    for by in INDEXED {
        let Some(group) = of(by) else { continue };
        let key = |task: &Task| Place::of(by, card::key(task), &Card::of(task)).index_key();
        let (before, after) = (before.map(key), after.map(key));
        if before == after {
            continue;
        }
        if let Some(key) = before {
            tx.delete(group, &key);
        }
        if let Some(key) = after {
            tx.set(group, &key, &());
        }
    }
}
