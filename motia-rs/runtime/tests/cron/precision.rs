//! With the real clock and the real scheduler: a step fires within 50 ms of its time.

use std::{sync::Arc, time::Duration};

use motia_core::{clock::Clock as _, config::CronConfig, registry::Registry};
use motia_runtime::{
    Runtime, Settings,
    clock::SystemClock,
    cron::{SchedulerWake, Wake},
};
use motia_store::MemoryStore;

use super::app::*;

async fn start_for_real(config: CronConfig, notes: &Notes, wake: Arc<dyn Wake>) -> Runtime {
    let registry = Registry::of([(notes.step(config, secs(0)), motia_core::source!())], []);
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock));
    Runtime::start(registry, store, clock, wake, &[], Settings::default()).await.unwrap()
}

/// How late each firing was, sorted; all of them on whole seconds.
fn delays(notes: &Notes, step: &str) -> Vec<Duration> {
    let late = |at: jiff::Timestamp| Duration::from_nanos(at.subsec_nanosecond() as u64);
    let mut delays: Vec<_> = notes.of(step).into_iter().map(late).collect();
    delays.sort();
    delays
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_every_second_fires_within_50_ms_of_its_time() {
    let notes = Notes::default();
    let config = CronConfig::new("Seconds", "*/1 * * * * *");
    let runtime = start_for_real(config, &notes, Arc::new(SchedulerWake::default())).await;

    pass(Duration::from_millis(3_300)).await;
    runtime.shutdown().await.unwrap();

    let delays = delays(&notes, "Seconds");
    println!("fired so late: {delays:?}");
    assert!(delays.len() >= 3, "{delays:?}");
    assert!(delays[delays.len() / 2] <= Duration::from_millis(50), "{delays:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_that_the_scheduler_wakes_for_is_as_precise() {
    let notes = Notes::default();
    let wake = Arc::new(SchedulerWake::default());
    let now = SystemClock.now().as_second();
    // Once a minute, in six to seven seconds: far enough to be left to the scheduler.
    let schedule: &'static str = format!("{} * * * * *", (now + 7).rem_euclid(60)).leak();
    let runtime = start_for_real(CronConfig::new("Once", schedule), &notes, wake.clone()).await;

    pass(Duration::from_millis(7_500)).await;
    runtime.shutdown().await.unwrap();

    let delays = delays(&notes, "Once");
    println!("fired so late: {delays:?}");
    assert_eq!(delays.len(), 1);
    assert!(delays[0] <= Duration::from_millis(50), "{delays:?}");
    assert!(format!("{wake:?}").contains("started: true"), "the scheduler was not asked");
}

/// A scheduler whose wake-ups get lost.
struct Silent;

impl Wake for Silent {
    fn near(&self, _: jiff::Timestamp, _: jiff::Timestamp) -> motia_core::store::BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_that_is_lost_loses_no_firing() {
    let (notes, clock) = (Notes::default(), WallClock::reading("2026-11-21T10:00:05Z"));
    let step = notes.step(CronConfig::new("Minutes", "* * * * *"), secs(0));
    let registry = Registry::of([(step, motia_core::source!())], []);
    let (store, wake) = (Arc::new(MemoryStore::new()), Arc::new(Silent));
    let _runtime =
        Runtime::start(registry, store, clock, wake, &[], Settings::default()).await.unwrap();

    pass(secs(180)).await;

    assert_eq!(notes.times("%M:%S%.f"), ["01:00.25", "02:00.25", "03:00.25"]);
}
