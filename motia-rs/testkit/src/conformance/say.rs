//! Writes, instants and events in few words.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    event::{Event, EventId},
    json::JsonText,
    store::{Batch, CommitError, DeliveryId, Failure, QueueId, Require, Settlement, Token, Write},
    trace::TraceContext,
};

/// A long time ago, and so many seconds later.
pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + secs)
}

pub(super) fn json(text: &str) -> JsonText {
    JsonText::from_trusted(text)
}

pub(super) fn event(payload: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::new(at(0)),
        topic: "order.placed".into(),
        payload: json(payload),
        trace: TraceContext::root(),
        emitted_at: at(0),
    })
}

pub(super) fn batch(writes: impl IntoIterator<Item = Write>) -> Batch {
    Batch { requires: Vec::new(), writes: writes.into_iter().collect() }
}

pub(super) fn set(key: &str, value: &str) -> Write {
    Write::Set { group: "orders".into(), key: key.into(), value: json(value), expires_at: None }
}

pub(super) fn set_until(key: &str, value: &str, end: Timestamp) -> Write {
    Write::Set {
        group: "orders".into(),
        key: key.into(),
        value: json(value),
        expires_at: Some(end),
    }
}

pub(super) fn delete(key: &str) -> Write {
    Write::Delete { group: "orders".into(), key: key.into(), now: at(0) }
}

pub(super) fn increment(key: &str, by: i64) -> Write {
    Write::Increment { group: "orders".into(), key: key.into(), by, now: at(0) }
}

pub(super) fn version(key: &str, version: Option<u64>) -> Require {
    Require::Version { group: "orders".into(), key: key.into(), version, now: at(0) }
}

pub(super) fn publish(payload: &str, queues: &[QueueId]) -> Write {
    Write::Publish { event: event(payload), queues: queues.into(), due: None }
}

pub(super) fn publish_for(due: Timestamp, queues: &[QueueId]) -> Write {
    Write::Publish { event: event("{}"), queues: queues.into(), due: Some(due) }
}

pub(super) fn start(delivery: DeliveryId, attempt: u32, token: u64) -> Write {
    Write::Start { delivery, attempt, token: Token(token) }
}

pub(super) fn settle(delivery: DeliveryId, token: u64, settlement: Settlement) -> Write {
    Write::Settle { delivery, token: Token(token), settlement }
}

pub(super) fn done(delivery: DeliveryId, token: u64) -> Write {
    settle(delivery, token, Settlement::Done)
}

pub(super) fn retry(delivery: DeliveryId, token: u64, attempt: u32, due: Timestamp) -> Write {
    settle(delivery, token, Settlement::Retry { due, failure: failure(attempt) })
}

pub(super) fn give_back(delivery: DeliveryId, token: u64, now: Timestamp) -> Write {
    settle(delivery, token, Settlement::Return { now })
}

pub(super) fn bury(delivery: DeliveryId, token: u64, attempt: u32) -> Write {
    let reason = "too many attempts".into();
    let failure = Some(failure(attempt));
    settle(delivery, token, Settlement::Dead { reason, at: at(9), failure })
}

pub(super) fn redrive(delivery: DeliveryId) -> Write {
    Write::Redrive { delivery, now: at(10) }
}

pub(super) fn purge(delivery: DeliveryId) -> Write {
    Write::Purge { delivery }
}

pub(super) fn failure(attempt: u32) -> Failure {
    Failure {
        attempt,
        started_at: at(attempt.into()),
        ended_at: at(i64::from(attempt) + 1),
        error: format!("attempt {attempt} failed"),
    }
}

/// The batch was refused since a later attempt holds the delivery, or none does.
#[track_caller]
pub(super) fn assert_superseded<T: std::fmt::Debug>(result: Result<T, CommitError>) {
    let refused = result.expect_err("superseded");
    assert!(matches!(refused, CommitError::Superseded(_)), "{refused:?}");
}

/// The batch was refused since somebody else wrote first.
#[track_caller]
pub(super) fn assert_conflict<T: std::fmt::Debug>(result: Result<T, CommitError>) {
    let refused = result.expect_err("in conflict");
    assert!(matches!(refused, CommitError::Conflict { .. }), "{refused:?}");
}
