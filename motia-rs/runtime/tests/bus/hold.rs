//! Events whose payload does not fit wait for a program that it fits.

use std::sync::Arc;

use motia_core::{
    config::EventConfig,
    context::{Cancel, EmitOptions},
    store::{DeliveryId, Write},
};
use motia_runtime::bus::reason::Reason;
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, Stage, Task, hundred, leave_text, noting, secs, window},
};

const STEP: EventConfig<Task> = EventConfig::new("Step");
const MISFIT: &str = r#"{"n":"one"}"#;

async fn release(stage: &Stage, delivery: DeliveryId) {
    stage.write(Write::Release { delivery, now: stage.now() }).await.unwrap();
    stage.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_held_and_loses_no_attempt_and_nobody_waits_for_it() {
    let (diary, store) = (Diary::default(), Arc::new(MemoryStore::new()));
    let queue = leave_text(&store, "Step", MISFIT, None).await;
    let held = DeliveryId { queue, seq: 1 };
    let stage = Stage::over(store, window(4), [noting(STEP, &diary)]).await;
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2"]);
    assert_eq!(stage.depths().await[0].held, 1);
    let reasons = stage.reasons(held).await;
    assert!(matches!(&reasons[..], [Reason::Held { .. }]), "{reasons:?}");
    for _ in 0..5 {
        release(&stage, held).await;
    }

    assert_eq!(stage.dead_letters().await.len(), 0);
    assert_eq!(stage.waiting().await[0].attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_in_order_waits_for_what_is_held_until_it_is_released_by_the_next_program() {
    // Given a key whose first event does not fit, and another.
    let (diary, disk) = (Diary::default(), Disk::new());
    let queue = leave_text(&disk.kept, "Step", MISFIT, Some("0")).await;
    let held = DeliveryId { queue, seq: 1 };
    let begin = || [noting(STEP.fifo(hundred), &diary)];
    let (stage, process) = disk.start(window(4), begin()).await;
    let behind = stage.send(1, EmitOptions::new()).await;
    stage.emit(100).await;
    sleep(secs(60)).await;
    assert_eq!(diary.read(), ["100"]);
    let waits = Reason::BehindInKey { key: "0".into(), ahead: 1 };
    assert_eq!(stage.reasons(behind).await, [waits]);

    // When it is released by a program that takes it no better, nothing changes.
    process.crash(stage).await;
    let (stage, process) = disk.start(window(4), begin()).await;
    stage.quiet().await;
    release(&stage, held).await;
    assert_eq!(diary.read(), ["100"]);
    assert_eq!(stage.depths().await[0].held, 1);

    // But when it is cancelled, the key goes on.
    process.crash(stage).await;
    let (stage, _) = disk.start(window(4), begin()).await;
    stage.quiet().await;
    stage.cancel(Cancel::Delivery(held)).await;
    stage.empty().await;
    assert_eq!(diary.read(), ["100", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_held_event_that_fits_the_next_program_is_handled_first() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let queue = leave_text(&disk.kept, "Step", r#"{"n":0}"#, Some("0")).await;
    hold(&disk.kept, DeliveryId { queue, seq: 1 }).await;

    let (stage, _) = disk.start(window(4), [noting(STEP.fifo(hundred), &diary)]).await;
    for n in 1..4 {
        stage.emit(n).await;
    }
    stage.empty().await;

    assert_eq!(diary.read(), ["0", "1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_held_and_released_while_it_is_in_memory_starts_when_it_may() {
    let (diary, store) = (Diary::default(), Arc::new(MemoryStore::new()));
    let config = STEP.fifo(hundred);
    let stage = Stage::over(store.clone(), window(8), [noting(config, &diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    let first = stage.send(0, EmitOptions::new()).await;
    stage.emit(1).await;
    stage.quiet().await;

    hold(&store, first).await;
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.quiet().await;
    assert_eq!(diary.read(), Vec::<String>::new());
    release(&stage, first).await;

    assert_eq!(diary.read(), ["0", "1"]);
}

/// Holds a delivery, as a program did that it did not fit.
async fn hold(store: &MemoryStore, delivery: DeliveryId) {
    use motia_core::store::{Batch, Failure, Settlement, Store as _, Token};
    let at = super::stage::START;
    let error = "it does not fit".to_owned();
    let failure = Failure { attempt: 1, started_at: at, ended_at: at, error, class: None };
    let settlement = Settlement::Hold { failure: failure.into() };
    let settle = Write::Settle { delivery, token: Token(0), settlement };
    store.commit(Batch::of(settle)).await.unwrap();
}
