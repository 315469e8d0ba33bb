//! Where tasks stand: by state, by queue, and how many. Each change of a task is one commit that moves its
//! [card](super::card) and counts it, so that lists and numbers agree.

use motia::{context::Transaction, prelude::*};

use super::{
    articles::Page,
    card, index,
    task::{QueueName, Task, TaskState},
};

/// Every task, by id, without its content and its result.
pub const TASKS: StateGroup<Task> = StateGroup::new("task-queue.tasks");
/// The texts that are to be summarised, by task.
pub const CONTENTS: StateGroup<String> = StateGroup::new("task-queue.contents");
/// The results, by task.
pub const RESULTS: StateGroup<String> = StateGroup::new("task-queue.results");
/// The pages that are done of newspapers under way, by task: an attempt goes on where the last one stopped.
pub const PROGRESS: StateGroup<Vec<Page>> = StateGroup::new("task-queue.progress");
/// How many tasks are in each state and each queue.
pub const COUNTS: StateGroup<i64> = StateGroup::new("task-queue.counts");

const IN_PRIMARY: StateGroup<String> = StateGroup::new("task-queue.queue.primary");
const IN_RETRY: StateGroup<String> = StateGroup::new("task-queue.queue.retry");
const IN_SCHEDULED: StateGroup<String> = StateGroup::new("task-queue.queue.scheduled");
const IN_DLQ: StateGroup<String> = StateGroup::new("task-queue.queue.dlq");

/// The ids of the tasks in a queue, in its order.
#[must_use]
pub const fn line(queue: QueueName) -> StateGroup<String> {
    match queue {
        QueueName::Primary => IN_PRIMARY,
        QueueName::Retry => IN_RETRY,
        QueueName::Scheduled => IN_SCHEDULED,
        QueueName::Dlq => IN_DLQ,
    }
}

/// A place in a queue: by time, and by task where that is the same.
fn place(task: &Task) -> String {
    format!("{:020}-{}", task.queued_at.as_microsecond(), task.task_id)
}

/// The name of a state's number.
#[must_use]
pub fn state_count(state: TaskState) -> String {
    format!("state.{}", state.name())
}

/// The name of a queue's number.
#[must_use]
pub fn queue_count(queue: QueueName) -> String {
    format!("queue.{}", queue.name())
}

/// Puts a new task on the board.
pub fn put<E>(tx: &mut Transaction<E>, task: &Task) {
    lay(tx, task);
    index::change(tx, None, Some(task));
}

fn lay<E>(tx: &mut Transaction<E>, task: &Task) {
    tx.set(TASKS, &task.task_id, task);
    card::lay(tx, task);
    tx.increment(COUNTS, &state_count(task.state), 1);
    if let Some(queue) = task.queue {
        tx.set(line(queue), &place(task), &task.task_id);
        tx.increment(COUNTS, &queue_count(queue), 1);
    }
}

/// Takes a task off the board, with all that is kept of it.
pub fn remove<E>(tx: &mut Transaction<E>, task: &Task) {
    lift(tx, task);
    index::change(tx, Some(task), None);
    tx.delete(TASKS, &task.task_id);
    tx.delete(CONTENTS, &task.task_id);
    tx.delete(RESULTS, &task.task_id);
    tx.delete(PROGRESS, &task.task_id);
}

fn lift<E>(tx: &mut Transaction<E>, task: &Task) {
    card::lift(tx, task);
    tx.increment(COUNTS, &state_count(task.state), -1);
    if let Some(queue) = task.queue {
        tx.delete(line(queue), &place(task));
        tx.increment(COUNTS, &queue_count(queue), -1);
    }
}

/// What is to become of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Nothing.
    None,
    /// It is this now.
    To(Box<Task>),
    /// It goes.
    Gone,
}

impl From<Task> for Change {
    fn from(task: Task) -> Self {
        Self::To(Box::new(task))
    }
}

/// Changes a task in one commit with whatever else `decide` writes; `decide` is asked again when somebody
/// else changed the task meanwhile. Gives the task as it was before; `None`: there is none.
///
/// # Errors
/// What `decide` fails with, or the commit.
pub async fn change<E>(
    ctx: &Context<E>,
    task_id: &str,
    decide: impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
) -> StepResult<Option<Task>> {
    insist(ctx, task_id, decide, false).await
}

/// The same, and acknowledges the event that is handled in the same commit.
///
/// # Errors
/// What `decide` fails with, or the commit.
pub async fn change_and_ack<E>(
    ctx: &Context<E>,
    task_id: &str,
    decide: impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
) -> StepResult<Option<Task>> {
    insist(ctx, task_id, decide, true).await
}

async fn insist<E>(
    ctx: &Context<E>,
    task_id: &str,
    mut decide: impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
    acknowledge: bool,
) -> StepResult<Option<Task>> {
    loop {
        let Some((task, tx)) = changed(ctx, task_id, &mut decide).await? else { return Ok(None) };
        let committed = if acknowledge { tx.commit_and_ack().await } else { tx.commit().await };
        match committed {
            Ok(_) => return Ok(Some(task)),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn changed<E>(
    ctx: &Context<E>,
    task_id: &str,
    decide: &mut impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
) -> StepResult<Option<(Task, Transaction<E>)>> {
    let mut tx = ctx.transaction();
    let Some(task) = tx.get(TASKS, task_id).await? else { return Ok(None) };
    match decide(&task, &mut tx)? {
        Change::None => {}
        Change::To(next) => {
            lift(&mut tx, &task);
            lay(&mut tx, &next);
            index::change(&mut tx, Some(&task), Some(&next));
        }
        Change::Gone => remove(&mut tx, &task),
    }
    Ok(Some((task, tx)))
}
