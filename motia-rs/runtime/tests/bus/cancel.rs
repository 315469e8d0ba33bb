//! Work that nobody wants any more, wherever it is.

use std::{sync::Arc, time::Duration};

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    error::StepError,
    event::{Event, EventId},
    registry::Definition,
    store::{Batch, Commit, Decorate, DeliveryId, Ending, QueueId, Store, Write},
};
use motia_runtime::{Settings, bus::reason::Explanation};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, Stage, Task, hundred, millis, noting, secs, step, window},
};

const STEP: EventConfig<Task> =
    EventConfig::new("Step").concurrency(1).retry(Retry::fixed(9, Duration::from_secs(3600)));

/// Fails at once below 100, runs for an hour otherwise; notes when it was let go of.
fn slow_or_failing(diary: &Diary) -> Definition {
    let diary = diary.clone();
    step(STEP, move |task: Task, _| {
        let diary = diary.clone();
        async move {
            diary.note(format!("{} began", task.n));
            if task.n < 100 {
                return Err(StepError::retry("again"));
            }
            let _gone = OnDrop(diary, task.n);
            sleep(secs(3600)).await;
            Ok(())
        }
    })
}

struct OnDrop(Diary, u64);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.note(format!("{} gone", self.1));
    }
}

/// Cancels, and sees that it is over within 100 ms, noted, and counted as nothing else.
async fn cancel(stage: &Stage, what: Cancel<'_>, expected: &[DeliveryId]) {
    assert_eq!(stage.cancel(what).await, expected.len() as u64);
    sleep(millis(100)).await;

    let ended = stage.ended().await;
    for id in expected {
        let ended = ended.iter().find(|ended| ended.id == *id).unwrap();
        assert_eq!((ended.ending, &*ended.note), (Ending::Cancelled, "cancelled by the test"));
        let explained = stage.explain(*id).await;
        assert!(matches!(explained, Explanation::Ended { ending: Ending::Cancelled, .. }));
    }
    assert_eq!(stage.possible_duplicates(), 0);
    assert_eq!(stage.dead_letters().await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_delayed_or_is_to_be_tried_again_is_never_started() {
    let diary = Diary::default();
    let stage =
        Stage::over(Arc::new(MemoryStore::new()), window(4), [slow_or_failing(&diary)]).await;
    let retrying = stage.send(1, EmitOptions::new()).await;
    sleep(secs(1)).await;
    let running = stage.send(100, EmitOptions::new()).await;
    sleep(secs(1)).await;
    let delayed = stage.send(101, EmitOptions::new().delay(secs(60))).await;
    let mut queued = Vec::new();
    for n in 200..220 {
        queued.push(stage.send(n, EmitOptions::new()).await);
    }

    for id in queued.into_iter().chain([retrying, delayed]) {
        cancel(&stage, Cancel::Delivery(id), &[id]).await;
    }
    cancel(&stage, Cancel::Delivery(running), &[running]).await;

    sleep(secs(7200)).await;
    assert_eq!(diary.read(), ["1 began", "100 began", "100 gone"]);
    assert!(stage.waiting().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_is_cancelled_by_its_id_its_trace_and_its_key() {
    let diary = Diary::default();
    let stage = Stage::with([slow_or_failing(&diary)]).await;
    let running = stage.send(100, EmitOptions::new().cancel_key("one")).await;
    let waiting = stage.send(101, EmitOptions::new().cancel_key("one")).await;
    let other = stage.send(102, EmitOptions::new().cancel_key("two")).await;
    sleep(secs(1)).await;

    cancel(&stage, Cancel::Key("one"), &[running, waiting]).await;
    sleep(secs(1)).await;
    let waits = stage.waiting().await;
    assert_eq!(waits.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [other]);
    cancel(&stage, Cancel::Trace(waits[0].event.trace.trace_id), &[other]).await;
    let last = stage.send(103, EmitOptions::new()).await;
    let event = stage.waiting().await[0].event.id;
    cancel(&stage, Cancel::Event(event), &[last]).await;

    cancel(&stage, Cancel::Key("one"), &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_asks_for_it_may_clean_up_for_as_long_as_is_granted() {
    for (tidies_for, expected) in [(secs(2), "tidy"), (secs(60), "cut off")] {
        let diary = Diary::default();
        let notes = diary.clone();
        let tidy = step(STEP, move |_: Task, ctx: Context| {
            let notes = notes.clone();
            async move {
                ctx.cancelled().await;
                sleep(tidies_for).await;
                notes.note("tidy");
                Ok(())
            }
        });
        let stage = Stage::with([tidy]).await;
        let running = stage.send(1, EmitOptions::new()).await;
        let next = stage.send(2, EmitOptions::new()).await;
        sleep(secs(1)).await;

        assert_eq!(stage.cancel(Cancel::Delivery(running)).await, 1);
        sleep(Settings::default().cancel_grace + millis(10)).await;

        assert_eq!(diary.read().first().map_or("cut off", |note| note), expected);
        assert!(matches!(stage.explain(next).await, Explanation::Running { .. }));
        assert_eq!(stage.possible_duplicates(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_while_it_was_read_is_not_started() {
    for keyed in [false, true] {
        let (diary, disk) = (Diary::default(), Disk::new());
        let config = EventConfig::new("Step");
        let config = if keyed { config.key(hundred) } else { config };
        let (stage, process) = disk.start(window(4), [noting(config, &diary)]).await;
        stage.quiet().await;
        process.pages.shut();
        let delivery = stage.send(1, EmitOptions::new().delay(secs(1))).await;
        process.pages.reached().await;

        stage.cancel(Cancel::Delivery(delivery)).await;
        process.pages.open();
        stage.quiet().await;

        assert_eq!(diary.read(), Vec::<String>::new(), "keyed: {keyed}");
        assert_eq!(stage.possible_duplicates(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_stays_so_after_a_restart() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let (stage, process) = disk.start(window(4), [slow_or_failing(&diary)]).await;
    for n in 100..120 {
        stage.send(n, EmitOptions::new().cancel_key("all")).await;
    }
    sleep(secs(1)).await;
    assert_eq!(stage.cancel(Cancel::Key("all")).await, 20);

    process.crash(stage).await;
    let (stage, _) = disk.start(window(4), [slow_or_failing(&diary)]).await;
    stage.quiet().await;

    assert_eq!(diary.read(), ["100 began", "100 gone"]);
}

/// Keeps one more of what is cancelled whenever something of it is, as steps do that answer each other.
struct Unending {
    kept: MemoryStore,
    again: Mutex<Option<(Arc<Event>, QueueId)>>,
}

impl Decorate for Unending {
    fn inner(&self) -> &dyn Store {
        &self.kept
    }

    fn commit(&self, mut batch: Batch) -> Commit {
        let ends = batch.writes.iter().any(|write| matches!(write, Write::End { .. }));
        if let Some((event, queue)) = self.again.lock().clone().filter(|_| ends) {
            let id = EventId::new(event.emitted_at);
            let event = Arc::new(Event { id, ..(*event).clone() });
            batch.writes.push(Write::Publish { event, targets: [queue.into()].into() });
        }
        self.kept.commit(batch)
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_emitting_while_it_is_cancelled_is_given_up_on_after_sixteen_looks() {
    let store = Arc::new(Unending { kept: MemoryStore::new(), again: Mutex::default() });
    let steps = [slow_or_failing(&Diary::default())];
    let stage = Stage::over(store.clone(), Settings::default(), steps).await;
    let first = stage.send(100, EmitOptions::new().cancel_key("endless").delay(secs(60))).await;
    let event = stage.waiting().await[0].event.clone();
    *store.again.lock() = Some((event, first.queue));

    assert_eq!(stage.cancel(Cancel::Key("endless")).await, 16);
    assert_eq!(stage.waiting().await.len(), 1);
}
