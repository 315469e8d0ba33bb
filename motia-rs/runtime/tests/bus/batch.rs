//! Steps that take several events at once.

use std::{sync::Arc, time::Duration};

use motia_core::{
    config::{EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    error::{StepError, StepResult},
    registry::Definition,
    store::{Batch, Commit, Decorate, Ending, Store, Write},
};
use motia_runtime::bus::reason::Reason;
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, START, Stage, Task, leave_text, millis, secs, window},
};

const STEP: EventConfig<Task> = EventConfig::new("Step").concurrency(1);

fn of_three<F, Fut>(config: EventConfig<Task>, diary: &Diary, work: F) -> Definition
where
    F: Fn(Vec<u64>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = StepResult> + Send + 'static,
{
    let diary = diary.clone();
    config.batch(3, Duration::from_secs(1)).bind(move |tasks: Vec<Task>, ctx: Context| {
        let numbers: Vec<u64> = tasks.iter().map(|task| task.n).collect();
        let at = ctx.now().duration_since(START).as_secs_f64();
        diary.note(format!("{numbers:?} at {at:.1}"));
        work(numbers)
    })
}

#[tokio::test(start_paused = true)]
async fn a_batch_starts_when_it_is_full_or_its_first_event_has_waited_long_enough() {
    let diary = Diary::default();
    let stage = Stage::with([of_three(STEP, &diary, |_| async { Ok(()) })]).await;
    for n in 0..7 {
        stage.emit(n).await;
    }
    stage.quiet().await;
    assert_eq!(diary.read(), ["[0, 1, 2] at 0.0", "[3, 4, 5] at 0.0"]);

    stage.empty().await;

    assert_eq!(diary.read()[2], "[6] at 1.0");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_larger_than_what_is_held_in_memory_otherwise() {
    let diary = Diary::default();
    let step = of_three(STEP, &diary, |_| async { Ok(()) });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(2), [step]).await;
    for n in 0..9 {
        stage.emit(n).await;
    }

    stage.quiet().await;

    assert_eq!(diary.read(), ["[0, 1, 2] at 0.0", "[3, 4, 5] at 0.0", "[6, 7, 8] at 0.0"]);
}

#[tokio::test(start_paused = true)]
async fn when_a_batch_fails_each_is_tried_alone_and_the_bad_one_takes_no_other_with_it() {
    for retry in [Retry::never(), Retry::fixed(3, millis(10))] {
        let diary = Diary::default();
        let poisoned = |numbers: Vec<u64>| async move {
            if numbers.contains(&1) { Err(StepError::fatal("poison")) } else { Ok(()) }
        };
        let stage = Stage::with([of_three(STEP.retry(retry), &diary, poisoned)]).await;
        for n in 0..3 {
            stage.emit(n).await;
        }

        stage.empty().await;

        let expected = ["[0, 1, 2] at 0.0", "[0] at 0.0", "[1] at 0.0", "[2] at 0.0"];
        assert_eq!(diary.read(), expected);
        let letters = stage.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].reason, "fatal: poison");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_does_not_fit_is_held_and_the_others_of_its_batch_are_handled() {
    let (diary, store) = (Diary::default(), Arc::new(MemoryStore::new()));
    let step = of_three(STEP, &diary, |_| async { Ok(()) });
    let stage = Stage::over(store.clone(), window(8), [step]).await;

    for text in [r#"{"n":0}"#, r#"{"n":"one"}"#, r#"{"n":2}"#] {
        leave_text(&store, "Step", text, None).await;
    }
    stage.empty().await;

    assert_eq!(diary.read(), ["[0] at 0.0", "[2] at 0.0"]);
    let depth = &stage.depths().await[0];
    assert_eq!((depth.held, depth.dead), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_others_of_a_batch_go_on_when_one_is_cancelled() {
    let diary = Diary::default();
    let slow = |_| async {
        sleep(secs(10)).await;
        Ok(())
    };
    let stage = Stage::with([of_three(STEP, &diary, slow)]).await;
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(stage.send(n, EmitOptions::new()).await);
    }
    sleep(secs(1)).await;

    stage.cancel(Cancel::Delivery(sent[1])).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["[0, 1, 2] at 0.0", "[0, 2] at 2.0"]);
    let ended = stage.ended().await;
    assert_eq!((ended.len(), ended[0].id, ended[0].ending), (1, sent[1], Ending::Cancelled));
    assert_eq!(stage.possible_duplicates(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_batch_says_until_when() {
    let diary = Diary::default();
    let stage = Stage::with([of_three(STEP, &diary, |_| async { Ok(()) })]).await;
    let first = stage.send(0, EmitOptions::new()).await;
    sleep(millis(10)).await;

    assert_eq!(stage.reasons(first).await, [Reason::Batching { until: START + secs(1) }]);
}

#[tokio::test(start_paused = true)]
async fn all_batches_that_a_process_may_have_begun_before_it_died_say_so() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || {
        let diary = diary.clone();
        let config = STEP.concurrency(2).batch(2, Duration::from_secs(1));
        config.bind(move |tasks: Vec<Task>, ctx: Context| {
            diary.note(format!("{} {}", tasks.len(), ctx.possible_duplicate()));
            async { Ok(()) }
        })
    };
    let (stage, process) = disk.start(window(8), [begin()]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    for n in 0..6 {
        stage.emit(n).await;
    }
    process.crash(stage).await;

    let (stage, _) = disk.start(window(8), [begin()]).await;
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), ["2 true", "2 true", "2 false"]);
}

/// Notes of how many deliveries each commit settles.
pub(crate) struct Settling(pub(crate) MemoryStore, pub(crate) Diary);

impl Decorate for Settling {
    fn inner(&self) -> &dyn Store {
        &self.0
    }

    fn commit(&self, batch: Batch) -> Commit {
        let settles = |write: &&Write| matches!(write, Write::Settle { .. });
        match batch.writes.iter().filter(settles).count() {
            0 => {}
            count => self.1.note(count.to_string()),
        }
        self.0.commit(batch)
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_settled_in_one_commit() {
    let settled = Diary::default();
    let step = of_three(STEP, &Diary::default(), |_| async { Ok(()) });
    let store = Settling(MemoryStore::new(), settled.clone());
    let stage = Stage::over(Arc::new(store), window(8), [step]).await;
    for n in 0..3 {
        stage.emit(n).await;
    }

    stage.empty().await;

    assert_eq!(settled.read(), ["3"]);
}

#[tokio::test(start_paused = true)]
async fn the_others_of_a_batch_of_which_one_was_cancelled_may_be_duplicates() {
    let diary = Diary::default();
    let notes = diary.clone();
    let config = STEP.batch(3, Duration::from_secs(1));
    let endless_at_first = config.bind(move |tasks: Vec<Task>, ctx: Context| {
        notes.note(format!("{} {}", tasks.len(), ctx.possible_duplicate()));
        let first = notes.read().len() == 1;
        async move {
            if first {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    let stage = Stage::with([endless_at_first]).await;
    let unwanted = stage.send(0, EmitOptions::new()).await;
    stage.emit(1).await;
    stage.emit(2).await;
    sleep(millis(10)).await;

    assert_eq!(stage.cancel(Cancel::Delivery(unwanted)).await, 1);
    stage.empty().await;

    assert_eq!(diary.read(), ["3 false", "2 true"]);
}
