//! Events published: kept and synced, and nobody takes them.

use std::sync::Arc;

use motia_core::{
    clock::Clock as _,
    event::Event,
    json::JsonText,
    store::{Batch, Store, Target, Write},
    topic::Topic as _,
    trace::TraceContext,
};
use motia_runtime::clock::SystemClock;
use tokio::runtime::Runtime;

use super::{class::Class, produce::produce};
use crate::{
    bare::sqlite::Bare,
    rounds::Effort,
    subject::Job,
    table::{Goal, Row},
};

pub(super) fn durable_64(effort: &Effort) -> anyhow::Result<Row> {
    durable(effort, "durable publish, 64", 64)
}

pub(super) fn durable_256(effort: &Effort) -> anyhow::Result<Row> {
    durable(effort, "durable publish, 256", 256)
}

/// Producers that wait for each event to be kept.
fn durable(effort: &Effort, name: &'static str, producers: usize) -> anyhow::Result<Row> {
    let tokio = Runtime::new()?;
    let ours = |span| {
        let folder = tempfile::tempdir()?;
        tokio.block_on(async {
            let store = Class::Durable.open(folder.path())?;
            // Nobody hears of it but the store: this row is about keeping.
            let queues = store.queues(&["Nobody"]).await?;
            let targets: Arc<[_]> = queues.into_iter().map(Target::from).collect();
            let (payload, trace) = (payload(), TraceContext::root());
            let publish = move || {
                let (store, targets, payload) = (store.clone(), targets.clone(), payload.clone());
                async move { publish(&*store, targets, payload, trace).await }
            };
            Ok(produce(producers, span, publish).await)
        })
    };
    let limit = |span| {
        let folder = tempfile::tempdir()?;
        let (bare, payload) = (Arc::new(Bare::open(folder.path())?), payload());
        let put = move || {
            let (bare, payload) = (bare.clone(), payload.clone());
            async move {
                bare.put(payload).await;
            }
        };
        Ok(tokio.block_on(produce(producers, span, put)))
    };
    let compared = effort.compare(ours, limit)?;
    let how = "sqlite, WAL, synchronous=FULL, payload of 256 B encoded beforehand on both sides; ours \
               keeps event id, trace, topic and time with it; limit: bare SQLite group commit, which \
               keeps a number and the same 256 B";
    Ok(Row::compared(name, compared, "events/s", Goal::RatioAtLeast(0.80), how))
}

/// The bytes that both sides keep: 256 of JSON.
pub(super) fn payload() -> JsonText {
    JsonText::encode(&Job::new(1)).expect("a job serialises")
}

/// Keeps one event, as an emit does once the payload is encoded.
async fn publish(
    store: &dyn Store,
    targets: Arc<[Target]>,
    payload: JsonText,
    trace: TraceContext,
) {
    let publish = Write::Publish { event: event(payload, trace), targets };
    store.commit(Batch::of(publish)).await.expect("the disk is there");
}

/// An event of now.
pub(super) fn event(payload: JsonText, trace: TraceContext) -> Arc<Event> {
    Arc::new(Event::new(Job::NAME.into(), payload, trace, SystemClock.now()))
}
