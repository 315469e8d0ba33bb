//! How many attempts run at once in the whole process.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use motia_core::{
    config::EventConfig,
    context::{Cancel, EmitOptions},
    registry::Definition,
};
use motia_runtime::{Settings, bus::reason::Reason};
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::stage::{Diary, Stage, Task, millis, secs, step};

fn slots(count: usize) -> Settings {
    let mut settings = Settings::default();
    settings.process_concurrency = NonZeroUsize::new(count).unwrap();
    settings
}

/// Takes tasks of its own hundred.
fn slow(config: EventConfig<Task>, running: &Arc<AtomicUsize>, diary: &Diary) -> Definition {
    let (running, diary) = (running.clone(), diary.clone());
    step(config, move |task: Task, _| {
        let (running, diary) = (running.clone(), diary.clone());
        async move {
            let at_once = running.fetch_add(1, SeqCst) + 1;
            diary.note(format!("{} of {at_once}", task.n / 100));
            sleep(millis(10)).await;
            running.fetch_sub(1, SeqCst);
            Ok(())
        }
    })
}

const FIRST: EventConfig<Task> = EventConfig::new("First").when(|task| task.n / 100 == 1);
const SECOND: EventConfig<Task> = EventConfig::new("Second").when(|task| task.n / 100 == 2);
const THIRD: EventConfig<Task> = EventConfig::new("Third").when(|task| task.n / 100 == 3);

#[tokio::test(start_paused = true)]
async fn no_more_run_than_the_process_allows_and_each_queue_has_its_turn() {
    let (running, diary) = (Arc::default(), Diary::default());
    let steps = [FIRST, SECOND, THIRD].map(|config| slow(config, &running, &diary));
    let stage = Stage::over(Arc::new(MemoryStore::new()), slots(2), steps).await;
    for n in 0..90 {
        stage.emit(100 + n).await;
    }
    for n in 0..5 {
        stage.emit(200 + n).await;
        stage.emit(300 + n).await;
    }

    stage.empty().await;

    let notes = diary.read();
    assert_eq!(notes.len(), 100);
    assert!(notes.iter().all(|note| note.ends_with("of 1") || note.ends_with("of 2")), "{notes:?}");
    let last_of = |key: &str| notes.iter().rposition(|note| note.starts_with(key)).unwrap();
    assert!(last_of("2") < 40 && last_of("3") < 40, "{notes:?}");
    assert!(stage.runtime.bus().is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_was_meant_for_a_queue_that_is_paused_goes_to_the_next() {
    let (running, diary) = (Arc::default(), Diary::default());
    let steps = [FIRST, SECOND, THIRD].map(|config| slow(config, &running, &diary));
    let stage = Stage::over(Arc::new(MemoryStore::new()), slots(1), steps).await;
    stage.quiet().await;
    for n in [100, 200, 300] {
        stage.emit(n).await;
    }
    sleep(millis(5)).await;

    stage.runtime.bus().pause("Second", "the test").await.unwrap();
    sleep(secs(1)).await;
    assert_eq!(diary.read(), ["1 of 1", "3 of 1"]);
    stage.runtime.bus().resume("Second").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read().last().unwrap(), "2 of 1");
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_was_meant_for_an_event_that_was_cancelled_is_not_lost() {
    let (running, diary) = (Arc::default(), Diary::default());
    let steps = [FIRST, SECOND, THIRD].map(|config| slow(config, &running, &diary));
    let stage = Stage::over(Arc::new(MemoryStore::new()), slots(1), steps).await;
    stage.quiet().await;
    stage.emit(100).await;
    let second = stage.send(200, EmitOptions::new()).await;
    stage.emit(300).await;
    sleep(millis(5)).await;

    stage.cancel(Cancel::Delivery(second)).await;
    sleep(secs(1)).await;

    assert_eq!(diary.read(), ["1 of 1", "3 of 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_slot_says_so() {
    let (running, diary) = (Arc::default(), Diary::default());
    let steps = [FIRST, SECOND].map(|config| slow(config, &running, &diary));
    let stage = Stage::over(Arc::new(MemoryStore::new()), slots(1), steps).await;
    stage.quiet().await;
    stage.emit(100).await;
    let waits = stage.send(200, EmitOptions::new()).await;
    sleep(millis(5)).await;

    assert_eq!(stage.reasons(waits).await, [Reason::ProcessBusy { running: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_another_of_its_step_to_end_says_so() {
    let slow = step(EventConfig::new("Step").concurrency(1), |_: Task, _| async {
        sleep(secs(1)).await;
        Ok(())
    });
    let stage = Stage::with([slow]).await;
    stage.emit(1).await;
    let waits = stage.send(2, EmitOptions::new()).await;
    sleep(millis(100)).await;

    assert_eq!(stage.reasons(waits).await, [Reason::StepBusy { running: 1 }]);
}
