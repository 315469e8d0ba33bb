//! On `task.fell-due`: moves a task whose time has come to the queue of those that are tried again. Its attempt
//! starts by itself, when its turn comes.

use flows::task_queue::{
    TASK_QUEUE, TaskFellDue,
    board::{self, Change},
};
use motia::prelude::*;

const CONFIG: EventConfig<TaskFellDue> = EventConfig::new("QueueDueTask")
    .description("Moves a task whose time has come to the queue of those that are tried again")
    .flows(&[TASK_QUEUE]);

async fn handler(due: TaskFellDue, ctx: Context) -> StepResult {
    let now = ctx.now();

    board::change(&ctx, &due.task_id, |task, _| {
        if task.round != due.round || !task.is_due(now) {
            return Ok(Change::None);
        }
        let mut task = task.clone();
        task.fall_due(now);
        Ok(task.into())
    })
    .await?;

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        failure::{Failure, Kind},
        queues::QueueStatus,
        task::{Task, TaskType},
    };
    use motia_testkit::{Probe, START, fake};

    use super::*;

    async fn scheduled(ctx: &Context) -> TaskFellDue {
        let mut task = Task::new(TaskType::Summarize, 5, 3, START);
        task.start(START);
        let due = START.checked_add(Duration::from_secs(5)).unwrap();
        task.schedule(&Failure::new(Kind::ServiceUnavailable, "503"), due, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        TaskFellDue { task_id: task.task_id, round: task.round }
    }

    async fn status(ctx: &Context, probe: &Probe, secs: u64) -> QueueStatus {
        probe.advance(Duration::from_secs(secs));
        QueueStatus::read(ctx).await.unwrap()
    }

    #[tokio::test]
    async fn a_task_whose_time_has_come_stands_in_the_retry_queue() {
        let (ctx, probe) = fake();
        let due = scheduled(&ctx).await;

        handler(due.clone(), ctx.clone()).await.unwrap();
        let early = status(&ctx, &probe, 5).await;
        handler(due, ctx.clone()).await.unwrap();
        let after = status(&ctx, &probe, 0).await;

        assert_eq!((early.queues.scheduled, early.states.scheduled), (1, 1));
        assert_eq!((after.queues.scheduled, after.states.scheduled), (0, 0));
        assert_eq!((after.queues.retry, after.states.pending), (1, 1));
    }

    #[tokio::test]
    async fn one_that_was_queued_again_meanwhile_or_is_gone_is_left_alone() {
        let (ctx, probe) = fake();
        let due = scheduled(&ctx).await;
        probe.advance(Duration::from_secs(5));

        handler(TaskFellDue { round: 0, ..due }, ctx.clone()).await.unwrap();
        handler(TaskFellDue { task_id: "gone".into(), round: 1 }, ctx.clone()).await.unwrap();

        assert_eq!(status(&ctx, &probe, 0).await.queues.scheduled, 1);
    }
}
