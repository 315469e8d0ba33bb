//! Queues that people stop for a while.

use motia_core::{config::EventConfig, context::EmitOptions};
use motia_runtime::{
    Settings,
    bus::{
        kept,
        reason::{Explanation, Reason},
    },
    pulse::Area,
};
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, START, Stage, Task, millis, noting, secs, step},
};

const STEP: EventConfig<Task> = EventConfig::new("Step").concurrency(1);

#[tokio::test(start_paused = true)]
async fn a_paused_queue_keeps_what_comes_and_says_by_whom_also_after_a_restart() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || [noting(STEP, &diary)];
    let (stage, process) = disk.start(Settings::default(), begin()).await;
    stage.runtime.bus().pause("Step", "ana").await.unwrap();
    let waits = stage.send(1, EmitOptions::new()).await;
    sleep(secs(1)).await;

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), begin()).await;
    sleep(secs(3600)).await;
    assert_eq!(diary.read(), Vec::<String>::new());
    assert_eq!(stage.reasons(waits).await, [Reason::Paused { by: "ana".into(), since: START }]);

    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;
    assert_eq!(diary.read(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_paused_again_stays_paused_by_whom_it_was_first() {
    let stage = Stage::with([noting(STEP, &Diary::default())]).await;
    let bus = stage.runtime.bus();
    let first = bus.pause("Step", "ana").await.unwrap();
    sleep(secs(60)).await;

    let second = bus.pause("Step", "ben").await.unwrap();

    assert_eq!((&second, bus.paused("Step")), (&first, Some(first.clone())));
    bus.resume("Step").await.unwrap();
    assert_eq!(bus.pause("Step", "ben").await.unwrap().by, "ben");
}

#[tokio::test(start_paused = true)]
async fn what_runs_when_a_queue_is_paused_runs_on() {
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(STEP, move |task: Task, _| {
        let notes = notes.clone();
        async move {
            sleep(secs(10)).await;
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage = Stage::with([slow]).await;
    let running = stage.send(1, EmitOptions::new()).await;
    stage.emit(2).await;
    sleep(secs(1)).await;

    stage.runtime.bus().pause("Step", "ana").await.unwrap();
    assert!(matches!(stage.explain(running).await, Explanation::Running { attempt: 1, .. }));
    sleep(secs(60)).await;

    assert_eq!(diary.read(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_delayed_waits_and_what_is_behind_says_how_many_are_before_it() {
    let diary = Diary::default();
    let stage = Stage::with([noting(STEP, &diary)]).await;
    let delayed = stage.send(1, EmitOptions::new().delay(secs(60))).await;
    assert_eq!(stage.reasons(delayed).await, [Reason::Delayed { until: START + secs(60) }]);
    stage.runtime.bus().pause("Step", "ana").await.unwrap();
    stage.emit(2).await;
    let behind = stage.send(3, EmitOptions::new()).await;

    let reasons = stage.reasons(behind).await;

    let paused = Reason::Paused { by: "ana".into(), since: START };
    assert_eq!(reasons, [paused, Reason::Behind { ahead: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_does_not_exist_cannot_be_paused() {
    let diary = Diary::default();
    let stage = Stage::with([noting(STEP, &diary)]).await;

    let error = stage.runtime.bus().pause("Stop", "ana").await.unwrap_err();

    assert_eq!(error.to_string(), "no event step `Stop`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_queue_stands_as_it_is_kept_also_where_two_people_say_different_things_at_once() {
    let stage = Stage::with([noting(STEP, &Diary::default())]).await;
    let bus = stage.runtime.bus();
    for _ in 0..1_000 {
        let pauses = {
            let stage = stage.clone();
            async move { stage.runtime.bus().pause("Step", "ana").await.map(drop) }
        };
        let pauses = stage.runtime.tasks().handle().spawn(pauses);
        bus.resume("Step").await.unwrap();
        pauses.await.unwrap().unwrap();

        let kept = kept::paused(&*stage.store, "Step", stage.now()).await.unwrap();
        assert_eq!(bus.paused("Step"), kept);
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_look_on_are_told_when_what_was_delayed_falls_due_under_a_pause() {
    let stage = Stage::with([noting(STEP, &Diary::default())]).await;
    stage.runtime.bus().pause("Step", "ana").await.unwrap();
    for delay in [10, 20] {
        stage.send(delay, EmitOptions::new().delay(secs(delay))).await;
    }
    let mut listener = stage.runtime.pulse().listen();

    for _ in [10, 20] {
        sleep(secs(9)).await;
        assert_eq!(listener.take(), []);
        sleep(millis(1100)).await;
        assert_eq!(listener.take(), [Area::Queues]);
    }
}
