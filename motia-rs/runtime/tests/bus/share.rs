//! Starts are shared between what was tried before and what was not.

use motia_core::{
    config::{EventConfig, Retry},
    context::Context,
    error::StepError,
};

use super::stage::{Diary, Stage, Task, secs, step};

const ONE: EventConfig<Task> = EventConfig::new("Step")
    .concurrency(1)
    .retry(Retry::fixed(2, secs(1)).jitter(0))
    .retry_share(|_, _| 0.2);

#[tokio::test(start_paused = true)]
async fn what_failed_comes_in_between_as_often_as_its_share_says() {
    // Given five that failed once and are due again, and twenty that are new.
    let diary = Diary::default();
    let notes = diary.clone();
    let fails_first = step(ONE, move |task: Task, ctx: Context| {
        let fails = task.n < 5 && ctx.attempt() == 1;
        if !fails {
            notes.note(task.n.to_string());
        }
        async move { if fails { Err(StepError::retry("not yet")) } else { Ok(()) } }
    });
    let stage = Stage::with([fails_first]).await;
    for n in 0..5 {
        stage.emit(n).await;
    }
    stage.quiet().await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    tokio::time::sleep(secs(2)).await;
    for n in 100..120 {
        stage.emit(n).await;
    }
    stage.quiet().await;

    // When they may start.
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    // Then every fifth start is of one that failed, each kind in its order.
    let started: Vec<u64> = diary.read().iter().map(|n| n.parse().unwrap()).collect();
    let tried: Vec<_> = started.iter().enumerate().filter(|(_, n)| **n < 5).collect();
    assert_eq!(tried, [(4, &0), (9, &1), (14, &2), (19, &3), (24, &4)]);
    assert!(started.iter().filter(|n| **n >= 100).is_sorted());
}
