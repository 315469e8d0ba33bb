//! What a test sees of a handler that it called.

use std::{any::type_name, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use motia_core::{
    config::Priority,
    context::{Level, State, Stream, Streams},
    event::EventId,
    json::JsonText,
    store::{DeliveryId, PageRequest, Pull, StoreError, change::watched},
    topic::Topic,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::engine::{FakeEngine, Published};
use crate::measured::Measured;

/// Sees what a handler did.
#[derive(Debug)]
pub struct Probe {
    /// Reads and writes the state that the handler has.
    pub state: State,
    /// Reads and writes the streams that the handler has.
    pub streams: Streams,
    /// Reads what the handler counted.
    pub metrics: Measured,
    pub(super) engine: Arc<FakeEngine>,
    pub(super) delivery: Option<(EventId, DeliveryId)>,
    pub(super) cancelled: Arc<CancellationToken>,
}

/// One event that a handler emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Value,
    /// When it may be delivered, if not at once; to the first of its subscribers.
    pub due: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// The key under which it can be cancelled.
    pub cancel_key: Option<String>,
    /// The key that it has for the first of its subscribers that has one.
    pub key: Option<String>,
}

/// One line that a handler logged; secrets are redacted already.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The step that said it.
    pub step: String,
    /// The message.
    pub message: String,
    /// The fields.
    pub fields: Value,
}

impl Probe {
    /// The events of one topic, in their order.
    ///
    /// # Panics
    /// When one does not decode as its own topic's payload.
    #[must_use]
    pub fn emitted<T: Topic>(&self) -> Vec<T> {
        let emitted = self.engine.emitted.lock();
        let of_topic = emitted.iter().filter(|(event, _)| event.topic == T::NAME);
        let decode = |(event, _): &Published| {
            event.payload.decode().unwrap_or_else(|error| {
                panic!("`{}` does not read back as {}: {error}", event.topic, type_name::<T>())
            })
        };
        of_topic.map(decode).collect()
    }

    /// All events, in their order.
    #[must_use]
    pub fn emissions(&self) -> Vec<Emission> {
        let emission = |(event, targets): &Published| Emission {
            topic: event.topic.to_string(),
            payload: event.payload.to_value(),
            due: targets.first().and_then(|target| target.due),
            priority: event.priority,
            cancel_key: event.cancel_key.as_deref().map(str::to_owned),
            key: targets.iter().find_map(|target| Some(target.lane.as_ref()?.key.to_string())),
        };
        self.engine.emitted.lock().iter().map(emission).collect()
    }

    /// What the handler said to those who watch a group of a stream, in its order: kind and data.
    #[must_use]
    pub fn sent<T>(&self, stream: Stream<T>, group: &str) -> Vec<(String, Value)> {
        let place = watched(stream.name(), group);
        let sent = self.engine.sent.lock();
        let to_group = sent.iter().filter(|(group, _)| *group == place);
        let said = |event: &JsonText| {
            let event = event.to_value();
            (event["type"].as_str().unwrap_or_default().to_owned(), event["data"].clone())
        };
        to_group.map(|(_, event)| said(event)).collect()
    }

    /// What the handler asked to be cancelled, in its order: `key order-1`, `event <id>`,
    /// `trace <id>`, `delivery <id>`.
    #[must_use]
    pub fn cancellations(&self) -> Vec<String> {
        self.engine.cancellations.lock().clone()
    }

    /// The lines logged, in their order.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.engine.logs.lock().clone()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.engine.now.lock();
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Tells the handler to stop.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Makes every later write fail, as a full disk does.
    pub async fn break_store(&self) {
        let closed: Result<(), StoreError> = self.engine.store.close().await;
        drop(closed);
    }

    /// Whether the handler acknowledged its event itself.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        let Some((_, delivery)) = self.delivery else { return false };
        let pull = Pull {
            queue: delivery.queue,
            after: delivery.seq - 1,
            ranked_after: None,
            due_after: (Timestamp::MIN, 0),
            now: Timestamp::MAX,
            limit: PageRequest::MAX,
        };
        let waiting = self.engine.store.pull(pull).now_or_never().and_then(Result::ok);
        waiting.is_some_and(|found| found.ready.is_empty() && found.due.is_empty())
    }
}
