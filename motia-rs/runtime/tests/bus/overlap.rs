//! What comes in, or is done, while a page of the queue is being read.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jiff::SignedDuration;
use motia_core::{
    config::{EventConfig, Retry},
    context::{Context, Emit, Run},
    error::StepError,
    store::{Batch, BoxFuture, Decorate, Pull, Pulled, Store, StoreError, Write},
    trace::TraceContext,
};
use motia_runtime::Settings;
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Notify;

use super::stage::{Diary, Stage, Task, step};

/// A store whose pages can be held up on their way: read already, not yet handed over.
#[derive(Default)]
struct SlowPages {
    inner: MemoryStore,
    hold_next: AtomicBool,
    held: Notify,
    go: Notify,
}

impl Decorate for SlowPages {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>> {
        Box::pin(async move {
            let page = self.inner.pull(pull).await?;
            if !page.due.is_empty() && self.hold_next.swap(false, SeqCst) {
                self.held.notify_one();
                self.go.notified().await;
            }
            Ok(page)
        })
    }
}

async fn emit_later(stage: &Stage, n: u64, delay: Duration) {
    let engine = stage.runtime.engine().clone();
    let run = Arc::new(Run::new(engine, "Test", TraceContext::root()));
    Emit::raw(&run, "task", &json!({ "n": n })).delay(delay).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_redrive_that_lands_while_a_page_is_read_is_delivered() {
    let (diary, store) = (Diary::default(), Arc::new(SlowPages::default()));
    let notes = diary.clone();
    let once = step(EventConfig::new("Once"), move |task: Task, _| {
        notes.note(task.n.to_string());
        let dies = notes.read() == ["1"];
        async move { if dies { Err(StepError::fatal("the first time")) } else { Ok(()) } }
    });
    let stage = Stage::over(store.clone(), Settings::default(), [once]).await;
    stage.emit(1).await;
    stage.quiet().await;
    let letter = stage.dead_letters().await[0].id;

    // Given a redrive whose time is taken before that of the page, and which lands behind it.
    emit_later(&stage, 2, Duration::from_millis(5)).await;
    let redrive = Write::Redrive { delivery: letter, now: stage.runtime.engine().now() };
    store.hold_next.store(true, SeqCst);
    store.held.notified().await;
    store.inner.commit(Batch::of(redrive)).await.unwrap();
    store.go.notify_one();
    stage.empty().await;

    let mut heard = diary.read();
    heard.sort();
    assert_eq!(heard, ["1", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_done_while_a_page_was_read_is_not_done_again() {
    let (diary, store) = (Diary::default(), Arc::new(SlowPages::default()));
    let notes = diary.clone();
    let step = step(EventConfig::new("Once"), move |task: Task, _| {
        notes.note(task.n.to_string());
        async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
    });
    let stage = Stage::over(store.clone(), Settings::default(), [step]).await;

    // Given a delayed event at work, an earlier one that moves the cursor back behind it …
    emit_later(&stage, 1, Duration::from_secs(10)).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(diary.read(), ["1"]);
    store.hold_next.store(true, SeqCst);
    let run = Run::new(stage.runtime.engine().clone(), "Test", TraceContext::root());
    let past = stage.runtime.engine().now() - SignedDuration::from_secs(15);
    Emit::raw(&Arc::new(run), "task", &json!({ "n": 2 })).at(past).await.unwrap();
    store.held.notified().await;

    // … and a page that has both and arrives when the first is done.
    tokio::time::sleep(Duration::from_secs(120)).await;
    store.go.notify_one();
    stage.empty().await;

    assert_eq!(diary.read(), ["1", "2"]);
}

/// Retries that fall due before their commit is told of: pages, arrivals and settlements overlap in
/// every way there is.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_done_twice_where_retries_come_faster_than_commits() {
    const EVENTS: u64 = 4_000;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
    let (done, count) = (Arc::new(Mutex::new(HashMap::<u64, u32>::new())), AtomicU64::new(0));
    let tally = done.clone();
    let config = EventConfig::new("Work")
        .concurrency(64)
        .retry(Retry::fixed(6, Duration::from_micros(1500)).jitter(100));
    let work = step(config, move |task: Task, ctx: Context| {
        let tally = tally.clone();
        async move {
            if ctx.attempt() < 5 {
                return Err(StepError::retry("again"));
            }
            *tally.lock().entry(task.n).or_default() += 1;
            Ok(())
        }
    });
    let stage = Arc::new(Stage::over(Arc::new(store), Settings::default(), [work]).await);

    let emitters = (0..16).map(|_| async {
        while let n @ 0..EVENTS = count.fetch_add(1, SeqCst) {
            stage.emit(n).await;
        }
    });
    futures_util::future::join_all(emitters).await;
    let patience = Duration::from_secs(60);
    let emptied = tokio::time::timeout(patience, stage.empty()).await;

    assert!(emptied.is_ok(), "events are stuck: {:?}", stage.depths().await);
    let done = done.lock();
    assert_eq!(done.len() as u64, EVENTS);
    assert!(done.values().all(|times| *times == 1), "some were done twice");
}
