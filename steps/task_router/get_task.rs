//! `GET /router/tasks/{id}`: a task, how far it has come, and when it got there.

use flows::task_router::{TASK_ROUTER, record::TASKS, task::Task};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Task> = ApiConfig::get("GetRoutedTask", "/router/tasks/{id}")
    .description("Gives a task with its lifecycle and its attempts")
    .flows(&[TASK_ROUTER])
    .replies(&[rejection(404, "there is no such task")]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Task>> {
    let task = ctx.state.get(TASKS, req.param("id").unwrap_or_default()).await?;

    Ok(ApiResponse::ok(task.or_reject(StatusCode::NOT_FOUND, "there is no such task")?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_task_that_is_not_there_is_not_found() {
        let (ctx, _probe) = fake();

        let refused = handler(ApiRequest::new(()).with_param("id", "t-1"), ctx).await;

        assert_eq!(refused.unwrap_err().status(), 404);
    }
}
