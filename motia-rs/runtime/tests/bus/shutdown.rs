//! What happens when the app stops.

use std::{sync::Arc, time::Duration};

use motia_core::{
    config::EventConfig,
    context::{Cancel, Context, EmitOptions},
};
use motia_runtime::Settings;
use motia_store::MemoryStore;

use super::stage::{Diary, Stage, Task, step};

fn draining(drain: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.drain = drain;
    settings
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_running_handlers_finish_and_begins_nothing_new() {
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(EventConfig::new("Slow").concurrency(1), move |task: Task, _| {
        let notes = notes.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage =
        Stage::over(Arc::new(MemoryStore::new()), draining(Duration::from_secs(30)), [slow]).await;
    stage.emit(1).await;
    stage.emit(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    stage.runtime.shutdown().await.unwrap();

    assert_eq!(diary.read(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_the_drain_is_told_and_its_event_given_back() {
    let diary = Diary::default();
    let notes = diary.clone();
    let endless = step(EventConfig::new("Endless"), move |_: Task, ctx: Context| {
        let notes = notes.clone();
        async move {
            ctx.cancelled().await;
            notes.note(format!("told during attempt {}", ctx.attempt()));
            std::future::pending().await
        }
    });
    let stage =
        Stage::over(Arc::new(MemoryStore::new()), draining(Duration::from_secs(2)), [endless])
            .await;
    stage.emit(1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let began = tokio::time::Instant::now();
    stage.runtime.shutdown().await.unwrap();

    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(diary.read(), ["told during attempt 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_while_the_app_lets_it_finish_is_stopped() {
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(EventConfig::new("Slow"), move |_: Task, _| {
        let notes = notes.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            notes.note("came to its end");
            Ok(())
        }
    });
    let stage = Stage::with([slow]).await;
    let unwanted = stage.send(1, EmitOptions::new()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.runtime.stop_taking();

    assert_eq!(stage.cancel(Cancel::Delivery(unwanted)).await, 1);
    tokio::time::sleep(Duration::from_secs(20)).await;

    assert_eq!(diary.read(), Vec::<String>::new());
    assert_eq!(stage.possible_duplicates(), 0);
}
