//! A wall clock that jumps by an hour, forwards and back: nothing is lost, nothing happens twice, and
//! what waits for a time is late by no more than it must be.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    clock::Clock,
    config::{CronConfig, EventConfig, Retry},
    context::Context,
    error::StepError,
    event::Event,
    json::JsonText,
    registry::{Definition, Registry},
    store::{Batch, Entry, Store, Target, Write},
    trace::TraceContext,
};
use motia_runtime::{Runtime, Settings, clock::TokioClock, cron::TokioWake};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A clock that was set is noticed within this time.
const NOTICED: u64 = 30;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Task {
    n: u64,
}
motia_core::topic!(Task = "task");

const STEP: EventConfig<Task> = EventConfig::new("Step");
const AGAIN: EventConfig<Task> =
    EventConfig::new("Again").retry(Retry::exponential(3, Duration::from_secs(60)).jitter(0));

#[tokio::test(start_paused = true)]
async fn set_forward_what_has_fallen_due_starts_within_half_a_minute() {
    let stage = Stage::with(|diary| [diary.step(STEP)]).await;
    stage.leave("Step", Duration::from_secs(50 * 60)).await;
    stage.pass(10).await;

    stage.clock.jump(HOUR);
    stage.pass(NOTICED).await;

    let at = stage.diary.seconds();
    assert!(matches!(at[..], [10..=40]), "{at:?}");
    stage.expect_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn set_back_what_waits_starts_when_the_clock_says_so_and_once() {
    let stage = Stage::with(|diary| [diary.step(STEP)]).await;
    stage.leave("Step", Duration::from_secs(600)).await;
    stage.pass(300).await;

    stage.clock.jump(-HOUR);
    stage.pass(300 + 3600 - 1).await;
    assert!(stage.diary.seconds().is_empty());
    stage.pass(2 + NOTICED).await;

    assert_eq!(stage.diary.seconds(), [600 + 3600]);
    stage.expect_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_to_start_at_once_does_so_whatever_the_clock_says() {
    let stage = Stage::with(|diary| [diary.step(STEP)]).await;

    for (n, jump) in [HOUR, -HOUR, -HOUR, HOUR].into_iter().enumerate() {
        stage.clock.jump(jump);
        stage.emit(n as u64).await;
        stage.pass(1).await;
    }

    assert_eq!(stage.diary.seconds(), [0, 1, 2, 3]);
    stage.expect_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn retries_are_each_made_once_though_the_clock_jumps_between_them() {
    for jump in [HOUR, -HOUR] {
        let stage = Stage::with(|diary| [diary.failing_until(3, AGAIN)]).await;

        // After 60 s and then 120 s by the clock.
        stage.emit(1).await;
        stage.pass(30).await;
        stage.clock.jump(jump);
        stage.pass(2 * 3600).await;

        let attempts = stage.diary.attempts();
        assert_eq!(attempts, [1, 2, 3], "after a jump by {jump:?}");
        stage.expect_nothing_left().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_to_and_fro_loses_and_doubles_nothing() {
    let stage = Stage::with(|diary| [diary.step(STEP), diary.failing_until(2, AGAIN)]).await;

    for n in 0..60 {
        stage.leave("Step", Duration::from_secs(n * 53 % 1800)).await;
        stage.emit(100 + n).await;
        stage.clock.jump(if n % 3 == 0 { HOUR } else { -HOUR / 2 });
        stage.pass(7).await;
    }
    stage.pass(4 * 3600).await;

    // Each delayed one once; each emitted one once by the first step, and twice by the second.
    assert_eq!(stage.diary.attempts().len(), 60 + 60 + 2 * 60);
    stage.expect_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_there_until_the_clock_says_that_its_time_is_over() {
    let stage = Stage::with(|diary| [diary.step(STEP)]).await;
    stage.keep("ends", START + HOUR / 2).await;
    stage.keep("stays", START + HOUR * 10).await;

    stage.clock.jump(HOUR);
    assert!(stage.entry("ends").await.is_none());
    assert!(stage.entry("stays").await.is_some());

    // The sweep removes it for good, so that the clock set back does not bring it back.
    stage.pass(61).await;
    stage.clock.jump(-HOUR);
    assert!(stage.entry("ends").await.is_none());
    assert!(stage.entry("stays").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_schedule_fires_once_for_each_time_that_the_clock_shows() {
    for jump in [HOUR, -HOUR] {
        let stage =
            Stage::with(|diary| [diary.cron(CronConfig::new("Hourly", "30 * * * *"))]).await;

        stage.pass(40 * 60).await;
        stage.clock.jump(jump);
        stage.pass(2 * 3600).await;

        // At 00:30; then it is 01:40 or 23:40, and two hours pass. The firing of 00:30 was made.
        let fired = stage.diary.times("%H:%M");
        match jump == HOUR {
            true => assert_eq!(fired, ["00:30", "02:30", "03:30"]),
            false => assert_eq!(fired, ["00:30", "01:30"]),
        }
    }
}

/// What handlers did: the attempt, the time since the start as it really passed, and by the clock.
#[derive(Clone)]
struct Diary(Arc<Mutex<Vec<(u32, u64, Timestamp)>>>, Instant);

impl Diary {
    fn note(&self, ctx: &Context) {
        self.0.lock().push((ctx.attempt(), self.1.elapsed().as_secs(), ctx.now()));
    }

    fn step(&self, config: EventConfig<Task>) -> Definition {
        self.failing_until(1, config)
    }

    fn failing_until(&self, attempt: u32, config: EventConfig<Task>) -> Definition {
        let diary = self.clone();
        config.bind(move |_: Task, ctx: Context| {
            diary.note(&ctx);
            async move {
                match ctx.attempt() < attempt {
                    true => Err(StepError::retry("not yet")),
                    false => Ok(()),
                }
            }
        })
    }

    fn cron(&self, config: CronConfig) -> Definition {
        let diary = self.clone();
        config.bind(move |ctx: Context| {
            diary.note(&ctx);
            async { Ok(()) }
        })
    }

    fn attempts(&self) -> Vec<u32> {
        self.0.lock().iter().map(|(attempt, ..)| *attempt).collect()
    }

    fn seconds(&self) -> Vec<u64> {
        self.0.lock().iter().map(|(_, seconds, _)| *seconds).collect()
    }

    fn times(&self, format: &str) -> Vec<String> {
        self.0.lock().iter().map(|(.., at)| at.strftime(format).to_string()).collect()
    }
}

/// Follows tokio's paused clock, and jumps.
struct JumpingClock(TokioClock, AtomicI64);

impl JumpingClock {
    fn jump(&self, by: SignedDuration) {
        self.1.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1.load(Ordering::SeqCst))
    }
}

struct Stage {
    runtime: Runtime,
    store: Arc<MemoryStore>,
    clock: Arc<JumpingClock>,
    diary: Diary,
}

impl Stage {
    async fn with<const N: usize>(steps: impl FnOnce(&Diary) -> [Definition; N]) -> Self {
        let diary = Diary(Arc::default(), Instant::now());
        let placed = steps(&diary).map(|step| (step, motia_core::source!()));
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(JumpingClock(TokioClock::starting_at(START), AtomicI64::new(0)));
        let (registry, settings) = (Registry::of(placed, []), Settings::default());
        let (kept, wake) = (store.clone(), Arc::new(TokioWake));
        let runtime =
            Runtime::start(registry, kept, clock.clone(), wake, &[], settings).await.unwrap();
        Self { runtime, store, clock, diary }
    }

    async fn emit(&self, n: u64) {
        let task = serde_json::json!({ "n": n });
        self.runtime.emit("task", &task, TraceContext::root()).await.unwrap();
    }

    /// Puts a task into a step's queue that waits for a time by the clock.
    async fn leave(&self, step: &str, wait: Duration) {
        let queue = self.store.queues(&[step]).await.unwrap()[0];
        let (payload, now) = (JsonText::encode(&Task { n: 0 }).unwrap(), self.clock.now());
        let event = Arc::new(Event::new("task".into(), payload, TraceContext::root(), now));
        let target = Target { due: Some(now + wait), ..queue.into() };
        let publish = Write::Publish { event, targets: [target].into() };
        self.store.commit(Batch::of(publish)).await.unwrap();
    }

    async fn keep(&self, key: &str, end: Timestamp) {
        let (group, value) = ("group".into(), JsonText::from_trusted("1"));
        let set = Write::Set { group, key: key.into(), value, expires_at: Some(end) };
        self.store.commit(Batch::of(set)).await.unwrap();
    }

    async fn entry(&self, key: &str) -> Option<Entry> {
        self.store.get("group", key, self.clock.now()).await.unwrap()
    }

    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    async fn expect_nothing_left(&self) {
        for depth in self.store.depths(self.clock.now()).await.unwrap() {
            assert_eq!((depth.waiting, depth.delayed, depth.dead), (0, 0, 0), "{}", depth.queue);
        }
    }
}
