//! A commit that is kept although it is reported to have failed, as a crash of the disk's answer makes it.

use std::sync::Arc;

use flows::task_queue::{board::TASKS, settings::SPOOL, spool::Spool, task::TaskState};
use motia::{
    store::{Batch, Commit, Decorate, Store, StoreError, Write},
    stores::MemoryStore,
};
use motia_testkit::TestApp;
use steps as _;

/// A store whose answer to each commit that queues a task is lost.
struct Mute(MemoryStore);

impl Decorate for Mute {
    fn inner(&self) -> &dyn Store {
        &self.0
    }

    fn name(&self) -> &'static str {
        "mute"
    }

    fn commit(&self, batch: Batch) -> Commit {
        let queues = |write: &Write| matches!(write, Write::Publish { event, .. } if event.topic == "task.queued");
        if !batch.writes.iter().any(queues) {
            return self.inner().commit(batch);
        }
        let kept = self.inner().commit(batch);
        Commit::boxed(async move {
            kept.await?;
            Err(StoreError::Closed.into())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_commit_seems_to_have_failed_keeps_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::builder().store(Arc::new(Mute(MemoryStore::new())));
    let app = app.setting(SPOOL, folder.path().to_owned()).start().await;
    app.runtime().bus().pause("ProcessTask", "the test").await.unwrap();
    let form = "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"news.pdf\"\r\n\
                content-type: application/pdf\r\n\r\n%PDF-1.4 news\r\n--cut--\r\n";

    let upload = app.post("/api/v1/tasks/pdfxtract");
    let upload = upload.header("content-type", "multipart/form-data; boundary=cut").body(form);
    let answer = upload.send().await;

    assert_eq!(answer.status.as_u16() / 100, 5, "{}", answer.text());
    let tasks = app.state.group(TASKS).await.unwrap().items;
    let (task_id, task) = &tasks[0];
    assert_eq!(task.state, TaskState::Pending);
    let file = Spool::of(&app.context::<()>()).file(task_id);
    assert_eq!(std::fs::read(file).unwrap(), b"%PDF-1.4 news");
}
