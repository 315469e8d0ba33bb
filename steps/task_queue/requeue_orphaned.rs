//! `POST /api/v1/tasks/requeue-orphaned`: finds tasks that should be worked on and that no event leads to.

use flows::task_queue::{
    TASK_QUEUE,
    attempt::{self, Emits},
    board::{self, Change},
    card::{Card, Reading, cards},
    layout,
    task::TaskState,
};
use motia::prelude::*;

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Requeued {
    /// So many were found.
    found: u32,
    /// So many were queued again.
    requeued: u32,
    /// What went wrong with the others.
    errors: Vec<String>,
    /// The same in a sentence.
    message: String,
}

const CONFIG: ApiConfig<(), Requeued, Emits> =
    ApiConfig::post("RequeueOrphaned", "/api/v1/tasks/requeue-orphaned")
        .description("Queues tasks again that should be worked on and that no event leads to")
        .flows(&[TASK_QUEUE]);

/// So many errors are told.
const ERRORS_TOLD: usize = 100;

/// The states in which an event has to lead to a task.
const LED_TO: &[TaskState] = &[TaskState::Pending, TaskState::Scheduled, TaskState::Active];

async fn handler(_: ApiRequest<()>, ctx: Context<Emits>) -> StepResult<ApiResponse<Requeued>> {
    layout::bring_up_to_date(&ctx).await?;
    let mut report = Requeued::default();
    for state in LED_TO {
        let mut reading = Reading::all(&ctx.state, cards(*state));
        while let Some(page) = reading.page().await? {
            for (_, card) in page {
                if ctx.under_way(Cancel::Key(&card.task_id)).await? == 0 {
                    requeue(&ctx, &card, &mut report).await;
                }
            }
        }
    }
    let Requeued { found, requeued, .. } = report;
    report.message = format!("Found {found} orphaned tasks, successfully requeued {requeued}");

    Ok(ApiResponse::ok(report))
}

step!(CONFIG, handler);

/// Queues a task again, unless it has moved on since its card was read: then it has an event, or had one
/// that did its work.
async fn requeue(ctx: &Context<Emits>, card: &Card, report: &mut Requeued) {
    let (task_id, now, mut requeued) = (&card.task_id, ctx.now(), false);
    let change = board::change(ctx, task_id, |task, tx| {
        requeued = task.updated_at == card.updated_at && task.state == card.state;
        if !requeued {
            return Ok(Change::None);
        }
        let mut again = task.clone();
        again.requeue(now);
        attempt::queue_again(tx, &again);
        Ok(again.into())
    });
    let changed = change.await;
    report.found += u32::from(requeued);
    match changed {
        Ok(_) => report.requeued += u32::from(requeued),
        Err(_) if report.errors.len() >= ERRORS_TOLD => {}
        Err(error) => report.errors.push(format!("task {task_id} is not requeued: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use flows::task_queue::task::{Task, TaskType};
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn a_task_without_an_event_is_queued_again_and_others_are_left_alone() {
        let (ctx, probe) = fake();
        let (lost, led_to) = (
            Task::new(TaskType::Summarize, 1, 3, START),
            Task::new(TaskType::Summarize, 2, 3, START),
        );
        let mut tx = ctx.transaction();
        board::put(&mut tx, &lost);
        attempt::queue_new(&mut tx, &led_to);
        tx.commit().await.unwrap();

        let report = handler(ApiRequest::new(()), ctx.clone()).await.unwrap().body;
        let again = handler(ApiRequest::new(()), ctx).await.unwrap().body;

        assert_eq!((report.found, report.requeued, report.errors.len()), (1, 1, 0));
        assert_eq!((again.found, probe.emissions().len()), (0, 2));
    }
}
