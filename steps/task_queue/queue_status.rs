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
        failure::{Failure, Kind},
        task::{Task, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn a_task_whose_time_has_come_stands_in_the_retry_queue() {
        let (ctx, probe) = fake();
        let mut task = Task::new(TaskType::Summarize, 5, 3, START);
        task.start(START);
        let due = START.checked_add(Duration::from_secs(5)).unwrap();
        task.schedule(&Failure::new(Kind::ServiceUnavailable, "503"), due, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        let status = async || handler(ApiRequest::new(()), ctx.clone()).await.unwrap().body;

        let before = status().await;
        probe.advance(Duration::from_secs(5));
        let after = status().await;

        assert_eq!((before.queues.scheduled, before.states.scheduled), (1, 1));
        assert_eq!((after.queues.scheduled, after.states.scheduled), (0, 0));
        assert_eq!((after.queues.retry, after.states.pending), (1, 1));
    }
}
