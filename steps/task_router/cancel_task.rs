//! `DELETE /router/tasks/{id}`: cancels a task, wherever it is.

use flows::task_router::{
    TASK_ROUTER,
    record::{Unchanged, change},
    settings::ROUTER_KEEP_TASKS,
    task::{Status, Task},
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Task> =
    ApiConfig::new("CancelTask", Method::Delete, "/router/tasks/{id}")
        .description("Cancels a task, wherever it is")
        .flows(&[TASK_ROUTER])
        .replies(&[
            rejection(404, "there is no such task"),
            rejection(409, "the task is over already"),
        ]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Task>> {
    let id = req.param("id").unwrap_or_default();
    let keep = ctx.setting(ROUTER_KEEP_TASKS).get();

    // First the record: an attempt that ends meanwhile finds that nobody wants its output.
    let task = match change(&ctx, id, keep, Task::cancel).await? {
        Ok(task) => task,
        Err(Unchanged::Illegal(task, _)) if task.status == Status::Cancelled => *task,
        Err(Unchanged::Illegal(..)) => {
            return Err(StepError::reject(StatusCode::CONFLICT, "the task is over already"));
        }
        Err(Unchanged::Missing) => {
            return Err(StepError::reject(StatusCode::NOT_FOUND, "there is no such task"));
        }
    };
    ctx.cancel(Cancel::Key(id)).await?;

    Ok(ApiResponse::ok(task))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::record::TASKS;
    use motia_testkit::fake;

    use super::*;

    fn request() -> ApiRequest<()> {
        ApiRequest::new(()).with_param("id", "t-1")
    }

    fn task(now: Timestamp) -> Task {
        Task::submitted("t-1".into(), "summarize".into(), "1".parse().unwrap(), now)
    }

    #[tokio::test]
    async fn a_task_is_cancelled_with_its_event_and_again_without_harm() {
        let (ctx, probe) = fake();
        probe.state.set(TASKS, "t-1", &task(ctx.now())).await.unwrap();

        let first = handler(request(), ctx.clone()).await.unwrap();
        let again = handler(request(), ctx).await.unwrap();

        assert_eq!((first.body.status, again.body.status), (Status::Cancelled, Status::Cancelled));
        assert_eq!(probe.cancellations(), ["key t-1", "key t-1"]);
    }

    #[tokio::test]
    async fn what_is_over_cannot_be_cancelled_and_what_is_not_there_neither() {
        let (ctx, probe) = fake();
        assert_eq!(handler(request(), ctx.clone()).await.unwrap_err().status(), 404);
        let mut done = task(ctx.now());
        done.complete(json!(1), ctx.now()).unwrap();
        probe.state.set(TASKS, "t-1", &done).await.unwrap();

        let refused = handler(request(), ctx).await.unwrap_err();

        assert_eq!(refused.status(), 409);
        assert!(probe.cancellations().is_empty());
    }
}
