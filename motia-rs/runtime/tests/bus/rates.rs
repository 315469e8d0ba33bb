//! How often attempts start.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    config::{EventConfig, RateLimit},
    context::{Context, EmitOptions},
    registry::Definition,
};
use motia_runtime::{Settings, bus::reason::Reason};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{START, Stage, Task, hundred, leave, millis, secs, step},
};

type Starts = Arc<Mutex<Vec<(u64, Timestamp)>>>;

fn timing(config: EventConfig<Task>, starts: &Starts) -> Definition {
    let starts = starts.clone();
    step(config, move |task: Task, ctx: Context| {
        starts.lock().push((task.n / 100, ctx.now()));
        async { Ok(()) }
    })
}

/// The most starts in any span of this length.
fn most_within(starts: &[Timestamp], span: Duration) -> usize {
    let within =
        |from: &Timestamp| starts.iter().filter(|at| *from <= **at && **at < *from + span).count();
    starts.iter().map(within).max().unwrap_or(0)
}

/// Emits now and then, and has the app restarted or killed meanwhile; gives the starts by key.
async fn starts_of(config: fn() -> EventConfig<Task>) -> HashMap<u64, Vec<Timestamp>> {
    let (starts, disk) = (Starts::default(), Disk::new());
    for round in 0..6_u64 {
        let (stage, process) = disk.start(Settings::default(), [timing(config(), &starts)]).await;
        for n in 0..20 {
            stage.emit(n % 2 * 100).await;
        }
        sleep(millis(1_300 + round * 37)).await;
        if round % 2 == 0 {
            process.crash(stage).await;
        } else {
            stage.runtime.shutdown().await.unwrap();
        }
    }
    let (stage, _) = disk.start(Settings::default(), [timing(config(), &starts)]).await;
    stage.empty().await;
    let mut of_keys = HashMap::<u64, Vec<Timestamp>>::new();
    for (key, at) in starts.lock().iter() {
        of_keys.entry(*key).or_default().push(*at);
    }
    assert_eq!(of_keys.values().map(Vec::len).sum::<usize>(), 120);
    of_keys
}

const BUCKET: RateLimit = RateLimit::token_bucket(5, Duration::from_secs(1)).burst(3);
const WINDOW: RateLimit = RateLimit::fixed_window(5, Duration::from_secs(1));

/// A bucket lets `burst + count × span` start in any span.
fn keeps_to_the_bucket(starts: &[Timestamp]) {
    for spans in 1..20_u32 {
        let most = most_within(starts, millis(200) * spans);
        assert!(most <= 3 + spans as usize, "{most} starts in {spans} tokens' time");
    }
}

fn keeps_to_the_window(starts: &[Timestamp]) {
    let mut windows = HashMap::<i128, usize>::new();
    for at in starts {
        *windows.entry(at.duration_since(START).as_millis() / 1_000).or_default() += 1;
    }
    assert!(windows.values().all(|count| *count <= 5), "{windows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_step_starts_no_more_than_its_bucket_lets_also_across_restarts() {
    let starts = starts_of(|| EventConfig::new("Step").rate_limit(BUCKET)).await;

    let mut all: Vec<_> = starts.into_values().flatten().collect();
    all.sort();
    keeps_to_the_bucket(&all);
}

#[tokio::test(start_paused = true)]
async fn a_step_starts_no_more_in_a_window_than_it_may_also_across_restarts() {
    let starts = starts_of(|| EventConfig::new("Step").rate_limit(WINDOW)).await;

    keeps_to_the_window(&starts.into_values().flatten().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn each_key_starts_no_more_than_its_bucket_lets_also_across_restarts() {
    let starts =
        starts_of(|| EventConfig::new("Step").key(hundred).rate_limit_per_key(BUCKET)).await;

    starts.values().for_each(|starts| keeps_to_the_bucket(starts));
}

#[tokio::test(start_paused = true)]
async fn each_key_starts_no_more_in_a_window_than_it_may_also_across_restarts() {
    let starts =
        starts_of(|| EventConfig::new("Step").key(hundred).rate_limit_per_key(WINDOW)).await;

    starts.values().for_each(|starts| keeps_to_the_window(starts));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_lets_its_pause_pass_between_two_starts() {
    let starts = Starts::default();
    let config = EventConfig::new("Step").throttle(millis(500));
    let stage = Stage::with([timing(config, &starts)]).await;
    for n in 0..10 {
        stage.emit(n).await;
    }

    stage.empty().await;

    let starts: Vec<_> = starts.lock().iter().map(|(_, at)| *at).collect();
    assert!(starts.windows(2).all(|two| two[1] >= two[0] + millis(500)), "{starts:?}");
    assert!(*starts.last().unwrap() <= START + millis(9 * 500 + 20), "it keeps up its rate");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_rate_says_so() {
    let starts = Starts::default();
    let config = EventConfig::new("Step").throttle(secs(60));
    let stage = Stage::with([timing(config, &starts)]).await;
    stage.emit(1).await;
    let next = stage.send(2, EmitOptions::new()).await;
    sleep(secs(1)).await;

    assert_eq!(stage.reasons(next).await, [Reason::RateLimited { until: START + secs(60) }]);
}

/// Each key in its own measure: the even ones by a bucket, the odd ones by a window.
fn by_its_number(task: &Task) -> Option<RateLimit> {
    Some(if (task.n / 100).is_multiple_of(2) { BUCKET } else { WINDOW })
}

#[tokio::test(start_paused = true)]
async fn each_key_starts_as_often_as_its_events_say_also_across_restarts() {
    let config = || EventConfig::new("Step").key(hundred).rate_limit_per_key_by(by_its_number);

    let starts = starts_of(config).await;

    keeps_to_the_bucket(&starts[&0]);
    keeps_to_the_window(&starts[&1]);
}

/// Nothing else happens in the queue that would have it looked at.
#[tokio::test(start_paused = true)]
async fn the_next_of_a_key_starts_by_the_rate_while_the_first_still_runs() {
    let store = Arc::new(MemoryStore::new());
    // Both are in memory before the first is taken.
    leave(&store, "Step", 1).await;
    leave(&store, "Step", 2).await;
    let starts = Starts::default();
    let config = EventConfig::new("Step").key(hundred);
    let config = config.rate_limit_per_key(RateLimit::token_bucket(1, secs(1)));
    let of_step = starts.clone();
    let long = step(config, move |_: Task, ctx: Context| {
        of_step.lock().push((0, ctx.now()));
        async {
            sleep(secs(600)).await;
            Ok(())
        }
    });

    let _stage = Stage::over(store, Settings::default(), [long]).await;
    sleep(secs(10)).await;

    let starts: Vec<_> = starts.lock().iter().map(|(_, at)| *at).collect();
    assert_eq!(starts.len(), 2);
    assert!(starts[1] <= starts[0] + millis(1_020), "{starts:?}");
}
