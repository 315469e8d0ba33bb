//! Only the last event of a key counts, once the key is silent.

use std::{sync::Arc, time::Duration};

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    error::StepError,
    registry::Definition,
    store::Ending,
};
use motia_runtime::bus::reason::Reason;
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, START, Stage, Task, hundred, millis, secs, step, window},
};

const QUIET: EventConfig<Task> =
    EventConfig::new("Step").key(hundred).debounce(Duration::from_secs(1));

fn timing(config: EventConfig<Task>, diary: &Diary) -> Definition {
    let diary = diary.clone();
    step(config, move |task: Task, ctx: Context| {
        let at = ctx.now().duration_since(START).as_secs_f64();
        diary.note(format!("{} at {at:.1}", task.n));
        async { Ok(()) }
    })
}

#[tokio::test(start_paused = true)]
async fn the_last_event_is_handled_when_the_key_is_silent_and_the_others_are_superseded() {
    let diary = Diary::default();
    let stage = Stage::with([timing(QUIET, &diary)]).await;
    for n in [1, 100, 2, 3] {
        stage.emit(n).await;
        sleep(millis(500)).await;
    }

    stage.empty().await;

    assert_eq!(diary.read(), ["100 at 1.5", "3 at 2.5"]);
    let ended = stage.ended().await;
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|ended| ended.ending == Ending::Superseded));
    assert_eq!(stage.possible_duplicates(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_never_silent_is_handled_after_a_while_and_again() {
    let diary = Diary::default();
    let stage = Stage::with([timing(QUIET.debounce_at_most(secs(3)), &diary)]).await;
    for n in 0..12 {
        stage.emit(n).await;
        sleep(millis(600)).await;
    }

    stage.empty().await;

    assert_eq!(diary.read(), ["5 at 3.0", "11 at 6.6"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_last_one_is_handled_alone() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let (stage, process) = disk.start(window(8), [timing(QUIET, &diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    for n in 0..4 {
        stage.emit(n).await;
    }
    process.crash(stage).await;

    let (stage, _) = disk.start(window(8), [timing(QUIET, &diary)]).await;
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), ["3 at 1.0"]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_is_counted_from_the_first_event_also_over_a_restart() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let quiet = || [timing(QUIET.debounce_at_most(secs(3)), &diary)];
    let (stage, process) = disk.start(window(8), quiet()).await;
    for n in 0..3 {
        stage.emit(n).await;
        sleep(millis(700)).await;
    }
    process.crash(stage).await;

    let (stage, _) = disk.start(window(8), quiet()).await;
    for n in 3..6 {
        stage.emit(n).await;
        sleep(millis(700)).await;
    }
    stage.empty().await;

    assert_eq!(diary.read(), ["4 at 3.0", "5 at 4.5"]);
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_too_long_behind_a_pause_did_so_after_a_restart_too() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let quiet = || [timing(QUIET.debounce_at_most(secs(3)), &diary)];
    let (stage, process) = disk.start(window(8), quiet()).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    stage.emit(0).await;
    sleep(secs(4)).await;
    stage.emit(1).await;
    sleep(millis(100)).await;
    process.crash(stage).await;

    let (stage, _) = disk.start(window(8), quiet()).await;
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2 at 4.1"]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_event_takes_the_place_of_one_in_memory_also_where_that_is_full() {
    let diary = Diary::default();
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(4), [timing(QUIET, &diary)]).await;
    for key in 0..12 {
        stage.emit(key * 100).await;
    }
    sleep(millis(500)).await;
    for key in 0..4 {
        stage.emit(key * 100 + 1).await;
    }

    stage.empty().await;

    let of_first_keys: Vec<_> = diary
        .read()
        .into_iter()
        .filter(|note| note.contains("01 at") || note.starts_with("1 at"))
        .collect();
    assert_eq!(of_first_keys.len(), 4, "{:?}", diary.read());
    assert_eq!(diary.read().len(), 12, "{:?}", diary.read());
}

#[tokio::test(start_paused = true)]
async fn of_a_key_that_waits_in_the_store_because_memory_is_full_the_last_event_is_handled_alone() {
    let diary = Diary::default();
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(2), [timing(QUIET, &diary)]).await;
    stage.quiet().await;
    for n in [100, 200, 1, 2, 300, 3] {
        stage.emit(n).await;
    }

    stage.empty().await;

    let mut handled = diary.read();
    handled.iter_mut().for_each(|note| note.truncate(3));
    handled.sort();
    assert_eq!(handled, ["100", "200", "3 a", "300"], "{:?}", diary.read());
    assert!(stage.ended().await.iter().all(|ended| ended.ending == Ending::Superseded));
}

#[tokio::test(start_paused = true)]
async fn a_newer_event_takes_the_place_of_one_that_is_to_be_tried_again() {
    let diary = Diary::default();
    let notes = diary.clone();
    let fails = step(QUIET, move |task: Task, ctx: Context| {
        notes.note(format!("{} attempt {}", task.n, ctx.attempt()));
        async move { if task.n == 1 { Err(StepError::retry("again")) } else { Ok(()) } }
    });
    let stage = Stage::with([fails]).await;
    stage.emit(1).await;
    sleep(millis(1500)).await;
    stage.emit(2).await;

    stage.empty().await;

    assert_eq!(diary.read(), ["1 attempt 1", "2 attempt 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_debounced_says_until_when_and_can_be_cancelled() {
    let diary = Diary::default();
    let stage = Stage::with([timing(QUIET, &diary)]).await;
    let first = stage.send(1, EmitOptions::new()).await;
    sleep(millis(100)).await;
    assert_eq!(stage.reasons(first).await, [Reason::Debounced { until: START + secs(1) }]);

    stage.cancel(Cancel::Delivery(first)).await;
    sleep(millis(100)).await;
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2 at 1.2"]);
}

/// Fails with its first task, and notes all.
fn failing_first(config: EventConfig<Task>, lasts: Duration, diary: &Diary) -> Definition {
    let diary = diary.clone();
    step(config.retry(Retry::fixed(3, secs(60))), move |task: Task, _: Context| {
        let diary = diary.clone();
        async move {
            diary.note(task.n.to_string());
            if task.n == 1 {
                sleep(lasts).await;
                return Err(StepError::retry("again"));
            }
            Ok(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn an_older_event_is_not_tried_again_after_a_newer_one_of_its_key_was_started() {
    // It waits for its next attempt when the newer one starts, or runs so long that it fails after it.
    for lasts in [Duration::ZERO, secs(10)] {
        let diary = Diary::default();
        let stage = Stage::with([failing_first(QUIET, lasts, &diary)]).await;
        stage.emit(1).await;
        sleep(secs(3)).await;
        stage.emit(2).await;
        stage.emit(100).await;

        stage.empty().await;

        let mut notes = diary.read();
        notes.sort();
        assert_eq!(notes, ["1", "100", "2"], "after {lasts:?}");
        let ended = stage.ended().await;
        assert_eq!(ended.len(), 1);
        assert_eq!((ended[0].ending, ended[0].attempts), (Ending::Superseded, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn nor_after_a_restart() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || failing_first(QUIET, Duration::ZERO, &diary);
    let (stage, _) = disk.start(window(8), [begin()]).await;
    stage.emit(1).await;
    sleep(secs(3)).await;
    stage.runtime.shutdown().await.unwrap();

    let (stage, _) = disk.start(window(8), [begin()]).await;
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["1", "2"]);
}
