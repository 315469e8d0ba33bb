//! What happens when a firing comes while the last run has not ended, or ended badly.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use motia_core::{
    config::{CronConfig, Overlap},
    context::Context,
    error::{StepError, StepResult},
};

use super::app::*;

/// When a step of every second starts whose runs take so long, in its first ten seconds.
async fn starts(overlap: Overlap, run: Duration) -> Vec<String> {
    let notes = Notes::default();
    let config = CronConfig::new("Slow", "* * * * * *").overlap(overlap);
    let (_runtime, _) = fresh(notes.step(config, run), "2026-11-21T10:00:00Z").await;
    pass(Duration::from_millis(10_050)).await;
    notes.times("%S%.f")
}

const LONG: Duration = Duration::from_millis(2_500);

#[tokio::test(start_paused = true)]
async fn skip_leaves_out_what_falls_due_during_a_run() {
    assert_eq!(starts(Overlap::Skip, LONG).await, ["01", "04", "07", "10"]);
}

#[tokio::test(start_paused = true)]
async fn queue_lets_one_wait_for_the_end_of_the_run() {
    assert_eq!(starts(Overlap::Queue, LONG).await, ["01", "03.5", "06", "08.5"]);
}

#[tokio::test(start_paused = true)]
async fn queue_lets_no_more_than_one_wait() {
    let (notes, slow_once) = (Notes::default(), Arc::new(AtomicUsize::new(0)));
    let noted = notes.clone();
    let handler = move |ctx: Context| {
        noted.take_down(&ctx);
        let first = slow_once.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            pass(if first { secs(3) + secs(1) / 2 } else { secs(0) }).await;
            Ok(())
        }
    };
    let config = CronConfig::new("SlowOnce", "* * * * * *").overlap(Overlap::Queue);
    let (_runtime, _) = fresh(config.bind(handler), "2026-11-21T10:00:00Z").await;

    pass(Duration::from_millis(6_050)).await;

    assert_eq!(notes.times("%S%.f"), ["01", "04.5", "05", "06"]);
}

#[tokio::test(start_paused = true)]
async fn allow_runs_them_side_by_side() {
    let every_second: Vec<_> = (1..=10).map(|second| format!("{second:02}")).collect();
    assert_eq!(starts(Overlap::Allow, LONG).await, every_second);
}

#[tokio::test(start_paused = true)]
async fn runs_that_end_in_time_are_never_left_out() {
    let run = Duration::from_millis(990);
    assert_eq!(starts(Overlap::Skip, run).await.len(), 10);
    assert_eq!(starts(Overlap::Queue, run).await.len(), 10);
}

/// How often a step of every second runs in ten seconds if each run ends as `end` says.
async fn runs<F>(end: fn() -> F) -> usize
where
    F: Future<Output = StepResult> + Send + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let handler = move |_: Context| {
        counted.fetch_add(1, Ordering::SeqCst);
        end()
    };
    let config = CronConfig::new("Bad", "* * * * * *").timeout(secs(1) / 2);
    let (runtime, _) = fresh(config.bind(handler), "2026-11-21T10:00:00Z").await;

    pass(Duration::from_millis(10_050)).await;
    runtime.shutdown().await.unwrap();

    let failed = format!("outcome=\"failed\"}} {}", count.load(Ordering::SeqCst));
    assert!(runtime.metrics().encode().contains(&failed), "{failed}");
    count.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_await_does_not_stop_later_firings() {
    fn panics() -> std::future::Ready<StepResult> {
        panic!("before there is a future")
    }
    assert_eq!(runs(panics).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_panic_inside_the_future_does_not_stop_later_firings() {
    assert_eq!(runs(|| async { panic!("inside") }).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_error_does_not_stop_later_firings() {
    assert_eq!(runs(|| async { Err(StepError::fatal("no")) }).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_never_ends_is_ended_by_its_timeout() {
    assert_eq!(runs(std::future::pending::<StepResult>).await, 10);
}
