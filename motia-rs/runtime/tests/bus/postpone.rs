//! Events that say themselves that it is not the time for them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use motia_core::{
    config::{CircuitBreaker, EventConfig, Retry},
    context::{Cancel, Context, EmitOptions},
    error::StepError,
    registry::Definition,
};
use motia_runtime::bus::reason::Reason;
use parking_lot::Mutex;

use super::stage::{Diary, START, Stage, Task, hundred, numbers, secs, step};

/// Postpones so many attempts by a minute each, and then fails until it is given up.
fn busy(config: EventConfig<Task>, times: u32, attempts: &Arc<Mutex<Vec<u32>>>) -> Definition {
    let (attempts, left) = (attempts.clone(), Arc::new(AtomicU32::new(times)));
    step(config, move |_, ctx: Context| {
        attempts.lock().push(ctx.attempt());
        let postponed = left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        async move {
            Err(if postponed {
                StepError::postpone(secs(60), "not now")
            } else {
                StepError::retry("broken")
            })
        }
    })
}

#[tokio::test(start_paused = true)]
async fn however_often_an_event_is_postponed_no_attempt_is_counted() {
    let attempts = Arc::default();
    let config = EventConfig::new("Step").retry(Retry::fixed(2, secs(1)));
    let stage = Stage::with([busy(config, 20, &attempts)]).await;

    stage.emit(1).await;
    stage.empty().await;

    // Twenty times not now, then two attempts, of which none says that it may be a second one.
    let counted: Vec<u32> = [1].repeat(20).into_iter().chain([1, 2]).collect();
    assert_eq!(*attempts.lock(), counted);
    let letters = stage.dead_letters().await;
    assert_eq!((letters.len(), letters[0].failures.len()), (1, 2));
    assert!(stage.now() >= START + secs(20 * 60));

    // Nor is any of the twenty counted among the failures.
    let metrics = stage.runtime.metrics().encode();
    assert!(metrics.contains("outcome=\"postponed\"} 20"), "{metrics}");
    assert!(metrics.contains("outcome=\"failed\"} 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn what_is_postponed_can_be_cancelled_and_keeps_no_other_waiting() {
    let diary = Diary::default();
    let notes = diary.clone();
    let picky = step(EventConfig::new("Step").concurrency(1), move |task: Task, _| {
        let notes = notes.clone();
        async move {
            if task.n == 1 {
                return Err(StepError::postpone(secs(3600), "not now"));
            }
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage = Stage::with([picky]).await;
    stage.send(1, EmitOptions::new().cancel_key("first")).await;
    stage.emit(2).await;
    stage.quiet().await;
    assert_eq!(diary.read(), numbers([2]));

    assert_eq!(stage.cancel(Cancel::Key("first")).await, 1);

    assert!(stage.waiting().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_order_those_behind_what_is_postponed_wait_for_it() {
    let diary = Diary::default();
    let (notes, once) = (diary.clone(), Arc::new(AtomicU32::new(0)));
    let ordered = step(EventConfig::new("Step").fifo(hundred), move |task: Task, _| {
        let (notes, first) = (notes.clone(), once.fetch_add(1, SeqCst) == 0);
        async move {
            if first {
                return Err(StepError::postpone(secs(60), "not now"));
            }
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage = Stage::with([ordered]).await;

    for n in [1, 2, 3] {
        stage.emit(n).await;
    }
    stage.empty().await;

    assert_eq!(diary.read(), numbers([1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_postponed_attempt_says_nothing_of_the_dependency() {
    const BANK: CircuitBreaker = CircuitBreaker::new("bank").failures(2);
    let attempts = Arc::default();
    let config = EventConfig::new("Step").circuit_breaker(BANK).retry(Retry::never());
    let stage = Stage::with([busy(config, 9, &attempts)]).await;

    stage.emit(1).await;
    stage.empty().await;

    // Ten attempts a minute apart: had nine of them counted, the circuit would have kept the last.
    assert_eq!(attempts.lock().len(), 10);
    assert!(stage.now() < START + secs(9 * 60 + 20));
}

#[tokio::test(start_paused = true)]
async fn what_is_postponed_says_why_and_says_so_no_more_once_it_has_failed() {
    let attempts = Arc::default();
    let config = EventConfig::new("Step").retry(Retry::fixed(2, secs(60)));
    let stage = Stage::with([busy(config, 1, &attempts)]).await;
    let delivery = stage.send(1, EmitOptions::new()).await;
    stage.quiet().await;

    let reasons = stage.reasons(delivery).await;
    assert!(
        matches!(&reasons[..], [Reason::Postponed { why, .. }] if &**why == "not now"),
        "{reasons:?}"
    );

    tokio::time::sleep(secs(61)).await;
    let reasons = stage.reasons(delivery).await;
    assert!(matches!(reasons[..], [Reason::Retrying { attempts: 1, .. }]), "{reasons:?}");
}
