//! Where tasks stand: by state, by queue, and how many. Each change of a task is one commit that moves its
//! card and counts it, so that lists and numbers agree.

use motia::{
    context::{StateError, Transaction, TransactionError},
    prelude::*,
    store::CommitError,
};

use super::{
    articles::Page,
    task::{QueueName, Task, TaskState, TaskType},
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

const PENDING: StateGroup<Card> = StateGroup::new("task-queue.state.pending");
const ACTIVE: StateGroup<Card> = StateGroup::new("task-queue.state.active");
const COMPLETED: StateGroup<Card> = StateGroup::new("task-queue.state.completed");
const FAILED: StateGroup<Card> = StateGroup::new("task-queue.state.failed");
const SCHEDULED: StateGroup<Card> = StateGroup::new("task-queue.state.scheduled");
const DLQ: StateGroup<Card> = StateGroup::new("task-queue.state.dlq");

const IN_PRIMARY: StateGroup<String> = StateGroup::new("task-queue.queue.primary");
const IN_RETRY: StateGroup<String> = StateGroup::new("task-queue.queue.retry");
const IN_SCHEDULED: StateGroup<String> = StateGroup::new("task-queue.queue.scheduled");
const IN_DLQ: StateGroup<String> = StateGroup::new("task-queue.queue.dlq");

/// What lists choose and sort by, kept beside each task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
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
    fn of(task: &Task) -> Self {
        Self {
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

/// The cards of the tasks in a state, by id.
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

/// Whether a place in a queue is that of an instant up to `now`.
#[must_use]
pub fn is_due(place: &str, now: Timestamp) -> bool {
    place
        .split('-')
        .next()
        .and_then(|at| at.parse().ok())
        .is_some_and(|at: i64| at <= now.as_microsecond())
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
    tx.set(TASKS, &task.task_id, task);
    tx.set(cards(task.state), &task.task_id, &Card::of(task));
    tx.increment(COUNTS, &state_count(task.state), 1);
    if let Some(queue) = task.queue {
        tx.set(line(queue), &place(task), &task.task_id);
        tx.increment(COUNTS, &queue_count(queue), 1);
    }
}

/// Takes a task off the board, with all that is kept of it.
pub fn remove<E>(tx: &mut Transaction<E>, task: &Task) {
    lift(tx, task);
    tx.delete(TASKS, &task.task_id);
    tx.delete(CONTENTS, &task.task_id);
    tx.delete(RESULTS, &task.task_id);
    tx.delete(PROGRESS, &task.task_id);
}

fn lift<E>(tx: &mut Transaction<E>, task: &Task) {
    tx.delete(cards(task.state), &task.task_id);
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
    mut decide: impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
) -> StepResult<Option<Task>> {
    loop {
        let Some((task, tx)) = changed(ctx, task_id, &mut decide).await? else { return Ok(None) };
        match tx.commit().await {
            Ok(_) => return Ok(Some(task)),
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The same, and acknowledges the event that is handled in the same commit.
///
/// # Errors
/// What `decide` fails with, or the commit.
pub async fn change_and_ack<E>(
    ctx: &Context<E>,
    task_id: &str,
    mut decide: impl FnMut(&Task, &mut Transaction<E>) -> StepResult<Change>,
) -> StepResult<Option<Task>> {
    loop {
        let Some((task, tx)) = changed(ctx, task_id, &mut decide).await? else { return Ok(None) };
        match tx.commit_and_ack().await {
            Ok(_) => return Ok(Some(task)),
            Err(error) if is_conflict(&error) => {}
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
            put(&mut tx, &next);
        }
        Change::Gone => remove(&mut tx, &task),
    }
    Ok(Some((task, tx)))
}

/// Whether somebody else was faster.
fn is_conflict(error: &TransactionError) -> bool {
    matches!(error, TransactionError::Commit(CommitError::Conflict { .. }))
}

/// Moves the tasks whose time has come from `scheduled` to `retry`; whoever looks at the board does this
/// first. Their attempts start by themselves.
///
/// # Errors
/// When the board cannot be read or written.
pub async fn tidy<E>(ctx: &Context<E>) -> StepResult {
    let now = ctx.now();
    loop {
        let first = ctx.state.group(line(QueueName::Scheduled)).limit(TIDIED_AT_ONCE).await?;
        let due: Vec<_> = first.items.iter().filter(|(place, _)| is_due(place, now)).collect();
        for (_, task_id) in &due {
            change(ctx, task_id, |task, _| {
                if task.state != TaskState::Scheduled || task.queued_at > now {
                    return Ok(Change::None);
                }
                let mut task = task.clone();
                task.fall_due(now);
                Ok(task.into())
            })
            .await?;
        }
        if due.len() < TIDIED_AT_ONCE {
            return Ok(());
        }
    }
}

/// How much of the board is read at once.
const MOST_AT_ONCE: usize = 1000;
/// How many places are looked at whose time may have come.
const TIDIED_AT_ONCE: usize = 100;

/// All cards of some states.
///
/// # Errors
/// When the board cannot be read.
pub async fn read<E>(
    ctx: &Context<E>,
    states: &[TaskState],
) -> Result<Vec<(String, Card)>, StateError> {
    let mut found = Vec::new();
    for state in states {
        let mut page = ctx.state.group(cards(*state)).limit(MOST_AT_ONCE).await?;
        loop {
            found.append(&mut page.items);
            let Some(last) = page.next else { break };
            page = ctx.state.group(cards(*state)).limit(MOST_AT_ONCE).after(last).await?;
        }
    }
    Ok(found)
}
