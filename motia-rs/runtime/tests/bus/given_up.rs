//! What is told of an event that was given up.

use std::sync::Arc;

use motia_core::{
    config::{EventConfig, Retry},
    context::{Context, GivenUp},
    error::{StepError, StepResult},
    registry::Definition,
    store::{Batch, DeliveryId, Store, Token, Write},
};
use motia_runtime::Settings;
use motia_store::MemoryStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::{Diary, Stage, Task, leave, millis, secs, step};

/// A task was given up.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct TaskLost {
    n: u64,
    attempts: u32,
    why: String,
}
motia_core::topic!(TaskLost = "task.lost");

impl From<GivenUp<Task>> for TaskLost {
    fn from(GivenUp { input, attempts, reason, .. }: GivenUp<Task>) -> Self {
        assert_ne!(input.n, 13, "nothing is said of number thirteen");
        Self { n: input.n, attempts, why: reason }
    }
}

const TWICE: EventConfig<Task> =
    EventConfig::new("Twice").retry(Retry::fixed(2, secs(10))).on_dead::<TaskLost>();

fn failing(config: EventConfig<Task>) -> Definition {
    step(config, |_: Task, _| async { Err(StepError::retry("the sea is rough")) })
}

fn mourner(config: EventConfig<TaskLost>, diary: &Diary) -> Definition {
    let diary = diary.clone();
    config.bind(move |TaskLost { n, attempts, why }: TaskLost, _: Context| {
        diary.note(format!("{n} after {attempts}: {why}"));
        async { StepResult::Ok(()) }
    })
}

#[tokio::test(start_paused = true)]
async fn who_listens_is_told_after_the_last_attempt_and_not_before() {
    let diary = Diary::default();
    let stage = Stage::with([failing(TWICE), mourner(EventConfig::new("Mourn"), &diary)]).await;

    stage.emit(1).await;
    stage.quiet().await;
    let early = diary.read();
    stage.empty().await;

    assert_eq!(early, [""; 0]);
    assert_eq!(diary.read(), ["1 after 2: failed 2 times: the sea is rough"]);
    assert_eq!(stage.dead_letters().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_handled_in_the_end_is_not_mourned() {
    let diary = Diary::default();
    let second_time = step(TWICE, |_: Task, ctx: Context| async move {
        if ctx.attempt() == 1 { Err(StepError::retry("not yet")) } else { Ok(()) }
    });
    let stage = Stage::with([second_time, mourner(EventConfig::new("Mourn"), &diary)]).await;

    stage.emit(1).await;
    stage.empty().await;

    assert_eq!(diary.read(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_process_died_of_is_told_of_by_the_next_process() {
    let store = Arc::new(MemoryStore::new());
    let queue = leave(&store, "Twice", 7).await;
    let delivery = DeliveryId { queue, seq: 1 };
    let start = Write::Start { delivery, attempt: 2, token: Token(2) };
    store.commit(Batch::of(start)).await.unwrap();

    let diary = Diary::default();
    let steps = [failing(TWICE), mourner(EventConfig::new("Mourn"), &diary)];
    let stage = Stage::over(store, Settings::default(), steps).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["7 after 2: the process ended during attempt 2, the last"]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_hears_of_it_all_the_same() {
    const ONE: EventConfig<TaskLost> = EventConfig::new("Mourn").max_depth(1).delay(secs(60));
    let diary = Diary::default();
    let fatal = step(TWICE, |_: Task, _| async { Err(StepError::fatal("no such port")) });
    let stage = Stage::with([fatal, mourner(ONE, &diary)]).await;

    for n in 1..=3 {
        stage.emit(n).await;
    }
    tokio::time::sleep(millis(50)).await;

    assert_eq!(stage.dead_letters().await.len(), 3);
    stage.empty().await;
    assert_eq!(diary.read().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_panics_does_not_keep_the_letter_from_being_kept() {
    let diary = Diary::default();
    let stage = Stage::with([failing(TWICE), mourner(EventConfig::new("Mourn"), &diary)]).await;

    stage.emit(13).await;
    stage.empty().await;

    assert_eq!(stage.dead_letters().await.len(), 1);
    assert_eq!(diary.read(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_stands_among_the_topics_that_the_step_emits() {
    let names: Vec<_> = failing(TWICE).emits.iter().map(|topic| topic.name).collect();

    assert_eq!(names, ["task.lost"]);
}
