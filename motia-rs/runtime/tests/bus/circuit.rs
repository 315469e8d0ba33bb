//! A dependency that fails is left alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use motia_core::{
    circuit::CircuitState,
    config::{CircuitBreaker, EventConfig, Retry},
    context::{Context, EmitOptions, Run},
    error::StepError,
    registry::Definition,
    trace::TraceContext,
};
use motia_runtime::{Settings, bus::reason::Reason};
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, START, Stage, Task, millis, secs, step},
};

const BANK: CircuitBreaker =
    CircuitBreaker::new("bank").failures(2).open_for(Duration::from_secs(30));

const PAY: EventConfig<Task> = EventConfig::new("Pay")
    .concurrency(1)
    .circuit_breaker(BANK)
    .retry(Retry::fixed(100, Duration::from_secs(1)).jitter(0));

fn needs_the_bank(config: EventConfig<Task>, bank: &Arc<AtomicBool>, diary: &Diary) -> Definition {
    let (bank, diary) = (bank.clone(), diary.clone());
    step(config, move |task: Task, ctx: Context| {
        let at = ctx.now().duration_since(START).as_secs();
        diary.note(format!("{} at {at}", task.n));
        let works = bank.load(SeqCst);
        async move { if works { Ok(()) } else { Err(StepError::retry("the bank is down")) } }
    })
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_one_attempt_is_tried_after_a_while_and_a_success_closes_it() {
    let (bank, diary) = (Arc::new(AtomicBool::new(false)), Diary::default());
    let stage = Stage::with([needs_the_bank(PAY, &bank, &diary)]).await;
    for n in 0..4 {
        stage.emit(n).await;
    }

    sleep(secs(45)).await;
    assert_eq!(diary.read(), ["0 at 0", "1 at 0", "2 at 30"]);
    bank.store(true, SeqCst);
    stage.empty().await;

    assert_eq!(diary.read().len(), 7);
    assert!(diary.read()[3..].iter().all(|note| note.ends_with("at 60")), "{:?}", diary.read());
}

#[tokio::test(start_paused = true)]
async fn steps_that_need_the_same_share_it_and_wait_with_a_reason() {
    let (bank, diary) = (Arc::new(AtomicBool::new(false)), Diary::default());
    let refund = EventConfig::new("Refund").circuit_breaker(BANK).when(|task: &Task| task.n >= 100);
    let pay = PAY.when(|task: &Task| task.n < 100);
    let stage =
        Stage::with([needs_the_bank(pay, &bank, &diary), needs_the_bank(refund, &bank, &diary)])
            .await;
    stage.emit(1).await;
    stage.emit(2).await;
    sleep(millis(10)).await;

    let refund = stage.send(100, EmitOptions::new()).await;
    sleep(secs(1)).await;

    assert_eq!(diary.read(), ["1 at 0", "2 at 0"]);
    let state = CircuitState::Open { until: START + secs(30) };
    assert_eq!(stage.reasons(refund).await, [Reason::CircuitOpen { name: "bank".into(), state }]);
}

#[tokio::test(start_paused = true)]
async fn only_one_attempt_is_tried_though_others_from_before_end_meanwhile() {
    // Given an attempt that began long before the circuit opened.
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(PAY.concurrency(9), move |task: Task, ctx: Context| {
        notes.note(task.n.to_string());
        async move {
            match (task.n, ctx.attempt()) {
                (0, _) => sleep(secs(35)).await,
                (1 | 2, 1) => {}
                _ => sleep(secs(20)).await,
            }
            if task.n == 0 {
                Err(StepError::fatal("says nothing"))
            } else {
                Err(StepError::retry(""))
            }
        }
    });
    let stage = Stage::with([slow]).await;
    for n in 0..3 {
        stage.emit(n).await;
    }
    sleep(secs(2)).await;
    for n in 3..6 {
        stage.emit(n).await;
    }

    // When it ends during the trial, without having shown anything.
    sleep(secs(40)).await;

    // Then the trial is still the only one.
    assert_eq!(diary.read(), ["0", "1", "2", "1"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_at_fault_says_nothing_about_the_dependency() {
    let fatal = step(PAY, |_: Task, _| async { Err(StepError::fatal("no such account")) });
    let stage = Stage::with([fatal]).await;

    for n in 0..10 {
        stage.emit(n).await;
    }
    stage.empty().await;

    assert_eq!(stage.dead_letters().await.len(), 10);
    assert_eq!(stage.runtime.bus().circuits()[0].state, CircuitState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn what_a_person_says_of_it_holds_after_a_restart() {
    let (bank, diary, disk) = (Arc::new(AtomicBool::new(true)), Diary::default(), Disk::new());
    let begin = || [needs_the_bank(PAY, &bank, &diary)];
    let (stage, process) = disk.start(Settings::default(), begin()).await;
    stage.runtime.bus().open_circuit("bank", "ana").await.unwrap();
    let waits = stage.send(1, EmitOptions::new()).await;

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), begin()).await;
    sleep(secs(3600)).await;
    assert_eq!(diary.read(), Vec::<String>::new());
    let state = CircuitState::Held { by: "ana".into(), since: START };
    assert_eq!(stage.reasons(waits).await, [Reason::CircuitOpen { name: "bank".into(), state }]);

    stage.runtime.bus().reset_circuit("bank").await.unwrap();
    stage.empty().await;
    assert_eq!(diary.read().len(), 1);
    stage.runtime.shutdown().await.unwrap();
    let (stage, _) = disk.start(Settings::default(), begin()).await;
    assert_eq!(stage.runtime.bus().circuits()[0].state, CircuitState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opened_by_itself_is_open_after_a_restart() {
    let (bank, diary, disk) = (Arc::new(AtomicBool::new(false)), Diary::default(), Disk::new());
    let begin = || [needs_the_bank(PAY, &bank, &diary)];
    let (stage, process) = disk.start(Settings::default(), begin()).await;
    for n in 0..4 {
        stage.emit(n).await;
    }
    sleep(secs(5)).await;

    process.crash(stage).await;
    let (_stage, _) = disk.start(Settings::default(), begin()).await;
    sleep(secs(20)).await;

    assert_eq!(diary.read(), ["0 at 0", "1 at 0"]);
    sleep(secs(6)).await;
    assert_eq!(diary.read().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_handler_opens_and_closes_the_circuit_that_steps_go_by() {
    // Given a step that goes by the bank's circuit, and a handler that calls the bank elsewhere.
    let (bank, diary) = (Arc::new(AtomicBool::new(true)), Diary::default());
    let stage = Stage::with([needs_the_bank(PAY, &bank, &diary)]).await;
    let ctx: Context = Context::new(Arc::new(Run::new(
        stage.runtime.engine().clone(),
        "Elsewhere",
        TraceContext::root(),
    )));

    // When its calls fail.
    for _ in 0..2 {
        ctx.circuit(BANK).enter().unwrap().failed();
    }
    let waits = stage.send(1, EmitOptions::new()).await;
    stage.quiet().await;

    // Then nothing is let through, to either, until one call works.
    assert!(matches!(stage.reasons(waits).await[..], [Reason::CircuitOpen { .. }]));
    let open = ctx.circuit(BANK).enter().unwrap_err();
    assert_eq!(open.until(), START.checked_add(secs(30)).ok());
    ctx.circuit(BANK).reset().await.unwrap();
    stage.quiet().await;
    assert_eq!(diary.read().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_circuit_of_a_key_is_kept_and_no_other_is_touched() {
    const EXECUTOR: CircuitBreaker = CircuitBreaker::new("executor").failures(1);
    let disk = Disk::new();
    let context = |stage: &Stage| -> Context {
        let engine = stage.runtime.engine().clone();
        Context::new(Arc::new(Run::new(engine, "Router", TraceContext::root())))
    };
    let (stage, process) = disk.start(Settings::default(), []).await;
    context(&stage).circuit(EXECUTOR).of("a").enter().unwrap().failed();
    context(&stage).circuit(EXECUTOR).of("b").open("ana").await.unwrap();
    drop(context(&stage).circuit(EXECUTOR).of("c").enter().unwrap());
    stage.quiet().await;

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), []).await;

    let ctx = context(&stage);
    let state = |key: &str| ctx.circuit(EXECUTOR).of(key).state();
    assert!(matches!(state("a"), CircuitState::Open { .. }));
    assert!(matches!(state("b"), CircuitState::Held { .. }));
    assert_eq!(state("c"), CircuitState::CLOSED);
    let names: Vec<_> = stage.runtime.bus().circuits().into_iter().map(|info| info.name).collect();
    assert_eq!(names, ["executor:a".into(), "executor:b".into(), "executor:c".into()]);
}
