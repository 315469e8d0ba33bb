//! `GET /api/v1/queues/{queue_name}/tasks`: names the first tasks of a queue.

use flows::task_queue::{TASK_QUEUE, board, task::QueueName};
use motia::{
    prelude::*,
    schema::{Place, Violation},
};

#[derive(Debug, Deserialize, JsonSchema)]
struct QueueQuery {
    /// At most so many: 10 where nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

const CONFIG: ApiConfig<(), Vec<String>> =
    ApiConfig::get("QueueTasks", "/api/v1/queues/{queue_name}/tasks")
        .description("Names the first tasks of a queue")
        .query::<QueueQuery>()
        .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Vec<String>>> {
    let limit = req.query::<QueueQuery>()?.limit.unwrap_or(10);
    let named = req.param("queue_name").and_then(QueueName::named);
    let queue = named.ok_or_else(unknown)?;

    let page = ctx.state.group(board::line(queue)).limit(limit).await?;

    Ok(ApiResponse::ok(page.items.into_iter().map(|(_, task_id)| task_id).collect()))
}

fn unknown() -> StepError {
    let known = "Input should be 'primary', 'retry', 'scheduled' or 'dlq'";
    let violation = Violation::new("/queue_name", known).within(Place::Path).of_rule("enum");
    StepError::Reject(Box::new(Problem::violations(vec![violation])))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::task::{Task, TaskType};
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn the_first_that_came_is_the_first_that_is_named() {
        let (ctx, _probe) = fake();
        let tasks = [0, 1, 2].map(|n| {
            let now = START.checked_add(Duration::from_secs(n)).unwrap();
            Task::new(TaskType::Summarize, n, 3, now)
        });
        let mut tx = ctx.transaction();
        tasks.iter().rev().for_each(|task| board::put(&mut tx, task));
        tx.commit().await.unwrap();
        let asked =
            |queue: &str| ApiRequest::new(()).with_param("queue_name", queue).with_query("limit=2");

        let named = handler(asked("primary"), ctx.clone()).await.unwrap().body;
        let unknown = handler(asked("secondary"), ctx).await;

        assert_eq!(named, [tasks[0].task_id.clone(), tasks[1].task_id.clone()]);
        assert!(unknown.is_err());
    }
}
