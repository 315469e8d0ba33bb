//! Queues that are only so deep.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures_util::future::join_all;
use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitError, EmitOptions},
    error::StepError,
    registry::Definition,
    store::CommitError,
};
use motia_runtime::{Settings, bus::reason::Reason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    disk::Disk,
    stage::{Stage, Task, hundred, secs, step},
};

fn shallow(config: EventConfig<Task>) -> Definition {
    step(config.max_depth(5), |_: Task, _| async { Err(StepError::fatal("no")) })
}

const STEP: EventConfig<Task> = EventConfig::new("Step").retry(Retry::never());

async fn pause(stage: &Stage) {
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
}

async fn kept(stage: &Stage, emits: u64) -> usize {
    let emits = (0..emits).map(|n| stage.try_send(n, EmitOptions::new()));
    join_all(emits).await.iter().filter(|result| result.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_emits_and_says_when_to_try_again() {
    let stage = Stage::with([shallow(STEP)]).await;
    pause(&stage).await;
    assert_eq!(kept(&stage, 20).await, 5);

    let refused = stage.try_send(9, EmitOptions::new()).await.unwrap_err();

    assert!(refused.is_transient());
    assert_eq!(refused.retry_after(), Some(secs(1)));
    assert!(matches!(
        refused,
        EmitError::Store(CommitError::QueueFull { step: "Step", limit: 5, .. })
    ));
    assert_eq!(StepError::from(refused).status(), 503);
    assert_eq!(stage.waiting().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_never_deeper_than_it_may_be_whoever_emits_at_once() {
    let stage = Arc::new(Stage::with([shallow(STEP)]).await);
    pause(&stage).await;
    let count = Arc::new(AtomicUsize::new(0));

    let emitters = (0..8).map(|_| {
        let (stage, count) = (stage.clone(), count.clone());
        stage.clone().runtime.tasks().handle().spawn(async move {
            for n in 0..50 {
                let kept = stage.try_send(n, EmitOptions::new()).await.is_ok();
                count.fetch_add(usize::from(kept), SeqCst);
            }
        })
    });
    join_all(emitters).await;

    assert_eq!((count.load(SeqCst), stage.waiting().await.len()), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn what_waits_after_a_restart_is_counted() {
    let disk = Disk::new();
    let (stage, process) = disk.start(Settings::default(), [shallow(STEP)]).await;
    pause(&stage).await;
    stage.send(1, EmitOptions::new().delay(secs(60))).await;
    assert_eq!(kept(&stage, 2).await, 2);

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), [shallow(STEP)]).await;

    assert_eq!(kept(&stage, 20).await, 2);
}

#[tokio::test(start_paused = true)]
async fn room_is_made_by_what_is_given_up_cancelled_superseded_or_expired_and_taken_by_a_redrive() {
    let stage = Stage::with([shallow(STEP)]).await;
    assert_eq!(kept(&stage, 5).await, 5);
    stage.empty().await;
    let letters = stage.dead_letters().await;
    pause(&stage).await;

    // Given two redriven letters and one event that is cancelled.
    for letter in &letters[..2] {
        stage.redrive(letter.id).await;
    }
    assert_eq!(kept(&stage, 20).await, 3);
    let last = stage.waiting().await[4].id;
    stage.cancel(Cancel::Delivery(last)).await;
    stage.cancel(Cancel::Delivery(last)).await;
    assert_eq!(kept(&stage, 20).await, 1);

    // A redrive is not refused, but keeps others out.
    stage.redrive(letters[2].id).await;
    stage.cancel(Cancel::Delivery(letters[0].id)).await;
    assert_eq!(kept(&stage, 20).await, 0);
    stage.cancel(Cancel::Delivery(letters[1].id)).await;
    assert_eq!(kept(&stage, 20).await, 1);
}

#[tokio::test(start_paused = true)]
async fn superseded_events_make_room() {
    let config = STEP.key(hundred).debounce(secs(1));
    let stage = Stage::with([shallow(config)]).await;

    for n in 0..50 {
        stage.send(n, EmitOptions::new()).await;
        tokio::task::yield_now().await;
    }
    stage.empty().await;

    assert_eq!(kept(&stage, 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_one_step_refuses_takes_no_room_of_another() {
    let roomy = step(STEP.max_depth(5), |_: Task, _| async { Ok(()) });
    let tight = step(EventConfig::new("Tight").max_depth(1), |_: Task, _| async { Ok(()) });
    let stage = Stage::with([roomy, tight]).await;
    for name in ["Step", "Tight"] {
        stage.runtime.bus().pause(name, "the test").await.unwrap();
    }
    assert_eq!(kept(&stage, 20).await, 1);

    stage.runtime.bus().resume("Tight").await.unwrap();
    stage.quiet().await;

    assert_eq!(kept(&stage, 1).await, 1, "one of five waits for the other");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_emits_to_a_full_queue_waits_for_room_and_loses_no_attempt() {
    // Given a step that passes tasks on to one that takes two and is paused.
    let runs = Arc::new(AtomicUsize::new(0));
    let ran = runs.clone();
    let passes_on = step(EventConfig::new("Upstream"), move |task: Task, ctx: Context| {
        ran.fetch_add(1, SeqCst);
        async move {
            ctx.emit_raw("passed", &serde_json::json!({ "n": task.n })).await?;
            Ok(())
        }
    });
    let config = EventConfig::<Passed>::new("Downstream").max_depth(2);
    let takes = config.bind(|_: Passed, _: Context| async { Ok(()) });
    let stage = Stage::with([passes_on, takes]).await;
    stage.runtime.bus().pause("Downstream", "the test").await.unwrap();
    for n in 0..12 {
        stage.emit(n).await;
    }

    // When it stays full for ten minutes.
    tokio::time::sleep(secs(600)).await;

    // Then nothing has died of it, they were not run all the time, and each says why it waits.
    assert!(stage.dead_letters().await.is_empty());
    assert!(runs.load(SeqCst) < 12 + 10 * 30, "{} runs", runs.load(SeqCst));
    let waiting = stage.waiting().await;
    let upstream: Vec<_> = waiting.iter().filter(|each| each.event.topic == "task").collect();
    assert_eq!((waiting.len(), upstream.len()), (12, 10));
    for delivery in upstream {
        assert_eq!(delivery.attempts, 0);
        let reasons = stage.reasons(delivery.id).await;
        let says = |reason: &Reason| matches!(reason, Reason::Postponed { why, .. } if why.contains("the queue of `Downstream` is full"));
        assert!(reasons.iter().any(says), "{reasons:?}");
    }

    // And all of them get through when there is room.
    stage.runtime.bus().resume("Downstream").await.unwrap();
    stage.empty().await;
    assert!(stage.dead_letters().await.is_empty());
    let emitted = stage.runtime.metrics().encode();
    assert!(emitted.contains("motia_events_emitted_total{topic=\"passed\"} 12"), "{emitted}");
}

/// A task that was passed on.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Passed {
    n: u64,
}
motia_core::topic!(Passed = "passed");
