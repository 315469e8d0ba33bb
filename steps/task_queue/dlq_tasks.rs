//! `GET /api/v1/queues/dlq`: tells of the tasks that were given up.

use flows::task_queue::{
    TASK_QUEUE, board,
    task::QueueName,
    wire::{TaskDetail, Told as _},
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
struct DlqQuery {
    /// At most so many: 100 where nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

const CONFIG: ApiConfig<(), Vec<TaskDetail>> = ApiConfig::get("DlqTasks", "/api/v1/queues/dlq")
    .description("Tells of the tasks that were given up")
    .query::<DlqQuery>()
    .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Vec<TaskDetail>>> {
    let limit = req.query::<DlqQuery>()?.limit.unwrap_or(100);

    let page = ctx.state.group(board::line(QueueName::Dlq)).limit(limit).await?;
    let mut tasks = Vec::with_capacity(page.items.len());
    for (_, task_id) in &page.items {
        tasks.extend(TaskDetail::read(&ctx, task_id).await?);
    }

    Ok(ApiResponse::ok(tasks))
}

step!(CONFIG, handler);
