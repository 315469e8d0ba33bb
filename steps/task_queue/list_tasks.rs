//! `GET /api/v1/tasks/`: lists tasks with their contents and results.

use flows::task_queue::{
    TASK_QUEUE, board,
    filter::ListQuery,
    wire::{ErrorResponse, TaskDetail, TaskList},
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), TaskList<TaskDetail>> = ApiConfig::get("ListTasks", "/api/v1/tasks/")
    .description("Lists tasks with their contents and results")
    .query::<ListQuery>()
    .replies(&[reply::<ErrorResponse>(400, "It cannot be sorted like that.")])
    .flows(&[TASK_QUEUE]);

async fn handler(
    req: ApiRequest<()>,
    ctx: Context,
) -> StepResult<ApiResponse<TaskList<TaskDetail>>> {
    let wanted = req.query::<ListQuery>()?.read()?;
    board::tidy(&ctx).await?;

    let page = wanted.page(&ctx).await?;
    let mut tasks = Vec::with_capacity(page.tasks.len());
    for task_id in &page.tasks {
        // One that was deleted meanwhile is left out.
        tasks.extend(TaskDetail::read(&ctx, task_id).await?);
    }

    Ok(ApiResponse::ok(page.with(tasks)))
}

step!(CONFIG, handler);
