//! The changes of a task in the state, each in one piece.

use motia::{
    context::{Transaction, TransactionError},
    prelude::*,
    store::CommitError,
};

use super::task::{IllegalMove, Task};

/// Every task, by id. One that is over is forgotten after `ROUTER_KEEP_TASKS`.
pub const TASKS: StateGroup<Task> = StateGroup::new("router-tasks");
/// The tasks that were submitted under an idempotency key, by its fingerprint.
pub const SUBMISSIONS: StateGroup<Submission> = StateGroup::new("router-submissions");
/// Outputs that serve for equal inputs, by definition, version and fingerprint of the input.
pub const RESULTS: StateGroup<Value> = StateGroup::new("router-results");

/// A task that was submitted under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The task.
    pub id: String,
    /// The fingerprint of what was asked for.
    pub asked: String,
}

/// A change could not be made.
#[derive(Debug)]
pub enum Unchanged {
    /// There is no such task.
    Missing,
    /// It is in a status that does not allow it.
    Illegal(Box<Task>, IllegalMove),
}

/// Changes a task in one piece, whoever else does so too; `keep` is for how long it is kept when it is
/// over then.
///
/// # Errors
/// When the store fails.
pub async fn change<E>(
    ctx: &Context<E>,
    id: &str,
    keep: Duration,
    change: impl Fn(&mut Task, Timestamp) -> Result<(), IllegalMove>,
) -> StepResult<Result<Task, Unchanged>> {
    loop {
        let Some(seen) = Seen::read(ctx, id).await? else { return Ok(Err(Unchanged::Missing)) };
        if let Some(changed) = seen.change(ctx, keep, &change).await? {
            return Ok(changed);
        }
    }
}

/// A task as it was read. A change of it holds only if nobody else changed it since.
#[derive(Debug)]
pub struct Seen<E> {
    /// The task.
    pub task: Task,
    tx: Transaction<E>,
}

impl<E> Seen<E> {
    /// Reads a task; `None`: there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(ctx: &Context<E>, id: &str) -> StepResult<Option<Self>> {
        let mut tx = ctx.transaction();
        Ok(tx.get(TASKS, id).await?.map(|task| Self { task, tx }))
    }

    /// Changes it in one piece; `None`: somebody else changed it since, so that it has to be read again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change(
        self,
        ctx: &Context<E>,
        keep: Duration,
        change: impl Fn(&mut Task, Timestamp) -> Result<(), IllegalMove>,
    ) -> StepResult<Option<Result<Task, Unchanged>>> {
        let Self { mut task, mut tx } = self;
        if let Err(illegal) = change(&mut task, ctx.now()) {
            return Ok(Some(Err(Unchanged::Illegal(Box::new(task), illegal))));
        }
        if task.status.is_over() {
            tx.set_for(TASKS, &task.id, &task, keep);
        } else {
            tx.set(TASKS, &task.id, &task);
        }
        Ok(kept(tx.commit().await)?.then_some(Ok(task)))
    }
}

/// Whether a transaction was kept; if not, somebody else wrote to what it read, and it is to be made
/// again.
///
/// # Errors
/// When it failed for another reason.
pub fn kept<T>(committed: Result<T, TransactionError>) -> StepResult<bool> {
    match committed {
        Ok(_) => Ok(true),
        Err(TransactionError::Commit(CommitError::Conflict { .. })) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
