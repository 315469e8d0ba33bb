//! `GET /api/v1/tasks/`: lists tasks with their contents and results.

use flows::task_queue::{
    TASK_QUEUE,
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

    Ok(ApiResponse::ok(wanted.page(&ctx).await?.read(&ctx).await?))
}

step!(CONFIG, handler);
