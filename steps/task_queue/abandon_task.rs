//! On `task.abandoned`: says of a task that nobody tries it any more.

use flows::task_queue::{
    TASK_QUEUE, TaskAbandoned,
    board::{self, Change},
    failure::{Failure, Kind},
};
use motia::prelude::*;

const CONFIG: EventConfig<TaskAbandoned> = EventConfig::new("AbandonTask")
    .description("Says of a task that nobody tries it any more")
    .flows(&[TASK_QUEUE]);

async fn handler(abandoned: TaskAbandoned, ctx: Context) -> StepResult {
    let TaskAbandoned { task_id, round, reason, cancelled } = abandoned;
    let kind = if cancelled { Kind::Cancelled } else { Kind::Interrupted };
    let (failure, now) = (Failure::new(kind, reason), ctx.now());

    board::change(&ctx, &task_id, |task, _| {
        if !task.is_wanted(round) {
            return Ok(Change::None);
        }
        let mut failed = task.clone();
        failed.fail(&failure, now);
        Ok(failed.into())
    })
    .await?;

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board::TASKS,
        task::{Task, TaskState, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn a_task_that_took_the_program_down_ends_as_failed() {
        let (ctx, probe) = fake();
        let task = Task::new(TaskType::Summarize, 5, 3, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        let reason = "the process ended during attempt 21, the last".to_owned();
        let task_id = task.task_id.clone();
        let abandoned = TaskAbandoned { task_id, round: 1, reason, cancelled: false };

        handler(abandoned.clone(), ctx.clone()).await.unwrap();
        handler(abandoned, ctx).await.unwrap();

        let failed = probe.state.get(TASKS, &task.task_id).await.unwrap().unwrap();
        assert_eq!((failed.state, failed.error_history.len()), (TaskState::Failed, 1));
    }

    #[tokio::test]
    async fn a_task_whose_event_was_cancelled_ends_as_failed_and_says_by_whom() {
        let (ctx, probe) = fake();
        let task = Task::new(TaskType::Summarize, 5, 3, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        let (task_id, reason) = (task.task_id.clone(), "cancelled by ana".to_owned());

        let abandoned = TaskAbandoned { task_id, round: 1, reason, cancelled: true };
        handler(abandoned, ctx).await.unwrap();

        let failed = probe.state.get(TASKS, &task.task_id).await.unwrap().unwrap();
        assert_eq!(
            (failed.state, failed.error_type.as_deref()),
            (TaskState::Failed, Some("Cancelled"))
        );
        assert_eq!(failed.last_error.as_deref(), Some("cancelled by ana"));
    }
}
