//! `POST /api/v1/tasks/summarize/`: takes a text that is to be summarised.

use flows::task_queue::{
    TASK_QUEUE,
    attempt::{self, Emits},
    board::CONTENTS,
    settings::MAX_RETRIES,
    task::{Task, TaskType},
    wire::TaskResponse,
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
struct TaskCreate {
    /// The text.
    #[schemars(length(min = 1))]
    content: String,
}

const CONFIG: ApiConfig<TaskCreate, TaskResponse, Emits> =
    ApiConfig::post("CreateSummaryTask", "/api/v1/tasks/summarize/")
        .description("Takes a text that is to be summarised")
        .status(201)
        .flows(&[TASK_QUEUE]);

async fn handler(
    req: ApiRequest<TaskCreate>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TaskResponse>> {
    let TaskCreate { content } = req.body;
    let length = content.chars().count() as u64;
    let task = Task::new(TaskType::Summarize, length, ctx.setting(MAX_RETRIES), ctx.now());

    let mut tx = ctx.transaction();
    tx.set(CONTENTS, &task.task_id, &content);
    attempt::queue_new(&mut tx, &task);
    tx.commit().await?;

    Ok(ApiResponse::created(TaskResponse { task_id: task.task_id, state: task.state }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{TaskQueued, board::TASKS, queues::QueueStatus};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_text_is_kept_counted_and_queued_in_one() {
        let (ctx, probe) = fake();
        let text = TaskCreate { content: "Ünïcode".into() };

        let reply = handler(ApiRequest::new(text), ctx.clone()).await.unwrap();

        let task_id = reply.body.task_id;
        let queued = TaskQueued { task_id: task_id.clone(), round: 1 };
        assert_eq!((reply.status, probe.emitted()), (StatusCode::CREATED, vec![queued]));
        assert_eq!(probe.emissions()[0].cancel_key.as_deref(), Some(task_id.as_str()));
        let task = probe.state.get(TASKS, &task_id).await.unwrap().unwrap();
        assert_eq!((task.content_length, task.max_retries), (7, 3));
        let status = QueueStatus::read(&ctx).await.unwrap();
        assert_eq!((status.queues.primary, status.states.pending), (1, 1));
    }

    #[tokio::test]
    async fn a_text_that_cannot_be_kept_is_not_acknowledged() {
        let (ctx, probe) = fake();
        probe.break_store().await;

        let failed = handler(ApiRequest::new(TaskCreate { content: "x".into() }), ctx).await;

        assert!(failed.is_err());
    }
}
