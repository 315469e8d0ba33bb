//! Starting, stopping, looking, and running by hand.

use std::sync::Arc;

use motia_core::config::{CatchUp, CronConfig, Overlap};
use motia_runtime::cron::RunNowError;
use motia_store::MemoryStore;

use super::{app::*, shared::Shared};

const TENS: CronConfig = CronConfig::new("Tens", "*/10 * * * * *");

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_running_and_fires_nothing_after() {
    let (notes, ended) = (Notes::default(), Notes::default());
    let handler = {
        let (notes, ended) = (notes.clone(), ended.clone());
        move |ctx: motia_core::context::Context| {
            let (notes, ended) = (notes.clone(), ended.clone());
            async move {
                notes.take_down(&ctx);
                pass(secs(15)).await;
                ended.take_down(&ctx);
                Ok(())
            }
        }
    };
    let step = TENS.overlap(Overlap::Queue).bind(handler);
    let (runtime, _) = fresh(step, "2026-11-21T10:00:05Z").await;

    pass(secs(16)).await; // one runs since 00:10, and one waits since 00:20
    runtime.shutdown().await.unwrap();

    assert_eq!(ended.times("%M:%S"), ["00:25"]);
    pass(secs(300)).await;
    assert_eq!(notes.times("%M:%S"), ["00:10"]);
}

#[tokio::test(start_paused = true)]
async fn what_waited_at_a_shutdown_is_made_up_for_after_it() {
    let (store, notes) = (Arc::new(Shared::default()), Notes::default());
    let clock = WallClock::reading("2026-11-21T10:00:05Z");
    let config = || TENS.overlap(Overlap::Queue).catch_up(CatchUp::Last);

    let runtime = start([notes.step(config(), secs(16))], &store, &clock).await;
    pass(secs(16)).await;
    runtime.shutdown().await.unwrap(); // ends at 00:26
    let _runtime = start([notes.step(config(), secs(0))], &store, &clock).await;
    pass(secs(1)).await;

    assert_eq!(notes.times("%M:%S"), ["00:10", "00:26"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_outlasts_the_drain_is_broken_off() {
    let notes = Notes::default();
    let (runtime, clock) = fresh(notes.step(TENS, hours(9)), "2026-11-21T10:00:05Z").await;
    pass(secs(6)).await;

    runtime.shutdown().await.unwrap();

    assert_eq!(motia_core::clock::Clock::now(&clock), at("2026-11-21T10:00:41Z"));
}

#[tokio::test(start_paused = true)]
async fn the_list_tells_how_each_step_stands() {
    let notes = Notes::default();
    let config = TENS.overlap(Overlap::Queue).catch_up(CatchUp::Last);
    let (runtime, _) = fresh(notes.step(config, secs(3)), "2026-11-21T10:00:05Z").await;

    let before = runtime.cron().list().await.unwrap().remove(0);
    pass(secs(7)).await;
    let during = runtime.cron().list().await.unwrap().remove(0);
    pass(secs(3)).await;
    let after = runtime.cron().list().await.unwrap().remove(0);

    assert_eq!((before.last_fired, before.running), (None, false));
    assert_eq!(before.next, Some(at("2026-11-21T10:00:10Z")));
    assert_eq!(before.upcoming.len(), 5);
    assert_eq!(before.upcoming[4], at("2026-11-21T10:00:50Z"));
    assert_eq!((during.last_fired, during.running), (before.next, true));
    assert_eq!(during.next, Some(at("2026-11-21T10:00:20Z")));
    assert!(!after.running);
    let json = serde_json::to_value(&after).unwrap();
    assert_eq!(json["schedule"], "*/10 * * * * *");
    assert_eq!((&json["overlap"], &json["catchUp"]), (&"queue".into(), &"last".into()));
}

#[tokio::test(start_paused = true)]
async fn run_now_runs_and_leaves_the_schedule_alone() {
    let (store, notes) = (Arc::new(MemoryStore::new()), Notes::default());
    let clock = WallClock::reading("2026-11-21T10:00:05Z");
    let runtime = start([notes.step(TENS, secs(0))], &store, &clock).await;
    pass(secs(6)).await;

    runtime.cron().run_now("Tens").await.unwrap();
    pass(secs(1)).await;

    let status = runtime.cron().list().await.unwrap().remove(0);
    assert_eq!(status.last_fired, Some(at("2026-11-21T10:00:10Z")));
    assert_eq!(notes.of("Tens"), ["2026-11-21T10:00:10Z", "2026-11-21T10:00:11Z"].map(at));
    pass(secs(9)).await;
    assert_eq!(notes.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn run_now_gives_the_trace_that_the_handler_sees() {
    let seen = Arc::new(parking_lot::Mutex::new(None));
    let see = seen.clone();
    let step = TENS.bind(move |ctx: motia_core::context::Context| {
        *see.lock() = Some(ctx.trace_id());
        async { Ok(()) }
    });
    let (runtime, _) = fresh(step, "2026-11-21T10:00:05Z").await;

    let trace = runtime.cron().run_now("Tens").await.unwrap();
    pass(secs(1)).await;

    assert_eq!(*seen.lock(), Some(trace));
}

#[tokio::test(start_paused = true)]
async fn run_now_respects_the_overlap() {
    for (overlap, runs) in [(Overlap::Skip, 1), (Overlap::Queue, 2), (Overlap::Allow, 3)] {
        let notes = Notes::default();
        let step = notes.step(CronConfig::new("Yearly", "@yearly").overlap(overlap), secs(60));
        let (runtime, _) = fresh(step, "2026-11-21T10:00:05Z").await;
        let cron = runtime.cron();

        let mut taken = 0;
        for _ in 0..3 {
            match cron.run_now("Yearly").await {
                Ok(_) => taken += 1,
                Err(RunNowError::AlreadyRunning("Yearly")) => {}
                Err(other) => panic!("{other}"),
            }
            pass(secs(1)).await;
        }
        pass(secs(600)).await;

        assert_eq!((taken, notes.count()), (runs, runs), "{overlap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn run_now_names_the_steps_that_there_are() {
    let notes = Notes::default();
    let (runtime, _) = fresh(notes.step(TENS, secs(0)), "2026-11-21T10:00:05Z").await;

    let unknown = runtime.cron().run_now("Tenz").await.unwrap_err();

    assert_eq!(unknown.to_string(), "there is no cron step `Tenz`; there is `Tens`");
}

#[tokio::test(start_paused = true)]
async fn run_now_begins_nothing_during_a_shutdown() {
    let notes = Notes::default();
    let (runtime, _) = fresh(notes.step(TENS, secs(0)), "2026-11-21T10:00:05Z").await;

    runtime.tasks().stopping().cancel();
    let refused = runtime.cron().run_now("Tens").await;

    assert!(matches!(refused, Err(RunNowError::Stopping)), "{refused:?}");
    assert_eq!(notes.count(), 0);
}
