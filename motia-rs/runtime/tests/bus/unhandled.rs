//! What is told of an event that ended before it was handled.

use motia_core::{
    config::EventConfig,
    context::{Cancel, Context, EmitOptions, Unhandled},
    error::StepResult,
    registry::Definition,
    store::Ending,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::stage::{Diary, Stage, Task, hundred, millis, noting, secs, step};

/// Nobody does a task any more.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct TaskDropped {
    n: u64,
    attempts: u32,
    how: String,
}
motia_core::topic!(TaskDropped = "task.dropped");

impl From<Unhandled<Task>> for TaskDropped {
    fn from(Unhandled { input, attempts, ending, note, .. }: Unhandled<Task>) -> Self {
        assert_ne!(input.n, 13, "nothing is said of number thirteen");
        let how = match ending {
            Ending::Expired => "expired".to_owned(),
            _ => note,
        };
        Self { n: input.n, attempts, how }
    }
}

const STEP: EventConfig<Task> = EventConfig::new("Step").concurrency(1).on_ended::<TaskDropped>();

/// Runs for an hour.
fn slow() -> Definition {
    step(STEP, |_, _| async {
        sleep(secs(3600)).await;
        Ok(())
    })
}

fn listener(config: EventConfig<TaskDropped>, diary: &Diary) -> Definition {
    let diary = diary.clone();
    config.bind(move |TaskDropped { n, attempts, how }: TaskDropped, _: Context| {
        diary.note(format!("{n} after {attempts}: {how}"));
        async { StepResult::Ok(()) }
    })
}

async fn stage(diary: &Diary) -> Stage {
    Stage::with([slow(), listener(EventConfig::new("Listen"), diary)]).await
}

#[tokio::test(start_paused = true)]
async fn who_listens_is_told_of_what_was_cancelled_whether_it_ran_or_waited() {
    let diary = Diary::default();
    let stage = stage(&diary).await;
    let running = stage.send(1, EmitOptions::new()).await;
    sleep(secs(1)).await;
    let delayed = stage.send(2, EmitOptions::new().delay(secs(60))).await;

    assert_eq!(stage.cancel(Cancel::Delivery(running)).await, 1);
    assert_eq!(stage.cancel(Cancel::Delivery(delayed)).await, 1);
    assert_eq!(stage.cancel(Cancel::Delivery(delayed)).await, 0);
    stage.empty().await;

    assert_eq!(
        diary.read(),
        ["1 after 1: cancelled by the test", "2 after 0: cancelled by the test"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_a_run_that_was_cancelled_is_not_cancelled_with_it() {
    let diary = Diary::default();
    let stage = stage(&diary).await;
    stage.runtime.bus().pause("Listen", "the test").await.unwrap();
    stage.send(1, EmitOptions::new()).await;
    let trace = stage.waiting().await[0].event.trace.trace_id;

    assert_eq!(stage.cancel(Cancel::Trace(trace)).await, 1);
    stage.runtime.bus().resume("Listen").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_expired_is_told_too() {
    let diary = Diary::default();
    let stage = stage(&diary).await;
    stage.send(1, EmitOptions::new()).await;
    stage.send(2, EmitOptions::new().ttl(secs(60))).await;

    stage.empty().await;

    assert_eq!(diary.read(), ["2 after 0: expired"]);
    assert_eq!(stage.ended().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_handled_or_has_a_newer_one_is_not_told() {
    let diary = Diary::default();
    let config = STEP.key(hundred).debounce(secs(1));
    let steps = [noting(config, &diary), listener(EventConfig::new("Listen"), &diary)];
    let stage = Stage::with(steps).await;

    stage.emit(1).await;
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2"]);
    assert_eq!(stage.ended().await[0].ending, Ending::Superseded);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_hears_of_it_all_the_same() {
    const ONE: EventConfig<TaskDropped> = EventConfig::new("Listen").max_depth(1).delay(secs(60));
    let diary = Diary::default();
    let stage = Stage::with([slow(), listener(ONE, &diary)]).await;
    for n in 1..=3 {
        let task = stage.send(n, EmitOptions::new()).await;
        assert_eq!(stage.cancel(Cancel::Delivery(task)).await, 1);
    }

    stage.empty().await;

    assert_eq!(diary.read().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_panics_does_not_keep_the_event_from_its_end() {
    let diary = Diary::default();
    let stage = stage(&diary).await;
    let task = stage.send(13, EmitOptions::new()).await;

    assert_eq!(stage.cancel(Cancel::Delivery(task)).await, 1);
    sleep(millis(100)).await;

    assert!(stage.waiting().await.is_empty());
    assert_eq!(diary.read(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_stands_among_the_topics_that_the_step_emits() {
    let names: Vec<_> = slow().emits.iter().map(|topic| topic.name).collect();

    assert_eq!(names, ["task.dropped"]);
}
