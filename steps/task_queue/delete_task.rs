//! `DELETE /api/v1/tasks/{task_id}`: removes a task wherever it is, and all that is kept of it.

use flows::task_queue::{
    TASK_QUEUE,
    board::{self, Change},
    spool::Spool,
    wire::{ErrorResponse, LONGEST_ID, not_found},
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct TaskDeleteResponse {
    /// The task that is gone.
    task_id: String,
    /// What was done.
    message: String,
}

const CONFIG: ApiConfig<(), TaskDeleteResponse> =
    ApiConfig::delete("DeleteTask", "/api/v1/tasks/{task_id}")
        .description("Removes a task wherever it is, and all that is kept of it")
        .replies(&[reply::<ErrorResponse>(404, "There is no such task.")])
        .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<TaskDeleteResponse>> {
    let task_id = req.param("task_id").unwrap_or_default().to_owned();
    if task_id.len() > LONGEST_ID {
        return Err(not_found());
    }

    let gone = board::change(&ctx, &task_id, |_, _| Ok(Change::Gone));
    gone.await?.ok_or_else(not_found)?;
    // An attempt that still runs is stopped; its end would find no task.
    ctx.cancel(Cancel::Key(&task_id)).await?;
    Spool::of(&ctx).remove(&task_id).await?;

    let message = format!("Task {task_id} and all associated data have been permanently deleted");
    Ok(ApiResponse::ok(TaskDeleteResponse { task_id, message }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        queues::QueueStatus,
        task::{Task, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn a_task_goes_with_its_attempts_and_nobody_counts_it_any_more() {
        let (ctx, probe) = fake();
        let task = Task::new(TaskType::Summarize, 5, 3, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        let asked = || ApiRequest::new(()).with_param("task_id", task.task_id.as_str());

        let deleted = handler(asked(), ctx.clone()).await.unwrap();
        let again = handler(asked(), ctx.clone()).await;

        assert_eq!(deleted.body.task_id, task.task_id);
        assert_eq!(again.unwrap_err().status(), 404);
        assert_eq!(probe.cancellations(), [format!("key {}", task.task_id)]);
        let status = QueueStatus::read(&ctx).await.unwrap();
        assert_eq!((status.queues.primary, status.states.pending), (0, 0));
    }
}
