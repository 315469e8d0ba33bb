//! Runs that emit to a queue which is full.

use std::sync::Arc;

use motia_core::{
    config::{CronConfig, EventConfig},
    context::Context,
};
use motia_store::MemoryStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::app::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Report {}
motia_core::topic!(Report = "report");

#[tokio::test(start_paused = true)]
async fn a_run_that_finds_a_queue_full_is_made_again_until_there_is_room_or_the_next_firing() {
    let (notes, sent) = (Notes::default(), Notes::default());
    let (runs, reports) = (notes.clone(), sent.clone());
    let hourly = CronConfig::<()>::new("Hourly", "0 0 * * * *").bind(move |ctx: Context| {
        runs.take_down(&ctx);
        async move {
            ctx.emit_raw("report", &json!({})).await?;
            Ok(())
        }
    });
    let send =
        EventConfig::<Report>::new("Send").max_depth(1).bind(move |_: Report, ctx: Context| {
            reports.take_down(&ctx);
            async { Ok(()) }
        });
    let store = Arc::new(MemoryStore::new());
    let clock = WallClock::reading("2026-11-21T09:59:59Z");
    let runtime = start([hourly, send], &store, &clock).await;
    runtime.bus().pause("Send", "the test").await.unwrap();

    // The queue is full from the first firing on, until some minutes after the third.
    pass(hours(2) + secs(300)).await;
    assert!(notes.count() < 300, "{} runs", notes.count());
    assert!(sent.times("%H").is_empty());
    runtime.bus().resume("Send").await.unwrap();
    pass(hours(1) - secs(600)).await;

    // Then the third got through, a little later; the second was given up when it fired.
    let times = sent.times("%H:%M");
    assert_eq!(times.len(), 2, "{times:?}");
    assert!(
        times.iter().all(|time| time.starts_with("12:05") || time.starts_with("12:04")),
        "{times:?}"
    );
}
