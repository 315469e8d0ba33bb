//! Every ten minutes: removes uploads that belong to no task, or to one that needs them no more.

use flows::task_queue::{
    TASK_QUEUE,
    board::TASKS,
    spool::{GRACE, Spool, owner},
    task::TaskState,
};
use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("SweepSpool", "*/10 * * * *")
    .description("Removes uploads that belong to no task, or to one that needs them no more")
    .catch_up(CatchUp::Last)
    .flows(&[TASK_QUEUE]);

async fn handler(ctx: Context) -> StepResult {
    let before = ctx.now().checked_sub(GRACE).unwrap_or(Timestamp::MIN);
    let mut swept = 0;

    for file in Spool::of(&ctx).older_than(before).await? {
        let Some(task_id) = owner(&file) else { continue };
        let task = ctx.state.get(TASKS, &task_id).await?;
        if task.is_none_or(|task| task.state == TaskState::Completed) {
            tokio::fs::remove_file(&file).await?;
            swept += 1;
        }
    }

    if swept > 0 {
        ctx.logger.info("uploads without a task were removed", json!({ "files": swept }));
    }
    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board,
        settings::SPOOL,
        task::{Task, TaskType},
    };
    use motia_testkit::{Fake, START};

    use super::*;

    #[tokio::test]
    async fn only_old_files_of_nobody_and_of_completed_tasks_go() {
        let folder = tempfile::tempdir().unwrap();
        let now = START.checked_add(Duration::from_secs(10_000)).unwrap();
        let spool = folder.path().to_owned();
        let (ctx, _probe) = Fake::default().now(now).setting(SPOOL, spool).build();
        let waiting = Task::new(TaskType::Pdfxtract, 5, 3, START);
        let mut completed = Task::new(TaskType::Pdfxtract, 5, 3, START);
        completed.complete(START);
        let mut tx = ctx.transaction();
        board::put(&mut tx, &waiting);
        board::put(&mut tx, &completed);
        tx.commit().await.unwrap();
        let nobodys = Task::new(TaskType::Pdfxtract, 5, 3, START);
        let fresh = Task::new(TaskType::Pdfxtract, 5, 3, START);
        let file = |task: &Task| Spool::of(&ctx).file(&task.task_id);
        for (task, modified) in
            [(&waiting, START), (&completed, START), (&nobodys, START), (&fresh, now)]
        {
            let made = std::fs::File::create_new(file(task)).unwrap();
            made.set_modified(modified.into()).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();

        handler(ctx.clone()).await.unwrap();

        assert!(file(&waiting).exists() && file(&fresh).exists());
        assert!(!file(&completed).exists() && !file(&nobodys).exists());
        assert!(folder.path().join("notes.txt").exists());
    }
}
