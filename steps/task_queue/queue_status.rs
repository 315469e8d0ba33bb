//! `GET /api/v1/queues/status`: tells how the queues stand.

use flows::task_queue::{TASK_QUEUE, queues::QueueStatus};
use motia::prelude::*;

const CONFIG: ApiConfig<(), QueueStatus> = ApiConfig::get("QueueStatus", "/api/v1/queues/status")
    .description("Tells how the queues stand")
    .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<QueueStatus>> {
    Ok(ApiResponse::ok(QueueStatus::read(&ctx).await?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board,
        task::{Task, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn queues_and_states_are_told_with_their_numbers() {
        let (ctx, _probe) = fake();
        let waiting = Task::new(TaskType::Summarize, 5, 3, START);
        let mut completed = Task::new(TaskType::Summarize, 5, 3, START);
        completed.start(START);
        completed.complete(START);
        let mut tx = ctx.transaction();
        [&waiting, &completed].into_iter().for_each(|task| board::put(&mut tx, task));
        tx.commit().await.unwrap();

        let told = json!(handler(ApiRequest::new(()), ctx).await.unwrap().body);

        let queues = json!({ "primary": 1, "retry": 0, "scheduled": 0, "dlq": 0 });
        assert_eq!((&told["queues"], &told["retry_ratio"]), (&queues, &json!(0.3)));
        assert_eq!(
            (&told["states"]["PENDING"], &told["states"]["COMPLETED"]),
            (&json!(1), &json!(1))
        );
    }
}
