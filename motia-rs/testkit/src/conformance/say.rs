//! Writes, instants and events in few words.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    config::Priority,
    event::Event,
    json::JsonText,
    store::{
        Batch, CommitError, DeliveryId, Ending, Failure, Lane, QueueId, Require, Settlement,
        Target, Token, Write,
    },
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
    Arc::new(plain(payload))
}

/// An event to be changed.
pub(super) fn plain(payload: &str) -> Event {
    Event::new("order.placed".into(), json(payload), TraceContext::root(), at(0))
}

/// An event of some level of priority, emitted so many seconds later than others.
pub(super) fn urgent(payload: &str, level: i8, secs: i64) -> Event {
    let priority = Priority::try_new(level).unwrap();
    Event { priority, emitted_at: at(secs), ..plain(payload) }
}

pub(super) fn batch(writes: impl IntoIterator<Item = Write>) -> Batch {
    Batch { writes: writes.into_iter().collect(), ..Batch::default() }
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
    publish_event(event(payload), queues)
}

pub(super) fn publish_event(event: impl Into<Arc<Event>>, queues: &[QueueId]) -> Write {
    let targets = queues.iter().copied().map(Target::from).collect();
    Write::Publish { event: event.into(), targets }
}

pub(super) fn publish_for(due: Timestamp, queues: &[QueueId]) -> Write {
    let target = |queue| Target { due: Some(due), ..Target::from(queue) };
    Write::Publish { event: event("{}"), targets: queues.iter().copied().map(target).collect() }
}

/// Publishes into a lane; into an ordered one under a key in capitals.
pub(super) fn publish_in(key: &str, event: impl Into<Arc<Event>>, queue: QueueId) -> Write {
    let target = Target { lane: Some(lane(key)), ..Target::from(queue) };
    Write::Publish { event: event.into(), targets: [target].into() }
}

/// A lane, which is ordered if its key is in capitals.
pub(super) fn lane(key: &str) -> Lane {
    Lane { key: key.into(), ordered: key.chars().all(char::is_uppercase) }
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
    settle(delivery, token, Settlement::Retry { due, failure: failure(attempt).into() })
}

pub(super) fn give_back(delivery: DeliveryId, token: u64, now: Timestamp) -> Write {
    settle(delivery, token, Settlement::Return { now, begun: true })
}

/// Gives a delivery back of which nothing was begun.
pub(super) fn give_back_untouched(delivery: DeliveryId, token: u64, now: Timestamp) -> Write {
    settle(delivery, token, Settlement::Return { now, begun: false })
}

pub(super) fn postpone(delivery: DeliveryId, token: u64, due: Timestamp) -> Write {
    settle(delivery, token, Settlement::Postpone { due })
}

pub(super) fn hold(delivery: DeliveryId, token: u64, attempt: u32) -> Write {
    settle(delivery, token, Settlement::Hold { failure: failure(attempt).into() })
}

pub(super) fn release(delivery: DeliveryId) -> Write {
    Write::Release { delivery, now: at(10) }
}

/// Ends a delivery so many seconds later.
pub(super) fn end(delivery: DeliveryId, ending: Ending, secs: i64) -> Write {
    Write::End { delivery, ending, at: at(secs), note: "by hand".into() }
}

pub(super) fn cancel(delivery: DeliveryId) -> Write {
    end(delivery, Ending::Cancelled, 9)
}

pub(super) fn bury(delivery: DeliveryId, token: u64, attempt: u32) -> Write {
    let reason = "too many attempts".into();
    let failure = Some(failure(attempt).into());
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
        class: (attempt > 1).then(|| "again".into()),
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
