//! Several instances over one store: each firing is made once, and runs do not overlap.

use std::{sync::Arc, time::Duration};

use motia_core::{
    clock::Clock as _,
    config::{CronConfig, Overlap},
    registry::Definition,
};
use motia_runtime::{Runtime, cron::RunNowError};
use motia_store::MemoryStore;

use super::{app::*, shared::Shared};

const TENS: CronConfig = CronConfig::new("Tens", "*/10 * * * * *");

/// Two instances of a step; what the first and the second take down, and their runtimes.
struct Pair {
    stores: [Arc<Shared>; 2],
    runtimes: [Runtime; 2],
    notes: [Notes; 2],
}

impl Pair {
    async fn of(step: impl Fn(&Notes) -> Definition) -> Self {
        let clock = WallClock::reading("2026-11-21T10:00:05Z");
        let (notes, first) = ([Notes::default(), Notes::default()], Shared::default());
        let stores = [first.again(), first.again()];
        let one = start([step(&notes[0])], &stores[0], &clock).await;
        let two = start([step(&notes[1])], &stores[1], &clock).await;
        Self { stores, runtimes: [one, two], notes }
    }

    /// What both took down, in order.
    fn times(&self) -> Vec<String> {
        let mut times = self.notes.each_ref().map(|notes| notes.times("%M:%S")).concat();
        times.sort();
        times
    }

    /// The one whose step runs, and the other.
    async fn running(&self) -> (usize, usize) {
        let busy = self.notes.each_ref().map(Notes::count);
        if busy[0] > 0 { (0, 1) } else { (1, 0) }
    }
}

#[tokio::test(start_paused = true)]
async fn each_firing_is_made_once_in_two_instances() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow] {
        let pair = Pair::of(|notes| notes.step(TENS.overlap(overlap), secs(0))).await;

        pass(secs(60 * 60)).await;

        let mut times = pair.times();
        assert_eq!(times.len(), 360, "{overlap:?}");
        times.dedup();
        assert_eq!(times.len(), 360, "{overlap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_runtimes_over_one_embedded_store_make_each_firing_once_too() {
    let (store, notes) = (Arc::new(MemoryStore::new()), Notes::default());
    let clock = WallClock::reading("2026-11-21T10:00:05Z");
    let _one = start([notes.step(TENS, secs(0))], &store, &clock).await;
    let _two = start([notes.step(TENS, secs(0))], &store, &clock).await;

    pass(secs(60)).await;

    assert_eq!(notes.times("%S"), ["10", "20", "30", "40", "50", "00"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_in_one_instance_keeps_the_other_from_running() {
    let pair = Pair::of(|notes| notes.step(TENS.overlap(Overlap::Skip), secs(45))).await;

    pass(secs(85)).await;

    // The run that starts at 00:10 ends at 00:55, long after a lease that nobody renews.
    assert_eq!(pair.times(), ["00:10", "01:00"]);
}

#[tokio::test(start_paused = true)]
async fn queue_lets_one_wait_for_the_other_instance() {
    let pair = Pair::of(|notes| notes.step(TENS.overlap(Overlap::Queue), secs(45))).await;

    pass(secs(85)).await;

    assert_eq!(pair.times(), ["00:10", "00:55"]);
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_an_instance_that_died_runs_out() {
    let pair = Pair::of(|notes| notes.step(TENS, hours(1))).await;
    pass(secs(6)).await;
    let (dead, alive) = pair.running().await;

    pair.stores[dead].cut();
    pass(secs(60)).await;

    // Its lease was given at 00:10 and lasts until 00:25.
    assert_eq!(pair.notes[alive].times("%M:%S"), ["00:30"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_lease_is_asked_to_stop() {
    let stopped = Notes::default();
    let pair = Pair::of(|notes| {
        let (notes, stopped) = (notes.clone(), stopped.clone());
        TENS.bind(move |ctx: motia_core::context::Context| {
            let (notes, stopped) = (notes.clone(), stopped.clone());
            async move {
                notes.take_down(&ctx);
                ctx.cancelled().await;
                stopped.take_down(&ctx);
                Ok(())
            }
        })
    })
    .await;
    pass(secs(6)).await;
    let (dead, _) = pair.running().await;

    pair.stores[dead].cut();
    pass(secs(60)).await;

    // It cannot renew the lease of 00:10, which the other instance takes over at 00:30.
    assert_eq!(stopped.times("%M:%S"), ["00:25"]);
}

#[tokio::test(start_paused = true)]
async fn a_clean_stop_gives_the_lease_back_at_once() {
    let pair = Pair::of(|notes| notes.step(TENS, hours(1))).await;
    pass(secs(6)).await;
    let (first, second) = pair.running().await;

    // The shutdown lets it run for 30 s more, and then breaks it off at 00:41.
    pair.runtimes[first].shutdown().await.unwrap();
    pass(secs(15)).await;

    assert_eq!(pair.notes[second].times("%M:%S"), ["00:50"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_in_another_instance_refuses_run_now() {
    let pair = Pair::of(|notes| notes.step(TENS, secs(300))).await;
    pass(secs(6)).await;
    let (_, other) = pair.running().await;

    let status = pair.runtimes[other].cron().list().await.unwrap().remove(0);
    let refused = pair.runtimes[other].cron().run_now("Tens").await;

    assert!(status.running, "{status:?}");
    assert!(matches!(refused, Err(RunNowError::AlreadyRunning("Tens"))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_delays_a_firing_and_loses_none() {
    let (store, notes) = (Shared::default(), Notes::default());
    let (store, clock) = (store.again(), WallClock::reading("2026-11-21T10:00:30Z"));
    let step = notes.step(CronConfig::new("Hourly", "1 * * * *"), secs(0));
    let _runtime = start([step], &store, &clock).await;

    store.cut();
    pass(secs(45)).await;
    store.mend();
    pass(Duration::from_secs(5)).await;

    assert_eq!(notes.times("%M:%S"), ["01:15"]);
    assert_eq!(clock.now(), at("2026-11-21T10:01:20Z"));
}
