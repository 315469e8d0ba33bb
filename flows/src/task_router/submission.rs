//! A task as a client submits it, and how it is kept: once for each idempotency key, and completed at once where
//! its output is known.

use motia::{prelude::*, topic::MemberOf};
use uuid::Uuid;

use super::{
    TaskDue, admission,
    definition::Definition,
    fingerprint,
    record::{RESULTS, SUBMISSIONS, Submission, TASKS, kept},
    settings::ROUTER_KEEP_TASKS,
    task::{Status, Task},
    version::Version,
};

/// Who submits a task and does not say who they are.
const ANYBODY: &str = "anybody";
/// How long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// A task as a client submits it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTask {
    /// Names its definition.
    #[schemars(length(min = 1, max = 100))]
    pub task_id: String,
    /// The newest where nothing is said, or one that is being rolled out.
    pub version: Option<Version>,
    /// What comes in.
    pub input: Value,
    /// Who submits it.
    #[schemars(length(min = 1, max = 200))]
    pub client_id: Option<String>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// A task that is submitted again with it is not run again.
    #[schemars(length(min = 1, max = 200))]
    pub idempotency_key: Option<String>,
}

/// What a client is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Submitted {
    /// Names the task.
    pub id: String,
    /// How far it has come.
    pub status: Status,
}

impl From<&Task> for Submitted {
    fn from(task: &Task) -> Self {
        Self { id: task.id.clone(), status: task.status }
    }
}

impl NewTask {
    /// What is remembered of it, if it has an idempotency key.
    ///
    /// # Errors
    /// Never for what came in as JSON.
    pub fn memo(&self) -> StepResult<Option<Memo>> {
        let Some(key) = &self.idempotency_key else { return Ok(None) };
        let key =
            fingerprint::of(&(client(self.client_id.as_deref()), key)).map_err(StepError::fatal)?;
        Ok(Some(Memo { key, asked: fingerprint::of(self).map_err(StepError::fatal)? }))
    }

    /// The task; completed at once, if its output is known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn into_task<E>(
        self,
        ctx: &Context<E>,
        definition: &Definition,
        id: Uuid,
    ) -> StepResult<Task> {
        let (task_id, version) = (definition.task_id.clone(), definition.version.clone());
        let mut task = Task {
            client_id: self.client_id,
            priority: self.priority.unwrap_or(definition.priority),
            ..Task::submitted(id.to_string(), task_id, version, ctx.now())
        };
        if definition.cache_ttl.is_some() {
            let key = definition.result_key(&self.input).map_err(StepError::fatal)?;
            if let Some(output) = ctx.state.get(RESULTS, &key).await? {
                task.complete(output, ctx.now())?;
                task.cached = true;
            }
        }
        task.input = self.input;
        Ok(task)
    }
}

/// Who submits something.
fn client(id: Option<&str>) -> &str {
    id.unwrap_or(ANYBODY)
}

/// What is remembered of a task that has an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    /// The fingerprint of client and key.
    key: String,
    /// The fingerprint of what was asked for.
    asked: String,
}

impl Memo {
    /// The task that was submitted before under the same key.
    ///
    /// # Errors
    /// 409, when that was another task.
    pub async fn earlier<E>(&self, ctx: &Context<E>) -> StepResult<Option<Submitted>> {
        let Some(submission) = ctx.state.get(SUBMISSIONS, &self.key).await? else {
            return Ok(None);
        };
        if submission.asked != self.asked {
            let detail = "the idempotency key was used for another task";
            return Err(StepError::reject(StatusCode::CONFLICT, detail));
        }
        let task = ctx.state.get(TASKS, &submission.id).await?;
        Ok(task.as_ref().map(Submitted::from))
    }
}

/// Keeps a task within its client's rate, and has it run unless it is over; gives the one that was submitted
/// before under its key, if there is one. All that is written is one commit.
///
/// # Errors
/// 429, when the client submits more than it may; and when the store fails.
pub async fn keep<E, At>(
    ctx: &Context<E>,
    task: &Task,
    definition: &Definition,
    memo: Option<&Memo>,
) -> StepResult<Submitted>
where
    TaskDue: MemberOf<E, At>,
{
    loop {
        let mut tx = ctx.transaction();
        if let Some(memo) = memo {
            // A submission whose task is forgotten is read all the same: only one may take its place.
            if tx.get(SUBMISSIONS, &memo.key).await?.is_some()
                && let Some(earlier) = memo.earlier(ctx).await?
            {
                return Ok(earlier);
            }
            let submission = Submission { id: task.id.clone(), asked: memo.asked.clone() };
            tx.set_for(SUBMISSIONS, &memo.key, &submission, REMEMBERED);
        }
        admission::within_rate(ctx, &mut tx, client(task.client_id.as_deref())).await?;
        if task.status.is_over() {
            tx.set_for(TASKS, &task.id, task, ctx.setting(ROUTER_KEEP_TASKS).get());
        } else {
            tx.set(TASKS, &task.id, task);
            let options = EmitOptions::new().priority(task.priority).cancel_key(task.id.as_str());
            tx.emit_with(TaskDue::of(task, definition), options);
        }
        if kept(tx.commit().await)? {
            return Ok(task.into());
        }
    }
}
