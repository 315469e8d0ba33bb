//! `GET /api/v1/tasks/{task_id}`: tells all there is to know of a task.

use flows::task_queue::{
    TASK_QUEUE,
    wire::{ErrorResponse, TaskDetail, Told as _, not_found},
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), TaskDetail> = ApiConfig::get("GetTask", "/api/v1/tasks/{task_id}")
    .description("Tells all there is to know of a task")
    .replies(&[reply::<ErrorResponse>(404, "There is no such task.")])
    .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<TaskDetail>> {
    let task_id = req.param("task_id").unwrap_or_default();

    let task = TaskDetail::read(&ctx, task_id).await?.ok_or_else(not_found)?;

    Ok(ApiResponse::ok(task))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_task_that_nobody_knows_is_not_found_whatever_its_id() {
        for task_id in ["", "7", "../..", &"x".repeat(10_000)] {
            let (ctx, _probe) = fake();

            let refused = handler(ApiRequest::new(()).with_param("task_id", task_id), ctx).await;

            assert_eq!(refused.unwrap_err().status(), 404, "{task_id}");
        }
    }
}
