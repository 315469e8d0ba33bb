//! Steps that handle the events of one key in their order.

use std::time::Duration;

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    error::{StepError, StepResult},
    registry::Definition,
};
use motia_runtime::{Settings, bus::reason::Reason};
use tokio::time::{Instant, sleep};

use super::{
    disk::Disk,
    stage::{Diary, Stage, Task, hundred, millis, noting, numbers, secs, step, window},
};

fn in_order(retry: Retry) -> EventConfig<Task> {
    EventConfig::new("Step").fifo(hundred).retry(retry.jitter(0))
}

const HOURLY: Retry = Retry::fixed(3, Duration::from_secs(3600));

/// Fails at these numbers until their second attempt.
fn failing_once(retry: Retry, diary: &Diary, fails: fn(u64) -> bool) -> Definition {
    let diary = diary.clone();
    step(in_order(retry), move |task: Task, ctx: Context| {
        let fine = !fails(task.n) || ctx.attempt() > 1;
        diary.note(format!("{}{}", task.n, if fine { "" } else { " failed" }));
        async move { if fine { Ok(()) } else { Err(StepError::retry("once")) } }
    })
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_tried_again_goes_before_those_behind_it_and_holds_up_no_other_key() {
    // Given many more keys than are held in memory, each with an event that fails first.
    let (diary, disk) = (Diary::default(), Disk::new());
    let step = failing_once(HOURLY, &diary, |n| n % 100 == 0 && n < 5_000);
    let (stage, _) = disk.start(window(4), [step]).await;
    let keys = 0..100_u64;

    // When two of each key are emitted.
    for key in keys.clone() {
        stage.emit(key * 100).await;
    }
    for key in keys {
        stage.emit(key * 100 + 1).await;
    }
    sleep(secs(1)).await;

    // Then the fine ones are done at once, and the others an hour later in their order.
    let done = diary.read();
    let fine = done.iter().filter(|note| !note.ends_with("failed")).count();
    assert_eq!((fine, done.len()), (100, 150), "{done:?}");
    stage.empty().await;
    let done = diary.read();
    for key in 0..50 {
        let place = |n: u64| done.iter().position(|note| *note == n.to_string()).unwrap();
        assert!(place(key * 100) < place(key * 100 + 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_holds_across_restarts_however_the_process_ended() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || failing_once(Retry::fixed(3, secs(1)), &diary, |n| n % 2 == 0);
    let (stage, process) = disk.start(window(4), [begin()]).await;
    for n in 0..6 {
        stage.emit(n).await;
    }
    sleep(millis(1)).await;
    assert_eq!(diary.read(), ["0 failed"]);

    stage.runtime.shutdown().await.unwrap();
    let (stage, next) = disk.start(window(4), [begin()]).await;
    sleep(millis(1500)).await;
    drop(process);
    next.crash(stage).await;
    let (stage, _) = disk.start(window(4), [begin()]).await;
    stage.empty().await;

    let order = ["0 failed", "0", "1", "2 failed", "2", "3", "4 failed", "4", "5"];
    assert_eq!(diary.read(), order);
}

#[tokio::test(start_paused = true)]
async fn what_is_redriven_takes_its_old_place() {
    let diary = Diary::default();
    let notes = diary.clone();
    let step = step(in_order(Retry::never()), move |task: Task, ctx: Context| {
        let dies = task.n < 4 && ctx.now().duration_since(super::stage::START).as_secs() < 10;
        notes.note(format!("{}{}", task.n, if dies { " died" } else { "" }));
        async move { if dies { Err(StepError::fatal("early")) } else { Ok(()) } }
    });
    let stage =
        Stage::over(std::sync::Arc::new(motia_store::MemoryStore::new()), window(2), [step]).await;
    for n in 0..4 {
        stage.emit(n).await;
    }
    stage.quiet().await;
    sleep(secs(10)).await;

    // Given others that wait, and letters that are redriven from the last to the first.
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    for n in 4..8 {
        stage.emit(n).await;
    }
    for letter in stage.dead_letters().await.iter().rev() {
        stage.redrive(letter.id).await;
    }
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read()[4..], numbers(0..8));
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_on_when_the_event_that_it_waits_for_is_cancelled() {
    let diary = Diary::default();
    let stage = Stage::with([failing_once(HOURLY, &diary, |n| n == 0)]).await;
    let head = stage.send(0, EmitOptions::new()).await;
    let behind = stage.send(1, EmitOptions::new()).await;
    sleep(secs(1)).await;
    let waits = Reason::BehindInKey { key: "0".into(), ahead: 1 };
    assert_eq!(stage.reasons(behind).await, [waits]);

    let began = Instant::now();
    stage.cancel(Cancel::Delivery(head)).await;
    stage.empty().await;

    assert!(began.elapsed() < millis(100), "{:?}", began.elapsed());
    assert_eq!(diary.read(), ["0 failed", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_on_when_its_head_is_cancelled_while_the_store_is_read() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let step = failing_once(HOURLY, &diary, |n| n == 0);
    let (stage, process) = disk.start(Settings::default(), [step]).await;
    stage.quiet().await;
    process.pages.shut();
    let head = stage.send(0, EmitOptions::new()).await;
    stage.emit(1).await;
    process.pages.reached().await;

    stage.cancel(Cancel::Delivery(head)).await;
    process.pages.open();
    sleep(secs(1)).await;

    assert_eq!(diary.read(), ["0 failed", "1"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_keys_that_wait_for_a_time_hold_up_no_other() {
    // Given more keys than are held in memory, each of which waits for an hour.
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || failing_once(HOURLY, &diary, |n| n < 5_000);
    let (stage, process) = disk.start(window(4), [begin()]).await;
    for key in 0..50 {
        stage.emit(key * 100).await;
    }
    sleep(secs(1)).await;

    process.crash(stage).await;
    let (stage, _) = disk.start(window(4), [begin()]).await;
    stage.emit(9_900).await;
    sleep(secs(1)).await;

    assert_eq!(diary.read().last().unwrap(), "9900");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_takes_its_place_when_its_time_has_come() {
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(in_order(Retry::never()), move |task: Task, _| {
        notes.note(task.n.to_string());
        async {
            sleep(secs(2)).await;
            Ok(())
        }
    });
    let stage = Stage::with([slow]).await;
    stage.send(1, EmitOptions::new().delay(secs(3))).await;
    for n in 2..6 {
        stage.emit(n).await;
    }

    stage.empty().await;

    assert_eq!(diary.read(), ["2", "3", "1", "4", "5"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_which_more_fall_due_than_are_held_in_memory_does_not_stand_still() {
    let diary = Diary::default();
    let step = failing_once(Retry::fixed(3, millis(50)), &diary, |n| n == 0);
    let store = std::sync::Arc::new(motia_store::MemoryStore::new());
    let stage = Stage::over(store, window(4), [step]).await;

    for n in 0..20 {
        stage.send(n, EmitOptions::new().delay(secs(1))).await;
    }
    stage.empty().await;

    assert_eq!(diary.read()[1..], numbers(0..20));
}

#[tokio::test(start_paused = true)]
async fn what_fell_due_does_not_go_before_what_still_waits_in_the_store() {
    let diary = Diary::default();
    let store = std::sync::Arc::new(motia_store::MemoryStore::new());
    let config = in_order(Retry::never()).concurrency(1);
    let stage = Stage::over(store, window(2), [noting(config, &diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    for n in [100, 200, 300, 400, 0] {
        stage.emit(n).await;
    }
    stage.send(1, EmitOptions::new().delay(millis(0))).await;

    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    let done = diary.read();
    let place = |n: &str| done.iter().position(|note| note == n).unwrap();
    assert!(place("0") < place("1"), "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn of_a_key_that_runs_the_next_is_explained_by_it() {
    let slow = step(in_order(Retry::never()), |_: Task, _| async {
        sleep(secs(60)).await;
        StepResult::Ok(())
    });
    let stage = Stage::with([slow]).await;
    stage.emit(0).await;
    let next = stage.send(1, EmitOptions::new()).await;
    sleep(secs(1)).await;

    let key = || "0".to_owned();
    assert_eq!(
        stage.reasons(next).await,
        [Reason::BehindInKey { key: key(), ahead: 1 }, Reason::KeyBusy { key: key(), running: 1 }]
    );
}
