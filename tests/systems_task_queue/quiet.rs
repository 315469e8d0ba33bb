//! Whoever only asks has nothing written.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use flows::task_queue::{
    board,
    task::{Task, TaskType},
};
use motia::{
    store::{Batch, Commit, Decorate, Store},
    stores::MemoryStore,
};
use motia_testkit::TestApp;
use steps as _;

/// A store that counts what is committed.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    commits: AtomicUsize,
}

impl Decorate for Counting {
    fn inner(&self) -> &dyn Store {
        &self.store
    }

    fn name(&self) -> &'static str {
        "counting"
    }

    fn commit(&self, batch: Batch) -> Commit {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.inner().commit(batch)
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_writes_nothing_even_where_a_task_has_fallen_due() {
    let store = Arc::new(Counting::default());
    let app = TestApp::builder().store(store.clone()).start().await;
    let ctx = app.context::<()>();
    let mut task = Task::new(TaskType::Summarize, 5, 3, app.now());
    task.wait_until(app.now(), app.now());
    let mut tx = ctx.transaction();
    board::put(&mut tx, &task);
    tx.commit().await.unwrap();
    // The first list of a data folder looks whether an earlier build wrote it.
    app.get("/api/v1/tasks/").send().await;
    let before = store.commits.load(Ordering::Relaxed);

    let task_path = format!("/api/v1/tasks/{}", task.task_id);
    for path in [
        "/health",
        "/live",
        "/ready",
        "/api/v1/tasks/",
        "/api/v1/tasks/?sort_by=updated_at",
        "/api/v1/tasks/summaries/",
        task_path.as_str(),
        "/api/v1/queues/status",
        "/api/v1/queues/retry/tasks",
        "/api/v1/queues/dlq",
        "/api/v1/workers/",
        "/api/v1/openrouter/status",
        "/api/v1/openrouter/metrics",
    ] {
        assert_eq!(app.get(path).send().await.status, 200, "{path}");
    }

    assert_eq!(store.commits.load(Ordering::Relaxed), before);
}
