//! Handlers that panic when they are let go of.

use std::time::Duration;

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    registry::Definition,
};
use tokio::time::sleep;

use super::stage::{Diary, Stage, Task, secs, step};

const STEP: EventConfig<Task> = EventConfig::new("Step")
    .concurrency(1)
    .timeout(Duration::from_secs(10))
    .retry(Retry::fixed(1, Duration::from_secs(1)));

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

/// Hangs with task 1, with something that does not bear to be dropped.
fn hanging(diary: &Diary) -> Definition {
    let diary = diary.clone();
    step(STEP, move |task: Task, _: Context| {
        let diary = diary.clone();
        async move {
            if task.n == 1 {
                let _held = PanicsWhenDropped;
                sleep(secs(3600)).await;
            }
            diary.note(task.n.to_string());
            Ok(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_its_time_is_over_leaves_its_worker_to_the_next_event() {
    let diary = Diary::default();
    let stage = Stage::with([hanging(&diary)]).await;

    stage.emit(1).await;
    stage.emit(2).await;
    sleep(secs(60)).await;

    assert_eq!(diary.read(), ["2"]);
    let letters = stage.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("timeout of 10s"), "{}", letters[0].reason);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_it_is_cancelled_leaves_its_worker_to_the_next_event() {
    let diary = Diary::default();
    let stage = Stage::with([hanging(&diary)]).await;
    let first = stage.send(1, EmitOptions::new()).await;
    stage.emit(2).await;
    sleep(secs(1)).await;

    assert_eq!(stage.cancel(Cancel::Delivery(first)).await, 1);
    stage.empty().await;

    assert_eq!(diary.read(), ["2"]);
    assert_eq!(stage.ended().await.len(), 1);
}
