//! Cards: what lists choose and sort by, kept beside each task in the order in which tasks came, so that a list
//! reads the part of them that it shows.

use motia::{
    context::{State, StateError, Transaction},
    prelude::*,
    store::PageRequest,
};

use super::task::{QueueName, Task, TaskState, TaskType};

/// The cards of all tasks.
pub const CARDS: StateGroup<Card> = StateGroup::new("task-queue.cards");

const PENDING: StateGroup<Card> = StateGroup::new("task-queue.state.pending");
const ACTIVE: StateGroup<Card> = StateGroup::new("task-queue.state.active");
const COMPLETED: StateGroup<Card> = StateGroup::new("task-queue.state.completed");
const FAILED: StateGroup<Card> = StateGroup::new("task-queue.state.failed");
const SCHEDULED: StateGroup<Card> = StateGroup::new("task-queue.state.scheduled");
const DLQ: StateGroup<Card> = StateGroup::new("task-queue.state.dlq");

/// What lists choose and sort by, kept beside each task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The task.
    pub task_id: String,
    /// What is to be done.
    pub task_type: TaskType,
    /// How far it has come.
    pub state: TaskState,
    /// Where it waits.
    pub queue: Option<QueueName>,
    /// How often it was tried again.
    pub retry_count: u32,
    /// When it came.
    pub created_at: Timestamp,
    /// When anything happened to it last.
    pub updated_at: Timestamp,
    /// When it was completed or given up.
    pub completed_at: Option<Timestamp>,
}

impl Card {
    /// The card of a task.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        Self {
            task_id: task.task_id.clone(),
            task_type: task.task_type,
            state: task.state,
            queue: task.queue,
            retry_count: task.retry_count,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}

/// The cards of the tasks in a state.
#[must_use]
pub const fn cards(state: TaskState) -> StateGroup<Card> {
    match state {
        TaskState::Pending => PENDING,
        TaskState::Active => ACTIVE,
        TaskState::Completed => COMPLETED,
        TaskState::Failed => FAILED,
        TaskState::Scheduled => SCHEDULED,
        TaskState::Dlq => DLQ,
    }
}

/// The key of a card: keys sort as tasks came, and as their ids do where that was at once.
#[must_use]
pub fn key(task: &Task) -> String {
    format!("{}{}", came_at(task.created_at), task.task_id)
}

/// How the keys of all cards begin whose tasks came at an instant.
#[must_use]
pub fn came_at(instant: Timestamp) -> String {
    format!("{:020}-", instant.as_nanosecond().max(0))
}

/// Lays out a task's card.
pub fn lay<E>(tx: &mut Transaction<E>, task: &Task) {
    let (key, card) = (key(task), Card::of(task));
    tx.set(CARDS, &key, &card);
    tx.set(cards(task.state), &key, &card);
}

/// Takes a task's card up.
pub fn lift<E>(tx: &mut Transaction<E>, task: &Task) {
    let key = key(task);
    tx.delete(CARDS, &key);
    tx.delete(cards(task.state), &key);
}

/// Reads the cards of a group, a page at a time, in the order in which the tasks came.
#[derive(Debug)]
pub struct Reading<'s> {
    state: &'s State,
    group: StateGroup<Card>,
    /// Where the next page begins; `None` when there is none.
    after: Option<String>,
}

impl<'s> Reading<'s> {
    /// All of them.
    #[must_use]
    pub fn all(state: &'s State, group: StateGroup<Card>) -> Self {
        Self { state, group, after: Some(String::new()) }
    }

    /// Those of tasks that came at an instant or later.
    #[must_use]
    pub fn since(state: &'s State, group: StateGroup<Card>, instant: Timestamp) -> Self {
        Self { after: Some(came_at(instant)), ..Self::all(state, group) }
    }

    /// The next page, with the keys of the cards; `None` behind the last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn page(&mut self) -> Result<Option<Vec<(String, Card)>>, StateError> {
        let Some(after) = self.after.take() else { return Ok(None) };
        let group = self.state.group(self.group).limit(PageRequest::MAX);
        let page = if after.is_empty() { group.await? } else { group.after(after).await? };
        self.after = page.next;
        Ok(Some(page.items))
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::START;

    use super::*;

    #[test]
    fn keys_sort_as_tasks_came() {
        let task = |nanos| {
            let now = START.checked_add(Duration::from_nanos(nanos)).unwrap();
            Task::new(TaskType::Summarize, 1, 3, now)
        };
        let keys: Vec<_> =
            [0, 1, 9, 10, 1_000_000_000].into_iter().map(|at| key(&task(at))).collect();

        assert!(keys.is_sorted());
        assert!(came_at(START) < keys[0] && keys[0] < came_at(task(1).created_at));
    }
}
