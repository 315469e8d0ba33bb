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

/// What there is an index of, and where.
const INDEXES: [(SortBy, StateGroup<()>); 4] = [
    (SortBy::UpdatedAt, StateGroup::new("task-queue.by.updated_at")),
    (SortBy::CompletedAt, StateGroup::new("task-queue.by.completed_at")),
    (SortBy::TaskType, StateGroup::new("task-queue.by.task_type")),
    (SortBy::RetryCount, StateGroup::new("task-queue.by.retry_count")),
];

/// The places of all tasks in a list that is sorted so, if that is kept.
#[must_use]
pub fn of(by: SortBy) -> Option<StateGroup<()>> {
    INDEXES.into_iter().find(|(sorted, _)| *sorted == by).map(|(_, group)| group)
}

/// Every index.
pub(super) fn all() -> impl Iterator<Item = StateGroup<()>> {
    INDEXES.into_iter().map(|(_, group)| group)
}

/// Moves a task from where it stood, if it did, to where it stands now, if it does. What stays where it was is
/// not written.
pub fn change<E>(tx: &mut Transaction<E>, before: Option<&Task>, after: Option<&Task>) {
    for (by, group) in INDEXES {
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
