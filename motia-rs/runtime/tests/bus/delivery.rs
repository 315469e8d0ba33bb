//! Who hears what, and in which order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use motia_core::{
    config::EventConfig,
    context::{Context, Emit, Run},
    trace::TraceContext,
};
use motia_runtime::Settings;
use motia_store::MemoryStore;
use serde_json::json;

use super::stage::{Diary, START, Stage, Task, leave, step};

#[tokio::test(start_paused = true)]
async fn every_subscriber_hears_of_every_event() {
    let diary = Diary::default();
    let listener = |name| {
        let diary = diary.clone();
        step(EventConfig::new(name), move |task: Task, _| {
            diary.note(format!("{name} {}", task.n));
            async { Ok(()) }
        })
    };
    let stage = Stage::with([listener("One"), listener("Two")]).await;

    stage.emit(1).await;
    stage.emit(2).await;
    stage.quiet().await;

    let mut heard = diary.read();
    heard.sort();
    assert_eq!(heard, ["One 1", "One 2", "Two 1", "Two 2"]);
    assert!(stage.depths().await.iter().all(|queue| queue.waiting == 0));
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_keeps_the_order_even_where_the_window_overflows() {
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(EventConfig::new("Slow").concurrency(1), move |task: Task, _| {
        notes.note(task.n.to_string());
        async move {
            tokio::time::sleep(Duration::from_millis(1 + task.n % 3)).await;
            Ok(())
        }
    });
    let mut settings = Settings::default();
    settings.window = 4;
    let stage = Stage::over(Arc::new(MemoryStore::new()), settings, [slow]).await;

    for n in 0..300 {
        stage.emit(n).await;
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stage.quiet().await;

    let expected: Vec<_> = (0..300).map(|n: u64| n.to_string()).collect();
    assert_eq!(diary.read(), expected);
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_the_step_allows() {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (running.clone(), most.clone());
    let busy = step(EventConfig::new("Busy").concurrency(3), move |_: Task, _| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    let stage = Stage::with([busy]).await;

    for n in 0..50 {
        stage.emit(n).await;
    }
    stage.quiet().await;

    assert_eq!(most.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_waits_for_its_time() {
    let diary = Diary::default();
    let notes = diary.clone();
    let later = step(EventConfig::new("Later"), move |task: Task, ctx: Context| {
        let waited = ctx.now().duration_since(START).as_secs();
        notes.note(format!("{} after {waited} s", task.n));
        async { Ok(()) }
    });
    let stage = Stage::with([later]).await;
    let run = Arc::new(Run::new(stage.runtime.engine().clone(), "Test", TraceContext::root()));
    let emit = |n: u64, delay| {
        Emit::raw(&run, "task", &json!({ "n": n })).delay(Duration::from_secs(delay))
    };

    emit(3, 3600).await.unwrap();
    emit(1, 10).await.unwrap();
    emit(2, 10).await.unwrap();
    stage.quiet().await;

    assert_eq!(diary.read(), Vec::<String>::new());
    assert_eq!(stage.depths().await[0].delayed, 3);

    stage.empty().await;

    assert_eq!(diary.read(), ["1 after 10 s", "2 after 10 s", "3 after 3600 s"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_the_store_is_taken_up_at_the_start() {
    let diary = Diary::default();
    let store = Arc::new(MemoryStore::new());
    for n in 0..10 {
        leave(&store, "Late", n).await;
    }

    let notes = diary.clone();
    let late = step(EventConfig::new("Late").concurrency(1), move |task: Task, _| {
        notes.note(task.n.to_string());
        async { Ok(()) }
    });
    let stage = Stage::over(store, Settings::default(), [late]).await;
    stage.quiet().await;

    assert_eq!(diary.read(), (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}
