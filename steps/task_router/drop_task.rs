//! On `router.task.dropped`: its event was cancelled, by whichever way, so nobody runs the task any more.

use flows::task_router::{
    TASK_ROUTER, TaskDropped, record::change, settings::ROUTER_KEEP_TASKS, task::Task,
};
use motia::prelude::*;

const CONFIG: EventConfig<TaskDropped> = EventConfig::new("DropTask")
    .description("Notes that a task is cancelled whose event was")
    .flows(&[TASK_ROUTER]);

async fn handler(TaskDropped { id }: TaskDropped, ctx: Context) -> StepResult {
    let keep = ctx.setting(ROUTER_KEEP_TASKS).get();

    // Who cancels a task by its own route has noted it already.
    drop(change(&ctx, &id, keep, Task::cancel).await?);

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::{record::TASKS, task::Status};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn the_task_is_cancelled_unless_it_is_over() {
        let (ctx, probe) = fake();
        let task = |id: &str| {
            Task::submitted(id.into(), "summarize".into(), "1".parse().unwrap(), ctx.now())
        };
        let mut done = task("done");
        done.complete(json!(1), ctx.now()).unwrap();
        for task in [task("waits"), done] {
            probe.state.set(TASKS, &task.id, &task).await.unwrap();
        }

        for id in ["waits", "done", "gone"] {
            handler(TaskDropped { id: id.into() }, ctx.clone()).await.unwrap();
        }

        let status = async |id: &str| probe.state.get(TASKS, id).await.unwrap().unwrap().status;
        assert_eq!(
            (status("waits").await, status("done").await),
            (Status::Cancelled, Status::Completed)
        );
    }
}
