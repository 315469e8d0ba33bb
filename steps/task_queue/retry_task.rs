//! `POST /api/v1/tasks/{task_id}/retry`: tries a task again that was given up.

use flows::task_queue::{
    TASK_QUEUE,
    attempt::{self, Emits},
    board,
    task::TaskState,
    wire::{ErrorResponse, LONGEST_ID, TaskResponse, not_found},
};
use motia::prelude::*;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct TaskRetryRequest {
    /// Whether it may be tried again as often as a new one.
    reset_retry_count: bool,
}

const CONFIG: ApiConfig<Option<TaskRetryRequest>, TaskResponse, Emits> =
    ApiConfig::post("RetryTask", "/api/v1/tasks/{task_id}/retry")
        .description("Tries a task again that was given up")
        .replies(&[
            reply::<ErrorResponse>(400, "The task is not in a state to be tried again."),
            reply::<ErrorResponse>(404, "There is no such task."),
        ])
        .flows(&[TASK_QUEUE]);

async fn handler(
    req: ApiRequest<Option<TaskRetryRequest>>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<TaskResponse>> {
    let task_id = req.param("task_id").unwrap_or_default().to_owned();
    let reset = req.body.unwrap_or_default().reset_retry_count;
    if task_id.len() > LONGEST_ID {
        return Err(not_found());
    }

    let now = ctx.now();
    let retried = board::change(&ctx, &task_id, |task, tx| {
        if !matches!(task.state, TaskState::Failed | TaskState::Dlq) {
            let detail = format!("Task in state '{}' cannot be retried", task.state.name());
            return Err(StepError::reject(StatusCode::BAD_REQUEST, detail));
        }
        let mut again = task.clone();
        again.queue_again(reset, now);
        attempt::queue_again(tx, &again);
        Ok(again.into())
    });
    retried.await?.ok_or_else(not_found)?;

    Ok(ApiResponse::ok(TaskResponse { task_id, state: TaskState::Pending }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board::TASKS,
        failure::{Failure, Kind},
        task::{QueueName, Task, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    fn asked(task_id: &str, reset: bool) -> ApiRequest<Option<TaskRetryRequest>> {
        let body = TaskRetryRequest { reset_retry_count: reset };
        ApiRequest::new(Some(body)).with_param("task_id", task_id)
    }

    #[tokio::test]
    async fn a_task_that_was_given_up_is_queued_once_more_and_only_then() {
        let (ctx, probe) = fake();
        let mut task = Task::new(TaskType::Summarize, 5, 3, START);
        task.retry_count = 3;
        task.give_up(&Failure::new(Kind::RateLimit, "429"), START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();

        let first = handler(asked(&task.task_id, true), ctx.clone()).await;
        let second = handler(asked(&task.task_id, true), ctx.clone()).await;
        let unknown = handler(asked("nobody", false), ctx).await;

        assert_eq!(first.unwrap().body.state, TaskState::Pending);
        assert_eq!(second.unwrap_err().status(), 400);
        assert_eq!(unknown.unwrap_err().status(), 404);
        assert_eq!(probe.emissions().len(), 1);
        let retried = probe.state.get(TASKS, &task.task_id).await.unwrap().unwrap();
        assert_eq!((retried.queue, retried.retry_count), (Some(QueueName::Retry), 0));
    }
}
