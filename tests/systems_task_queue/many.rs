//! How long lists take when there are many tasks.

use std::{sync::Arc, time::Instant};

use flows::task_queue::{
    board,
    task::{Task, TaskType},
};
use motia::stores::SqliteStore;
use motia_testkit::TestApp;
use steps as _;

/// So many tasks.
const TASKS: u32 = 50_000;

#[tokio::test]
#[ignore = "measures, and takes a minute: cargo test --test systems_task_queue -- --ignored --nocapture"]
async fn lists_of_many_tasks_are_read_a_page_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Default::default()).unwrap();
    let app = TestApp::builder().store(Arc::new(store)).start().await;
    let ctx = app.context::<()>();
    for _ in 0..TASKS / 500 {
        let mut tx = ctx.transaction();
        for n in 0..500 {
            let mut task = Task::new(TaskType::Summarize, n, 3, app.now());
            if n % 5 > 0 {
                task.start(app.now());
                task.complete(app.now());
            }
            board::put(&mut tx, &task);
        }
        tx.commit().await.unwrap();
    }

    for query in [
        "",
        "?page=2500",
        "?task_status=COMPLETED",
        "?task_type=summarize",
        "?sort_by=updated_at",
        "?sort_by=updated_at&page=1250",
        "?sort_by=updated_at&page=2500",
        "?sort_by=completed_at",
        "?sort_by=retry_count&page=2500",
        "?sort_by=task_type",
        "?sort_by=state&page=1250",
        "?sort_by=task_id&sort_order=asc",
        "?sort_by=updated_at&task_status=COMPLETED",
        "?task_id=no-such-task",
    ] {
        let began = Instant::now();
        let list = app.get(&format!("/api/v1/tasks/summaries/{query}")).send().await.value();
        println!(
            "{query:32} {:>6} items  {:>5} ms",
            list["total_items"],
            began.elapsed().as_millis()
        );
        let none = query.ends_with("no-such-task");
        assert_eq!(list["tasks"].as_array().unwrap().is_empty(), none, "{query}");
    }
}
