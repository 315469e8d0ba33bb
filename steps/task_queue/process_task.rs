//! On `task.queued`: makes one attempt at a task.

use flows::task_queue::{
    MODEL, TASK_QUEUE, TaskAbandoned, TaskFellDue, TaskQueued,
    attempt::{self, AS_DECIDED, DECIDED},
    model::Stop,
    queues::retry_share,
    workers::SLOTS,
};
use motia::prelude::*;

type Emits = (TaskFellDue,);

const CONFIG: EventConfig<TaskQueued, Emits> = EventConfig::new("ProcessTask")
    .description("Makes one attempt at a task")
    .retry(Retry::exponential(10, Duration::from_secs(1)))
    .retry_class(&[(DECIDED, AS_DECIDED)])
    .circuit_breaker(MODEL)
    .concurrency(SLOTS)
    .retry_share(retry_share)
    .on_dead::<TaskAbandoned>()
    .on_ended::<TaskAbandoned>()
    .flows(&[TASK_QUEUE]);

async fn handler(wanted: TaskQueued, ctx: Context<Emits>) -> StepResult {
    let Some(task) = attempt::begin(&ctx, &wanted).await? else { return Ok(()) };

    match attempt::work(&ctx, &task).await {
        Ok(result) => attempt::complete(&ctx, &task, result).await,
        Err(Stop::Failed(failure)) => attempt::fail(&ctx, &task, &failure).await,
        Err(Stop::Busy(wait)) => attempt::put_off(&ctx, &task, wait).await,
        Err(Stop::Broken(error)) => Err(error),
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board::{self, CONTENTS, RESULTS, TASKS},
        summary,
        task::{Task, TaskState, TaskType},
    };
    use motia_testkit::{Fake, Probe, START};

    use super::*;

    async fn queued(ctx: &Context<Emits>, content: Option<&str>) -> TaskQueued {
        let task = Task::new(TaskType::Summarize, 5, 3, START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &task);
        tx.commit().await.unwrap();
        if let Some(content) = content {
            ctx.state.set(CONTENTS, &task.task_id, &content.to_owned()).await.unwrap();
        }
        TaskQueued { task_id: task.task_id, round: task.round }
    }

    async fn state(probe: &Probe, wanted: &TaskQueued) -> TaskState {
        probe.state.get(TASKS, &wanted.task_id).await.unwrap().unwrap().state
    }

    #[tokio::test]
    async fn without_a_key_a_text_is_summarised_here_and_the_result_says_so() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let wanted = queued(&ctx, Some("The bridge was closed. A cat slept.")).await;

        handler(wanted.clone(), ctx).await.unwrap();

        let result = probe.state.get(RESULTS, &wanted.task_id).await.unwrap().unwrap();
        assert!(result.starts_with(summary::OFFLINE) && result.contains("bridge"), "{result}");
        assert_eq!(state(&probe, &wanted).await, TaskState::Completed);
        assert!(probe.acknowledged());
    }

    #[tokio::test]
    async fn what_cannot_be_helped_is_given_up_at_once() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let wanted = queued(&ctx, None).await;

        let given_up = handler(wanted.clone(), ctx).await.unwrap_err();

        assert!(given_up.is_fatal() && probe.acknowledged());
        assert_eq!(state(&probe, &wanted).await, TaskState::Dlq);
    }

    #[tokio::test]
    async fn a_task_that_waited_too_long_is_given_up_untried() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let wanted = queued(&ctx, Some("A text.")).await;
        probe.advance(Duration::from_secs(3601));

        handler(wanted.clone(), ctx).await.unwrap();

        let task = probe.state.get(TASKS, &wanted.task_id).await.unwrap().unwrap();
        assert_eq!((task.state, task.error_type.as_deref()), (TaskState::Dlq, Some("MaxTaskAge")));
    }

    #[tokio::test]
    async fn an_event_of_before_and_one_of_a_task_that_is_gone_do_nothing() {
        let (ctx, probe) = Fake::default().handling_an_event().build();
        let wanted = queued(&ctx, Some("A text.")).await;

        handler(TaskQueued { round: 0, ..wanted.clone() }, ctx.clone()).await.unwrap();
        handler(TaskQueued { task_id: "gone".into(), round: 1 }, ctx).await.unwrap();

        assert_eq!(state(&probe, &wanted).await, TaskState::Pending);
    }
}
