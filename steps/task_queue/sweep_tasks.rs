//! Every ten minutes: removes tasks that ended long ago, with all that is kept of them.

use flows::task_queue::{
    TASK_QUEUE,
    board::{self, Change},
    card::{Card, Reading, cards},
    layout,
    settings::RETENTION,
    spool::Spool,
    task::TaskState,
};
use futures_util::future::try_join_all;
use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("SweepTasks", "*/10 * * * *")
    .description("Removes tasks that ended long ago, with all that is kept of them")
    .catch_up(CatchUp::Last)
    .flows(&[TASK_QUEUE]);

/// The states in which a task has ended.
const ENDED: &[TaskState] = &[TaskState::Completed, TaskState::Failed, TaskState::Dlq];
/// So many are removed at once, each in a commit of its own that is synced with the others.
const AT_ONCE: usize = 100;

async fn handler(ctx: Context) -> StepResult {
    let kept = ctx.setting(RETENTION).get();
    let Ok(long_ago) = ctx.now().checked_sub(kept) else { return Ok(()) };
    layout::bring_up_to_date(&ctx).await?;
    let mut removed = 0;

    for state in ENDED {
        let mut reading = Reading::all(&ctx.state, cards(*state));
        while let Some(page) = reading.page().await? {
            // No task ends before it comes: behind the first that is younger there is nothing.
            let is_last = page.last().is_none_or(|(_, card)| card.created_at > long_ago);
            let old: Vec<_> = page.iter().filter(|(_, card)| card.updated_at <= long_ago).collect();
            for cards in old.chunks(AT_ONCE) {
                let remove = cards.iter().map(|(_, card)| remove(&ctx, card, long_ago));
                removed += try_join_all(remove).await?.into_iter().filter(|gone| *gone).count();
            }
            if is_last {
                break;
            }
        }
    }

    if removed > 0 {
        ctx.logger.info("old tasks were removed", json!({ "tasks": removed }));
    }
    Ok(())
}

step!(CONFIG, handler);

/// Removes a task, unless somebody has wanted it again since its card was read.
async fn remove(ctx: &Context, card: &Card, long_ago: Timestamp) -> StepResult<bool> {
    let mut gone = false;
    board::change(ctx, &card.task_id, |task, _| {
        gone = task.state.is_final() && task.updated_at <= long_ago;
        Ok(if gone { Change::Gone } else { Change::None })
    })
    .await?;
    if gone {
        Spool::of(ctx).remove(&card.task_id).await?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board::{CONTENTS, TASKS},
        failure::{Failure, Kind},
        filter::ListQuery,
        queues::QueueStatus,
        settings::SPOOL,
        task::{Task, TaskType},
    };
    use motia_testkit::{Fake, START};

    use super::*;

    #[tokio::test]
    async fn what_ended_long_ago_goes_with_all_of_it_and_lists_and_numbers_agree() {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::default().setting(RETENTION, "1h".parse().unwrap());
        let (ctx, probe) = fake.setting(SPOOL, folder.path().to_owned()).build();
        let later = START.checked_add(Duration::from_secs(3600)).unwrap();
        let new = |task_type| Task::new(task_type, 5, 3, START);
        let (mut completed, mut given_up) = (new(TaskType::Summarize), new(TaskType::Pdfxtract));
        completed.complete(START);
        given_up.give_up(&Failure::new(Kind::Permanent, "401"), START);
        let mut fresh = new(TaskType::Summarize);
        fresh.complete(later);
        let waiting = new(TaskType::Summarize);
        let mut tx = ctx.transaction();
        for task in [&completed, &given_up, &fresh, &waiting] {
            board::put(&mut tx, task);
            tx.set(CONTENTS, &task.task_id, &"text".to_owned());
        }
        tx.commit().await.unwrap();
        std::fs::write(Spool::of(&ctx).file(&given_up.task_id), "%PDF").unwrap();
        probe.advance(Duration::from_secs(3601));

        handler(ctx.clone()).await.unwrap();

        for (task, stays) in
            [(&completed, false), (&given_up, false), (&fresh, true), (&waiting, true)]
        {
            let kept = probe.state.get(TASKS, &task.task_id).await.unwrap().is_some();
            let content = probe.state.get(CONTENTS, &task.task_id).await.unwrap().is_some();
            assert_eq!((kept, content), (stays, stays));
        }
        assert!(!Spool::of(&ctx).file(&given_up.task_id).exists());
        let listed = ListQuery::default().read().unwrap().page(&ctx).await.unwrap();
        let status = QueueStatus::read(&ctx).await.unwrap();
        let counts = (status.states.completed, status.states.dlq, status.queues.dlq);
        assert_eq!((listed.total_items, counts), (2, (1, 0, 0)));
    }
}
