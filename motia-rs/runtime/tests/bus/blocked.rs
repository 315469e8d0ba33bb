//! Handlers that do not give their thread back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    registry::Definition,
};

use motia_runtime::Settings;
use motia_store::MemoryStore;

use super::{
    batch::Settling,
    stage::{Diary, Stage, Task, hundred, millis, step},
};

const STEP: EventConfig<Task> = EventConfig::new("Step")
    .timeout(Duration::from_millis(50))
    .retry(Retry::fixed(3, Duration::from_millis(10)));

/// Whether handlers may give their threads back; they may when the test is over.
#[derive(Default)]
struct Freed(Arc<AtomicBool>);

impl Drop for Freed {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn block(freed: &AtomicBool) {
    while !freed.load(SeqCst) {
        std::thread::sleep(millis(5));
    }
}

/// Blocks its thread in its first attempt at number 1.
fn blocking(config: EventConfig<Task>, diary: &Diary, freed: &Freed) -> Definition {
    let (diary, freed) = (diary.clone(), freed.0.clone());
    step(config, move |task: Task, ctx: Context| {
        let (diary, freed) = (diary.clone(), freed.clone());
        async move {
            diary.note(format!("{} attempt {}", task.n, ctx.attempt()));
            if task.n == 1 && ctx.attempt() == 1 {
                block(&freed);
            }
            Ok(())
        }
    })
}

async fn until(diary: &Diary, what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(20), "it takes too long: {diary:?}");
        tokio::time::sleep(millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_is_taken_away_from_a_handler_that_blocks_its_thread_and_its_late_result_refused()
{
    for config in [STEP.concurrency(1), STEP.fifo(hundred), STEP.key(hundred)] {
        let (diary, freed) = (Diary::default(), Freed::default());
        let stage = Stage::with([blocking(config, &diary, &freed)]).await;
        stage.emit(1).await;
        stage.emit(2).await;

        // Its event and the one behind it are handled though it does not give its thread back.
        until(&diary, || diary.read().iter().any(|note| note == "1 attempt 2")).await;
        until(&diary, || diary.read().iter().any(|note| note == "2 attempt 1")).await;
        assert_eq!(stage.possible_duplicates(), 0);

        // When it does, its result is refused.
        freed.0.store(true, SeqCst);
        until(&diary, || stage.possible_duplicates() == 1).await;
        until(&diary, || stage.runtime.bus().is_quiet()).await;
        assert_eq!(diary.read().len(), 3);
        assert_eq!(stage.dead_letters().await.len(), 0);
        assert!(stage.waiting().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_that_is_given_up_because_its_handler_blocks_is_counted_as_a_dead_letter() {
    let (diary, freed) = (Diary::default(), Freed::default());
    let stage = Stage::with([blocking(STEP.retry(Retry::never()), &diary, &freed)]).await;

    stage.emit(1).await;

    let given_up = || stage.runtime.metrics().encode().contains("dead_letters_total 1");
    until(&diary, given_up).await;
    assert_eq!(stage.dead_letters().await.len(), 1);
}

/// Blocks its thread with a batch of this size, and with no other; gives what settles each commit, too.
async fn blocking_batch(size: u32, diary: &Diary, freed: &Freed) -> (Stage, Diary) {
    let (notes, kept, settled) = (diary.clone(), freed.0.clone(), Diary::default());
    let config = STEP.retry(Retry::never()).timeout(millis(500)).batch(size, millis(500));
    let batch = config.bind(move |tasks: Vec<Task>, _: Context| {
        let (notes, kept) = (notes.clone(), kept.clone());
        async move {
            notes.note(tasks.len().to_string());
            if tasks.len() == size as usize {
                block(&kept);
            }
            Ok(())
        }
    });
    let store = Settling(MemoryStore::new(), settled.clone());
    (Stage::over(Arc::new(store), Settings::default(), [batch]).await, settled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_is_taken_away_in_one_commit_and_each_of_it_tried_alone() {
    let (diary, freed) = (Diary::default(), Freed::default());
    let (stage, settled) = blocking_batch(2, &diary, &freed).await;
    stage.emit(1).await;
    stage.emit(2).await;

    until(&diary, || diary.read() == ["2", "1", "1"]).await;
    freed.0.store(true, SeqCst);

    until(&diary, || stage.possible_duplicates() == 2).await;
    // What was tried alone is noted before it is settled.
    stage.empty().await;
    assert_eq!(stage.dead_letters().await.len(), 0);
    assert_eq!(diary.read(), ["2", "1", "1"]);
    assert_eq!(settled.read().first().map(String::as_str), Some("2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_others_of_a_batch_are_taken_away_though_one_of_it_was_cancelled() {
    let (diary, freed) = (Diary::default(), Freed::default());
    let (stage, _) = blocking_batch(3, &diary, &freed).await;
    stage.emit(1).await;
    let unwanted = stage.send(2, EmitOptions::new()).await;
    stage.emit(3).await;
    until(&diary, || diary.read() == ["3"]).await;

    assert_eq!(stage.cancel(Cancel::Delivery(unwanted)).await, 1);

    until(&diary, || diary.read() == ["3", "1", "1"]).await;
    stage.empty().await;
    assert_eq!(stage.dead_letters().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_was_cancelled_and_blocks_its_thread_gives_its_slot_back_when_its_time_is_over() {
    let (diary, freed) = (Diary::default(), Freed::default());
    let config = STEP.concurrency(1).timeout(millis(500));
    let stage = Stage::with([blocking(config, &diary, &freed)]).await;
    let blocks = stage.send(1, EmitOptions::new()).await;
    stage.emit(2).await;
    until(&diary, || diary.read() == ["1 attempt 1"]).await;

    assert_eq!(stage.cancel(Cancel::Delivery(blocks)).await, 1);

    until(&diary, || diary.read() == ["1 attempt 1", "2 attempt 1"]).await;
    assert_eq!(stage.possible_duplicates(), 0);
}
