//! What becomes of firings that nobody was there for.

use std::sync::Arc;

use motia_core::{
    clock::Clock as _,
    config::{CatchUp, CronConfig, Overlap},
};
use motia_store::MemoryStore;

use super::{app::*, shared::Shared};

const HOURLY: CronConfig = CronConfig::new("Hourly", "0 * * * *").catch_up_window(hours(6));

/// A step of every hour fires at 10:00 and 11:00; the app is stopped at 11:30 and started again
/// after `away` hours with `config`. What fires then, until five minutes to the next hour?
async fn made_up(config: CronConfig, away: u64, run: u64) -> Vec<String> {
    let (store, clock, notes) = stopped_at_half_past_eleven().await;
    pass(hours(away)).await;
    let _runtime = start([notes.step(config, secs(run))], &store, &clock).await;
    pass(secs(25 * 60)).await;
    notes.times("%d %H:%M:%S").split_off(2)
}

async fn stopped_at_half_past_eleven() -> (Arc<Shared>, Arc<WallClock>, Notes) {
    let (store, notes) = (Arc::new(Shared::default()), Notes::default());
    let clock = WallClock::reading("2026-11-21T09:30:00Z");
    let runtime = start([notes.step(HOURLY, secs(0))], &store, &clock).await;
    pass(hours(2)).await;
    runtime.shutdown().await.unwrap();
    assert_eq!(notes.times("%H:%M"), ["10:00", "11:00"]);
    (store, clock, notes)
}

#[tokio::test(start_paused = true)]
async fn none_leaves_out_what_was_missed() {
    assert!(made_up(HOURLY, 3, 0).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn last_makes_up_for_one() {
    assert_eq!(made_up(HOURLY.catch_up(CatchUp::Last), 3, 0).await, ["21 14:30:00"]);
}

#[tokio::test(start_paused = true)]
async fn all_makes_up_for_each_in_turn_whatever_the_overlap() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let config = HOURLY.catch_up(CatchUp::All(10)).overlap(overlap);
        assert_eq!(made_up(config, 3, 7).await, ["21 14:30:00", "21 14:30:07", "21 14:30:14"]);
    }
}

#[tokio::test(start_paused = true)]
async fn all_makes_up_for_no_more_than_it_says() {
    assert_eq!(made_up(HOURLY.catch_up(CatchUp::All(2)), 3, 0).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_before_the_window_is_left_out() {
    assert_eq!(made_up(HOURLY.catch_up(CatchUp::All(99)), 30, 0).await.len(), 6);

    let narrow = HOURLY.catch_up(CatchUp::Last).catch_up_window(secs(10 * 60));
    assert!(made_up(narrow, 3, 0).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_fires_nothing_again() {
    let config = HOURLY.catch_up(CatchUp::All(99));
    assert!(made_up(config, 0, 0).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_made_up_for_is_not_made_up_for_twice() {
    let (store, clock, notes) = stopped_at_half_past_eleven().await;
    let step = || notes.step(HOURLY.catch_up(CatchUp::All(99)), secs(0));
    pass(hours(3)).await;

    for _ in 0..3 {
        let runtime = start([step()], &store, &clock).await;
        pass(secs(60)).await;
        runtime.shutdown().await.unwrap();
    }

    assert_eq!(notes.count(), 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_new_has_missed_nothing() {
    let notes = Notes::default();
    let step = notes.step(HOURLY.catch_up(CatchUp::All(99)), secs(0));

    let (_runtime, _) = fresh(step, "2026-11-21T11:30:00Z").await;
    pass(secs(25 * 60)).await;

    assert_eq!(notes.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_schedule_was_changed_has_missed_nothing() {
    let quarters = CronConfig::new("Hourly", "*/15 * * * *").catch_up(CatchUp::All(99));

    let fired = made_up(quarters, 3, 0).await;

    assert_eq!(fired, ["21 14:45:00"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_overlap_left_out_was_not_missed() {
    let (store, notes) = (Arc::new(Shared::default()), Notes::default());
    let clock = WallClock::reading("2026-11-21T09:59:30Z");
    let config = CronConfig::new("Minutes", "* * * * *").catch_up(CatchUp::All(99));

    let runtime = start([notes.step(config, secs(200))], &store, &clock).await;
    pass(secs(232)).await; // it ran from 10:00:00 to 10:03:20
    assert_eq!(clock.now(), at("2026-11-21T10:03:22Z"));
    runtime.shutdown().await.unwrap();
    let config = CronConfig::new("Minutes", "* * * * *").catch_up(CatchUp::All(99));
    let _runtime = start([notes.step(config, secs(0))], &store, &clock).await;
    pass(secs(30)).await;

    assert_eq!(notes.times("%H:%M"), ["10:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_machine_is_made_up_for_too() {
    let (store, notes) = (Arc::new(MemoryStore::new()), Notes::default());
    let clock = WallClock::reading("2026-11-21T09:30:00Z");
    let step = notes.step(HOURLY.catch_up(CatchUp::All(2)), secs(0));
    let _runtime = start([step], &store, &clock).await;

    clock.set_by(jiff::SignedDuration::from_hours(4));
    pass(secs(31)).await;

    assert_eq!(notes.times("%H:%M"), ["13:30", "13:30"]);
}
