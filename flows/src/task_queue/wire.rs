//! What clients are told of a task.

use motia::prelude::*;

use super::{
    board::{CONTENTS, RESULTS, TASKS},
    task::{ErrorEntry, StateEntry, Task, TaskState, TaskType},
};

/// The answer to a new task, and to one that is tried again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaskResponse {
    /// Names the task.
    pub task_id: String,
    /// How far it has come.
    pub state: TaskState,
}

/// An error, as this API writes them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorResponse {
    /// What is wrong.
    pub detail: String,
}

/// What is told of a task wherever it is told of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaskFacts {
    /// Names it.
    pub task_id: String,
    /// How far it has come.
    pub state: TaskState,
    /// How often it was tried again.
    pub retry_count: u32,
    /// How often it may be.
    pub max_retries: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Of which kind that was.
    pub error_type: Option<String>,
    /// When it is tried again.
    pub retry_after: Option<Timestamp>,
    /// When it came.
    pub created_at: Timestamp,
    /// When anything happened to it last.
    pub updated_at: Timestamp,
    /// When it was completed or given up.
    pub completed_at: Option<Timestamp>,
    /// What is to be done.
    pub task_type: TaskType,
    /// What went wrong, oldest first.
    pub error_history: Vec<ErrorEntry>,
    /// The states it was in, oldest first.
    pub state_history: Vec<StateEntry>,
}

/// All there is to know of a task.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaskDetail {
    /// What is told of every task.
    #[serde(flatten)]
    pub facts: TaskFacts,
    /// The text to summarise; of a PDF, the name of the file.
    pub content: String,
    /// The summary; of a PDF, its articles as JSON.
    pub result: Option<String>,
}

/// A task in a list: neither its content nor its result, but how long they are and whether they are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaskSummary {
    /// What is told of every task.
    #[serde(flatten)]
    pub facts: TaskFacts,
    /// Characters of the text, or bytes of the PDF.
    pub content_length: u64,
    /// Whether its result is there.
    pub has_result: bool,
}

impl From<Task> for TaskFacts {
    fn from(task: Task) -> Self {
        Self {
            task_id: task.task_id,
            state: task.state,
            retry_count: task.retry_count,
            max_retries: task.max_retries,
            last_error: task.last_error,
            error_type: task.error_type,
            retry_after: task.retry_after,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
            task_type: task.task_type,
            error_history: task.error_history,
            state_history: task.state_history,
        }
    }
}

/// What is told of a task in an answer.
pub trait Told: Sized + Send {
    /// Reads it; `None`: there is no such task.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read<E>(
        ctx: &Context<E>,
        task_id: &str,
    ) -> impl Future<Output = StepResult<Option<Self>>> + Send;
}

impl Told for TaskDetail {
    async fn read<E>(ctx: &Context<E>, task_id: &str) -> StepResult<Option<Self>> {
        // What no id can be is no task.
        if task_id.is_empty() || task_id.len() > LONGEST_ID {
            return Ok(None);
        }
        let Some(task) = ctx.state.get(TASKS, task_id).await? else { return Ok(None) };
        let content = match &task.upload {
            Some(upload) => upload.filename.clone(),
            None => ctx.state.get(CONTENTS, task_id).await?.unwrap_or_default(),
        };
        let result = if task.has_result { ctx.state.get(RESULTS, task_id).await? } else { None };
        Ok(Some(Self { facts: task.into(), content, result }))
    }
}

impl Told for TaskSummary {
    async fn read<E>(ctx: &Context<E>, task_id: &str) -> StepResult<Option<Self>> {
        let task = ctx.state.get(TASKS, task_id).await?;
        Ok(task.map(|task| {
            let Task { content_length, has_result, .. } = task;
            Self { facts: task.into(), content_length, has_result }
        }))
    }
}

/// No id is longer.
pub const LONGEST_ID: usize = 64;

/// A page of tasks.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TaskList<T> {
    /// The tasks.
    pub tasks: Vec<T>,
    /// Which page it is, from 1.
    pub page: usize,
    /// How many tasks a page has.
    pub page_size: usize,
    /// How many tasks there are on all pages.
    pub total_items: usize,
    /// How many pages there are.
    pub total_pages: usize,
    /// The state that was asked for.
    pub status: Option<TaskState>,
}

impl TaskList<String> {
    /// The same page with what is told of its tasks. One that was deleted meanwhile is left out.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read<T: Told, E>(self, ctx: &Context<E>) -> StepResult<TaskList<T>> {
        let Self { tasks: ids, page, page_size, total_items, total_pages, status } = self;
        let mut tasks = Vec::with_capacity(ids.len());
        for task_id in &ids {
            tasks.extend(T::read(ctx, task_id).await?);
        }
        Ok(TaskList { tasks, page, page_size, total_items, total_pages, status })
    }
}

/// The answer where there is no such task.
#[must_use]
pub fn not_found() -> StepError {
    StepError::reject(StatusCode::NOT_FOUND, "Task not found")
}
