//! How ids, instants and events are written into columns.

use jiff::Timestamp;
use motia_core::{
    config::Priority,
    event::{Event, EventId},
    json::JsonText,
    store::{DeliveryId, Lane, QueueId},
    trace::{SpanId, TraceContext, TraceId},
};
use rusqlite::{Error, Row, types::Type};

use crate::rules;

const SEQ_BITS: u32 = 47;
/// The highest sequence number there can be.
pub(super) const MAX_SEQ: u64 = (1 << SEQ_BITS) - 1;

/// The sequence number as it is written. An id that somebody made up may hold one that is too high:
/// it becomes 0, under which nothing lies, so that it is not found instead of failing the statement.
pub(super) fn seq(id: DeliveryId) -> i64 {
    if id.seq > MAX_SEQ { 0 } else { id.seq.cast_signed() }
}

/// Where a delivery lies that may start at once.
pub(super) fn ready(id: DeliveryId) -> i64 {
    i64::from(id.queue.0) << SEQ_BITS | seq(id)
}

/// Where a delivery lies that waits for its time.
pub(super) fn delayed(id: DeliveryId) -> i64 {
    ready(id) | i64::MIN
}

/// Where the last delivery of a queue could lie.
pub(super) fn last(queue: QueueId) -> i64 {
    ready(DeliveryId { queue, seq: MAX_SEQ })
}

/// Which delivery lies there.
pub(super) fn delivery_at(place: i64) -> DeliveryId {
    let queue = QueueId((place >> SEQ_BITS & 0xffff) as u16);
    DeliveryId { queue, seq: place.cast_unsigned() & MAX_SEQ }
}

/// An instant in microseconds; what is finer is cut off.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// An instant as the lowest number of microseconds that is not before it.
pub(super) fn micros_from(at: Timestamp) -> i64 {
    micros(at) + i64::from(rules::cut(at) < at)
}

/// When a delivery falls due: one that is held, at the end of all time.
pub(super) fn due_micros(at: Timestamp) -> i64 {
    if at == rules::HELD { i64::MAX } else { micros(at) }
}

/// When a delivery falls due, from a column that may be empty.
pub(super) fn due(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(i64::MAX) => Ok(Some(rules::HELD)),
        _ => instant_or_none(row, column),
    }
}

/// The instant in a column.
pub(super) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    at_micros(row.get(column)?, column)
}

/// The instant that stood in a column as microseconds.
pub(super) fn at_micros(micros: i64, column: usize) -> rusqlite::Result<Timestamp> {
    const SECOND: i64 = 1_000_000;
    // Not `Timestamp::from_microsecond`, which refuses the last second before `Timestamp::MAX`.
    Timestamp::new(micros / SECOND, (micros % SECOND * 1000) as i32)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}

/// The instant in a column that may be empty.
pub(super) fn instant_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => instant(row, column).map(Some),
    }
}

/// The JSON in a column, without a copy between the page and its place.
pub(super) fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<JsonText> {
    let text = row.get_ref(column)?.as_str()?;
    Ok(JsonText::from_trusted(text))
}

/// The trace context as it is written.
pub(super) fn trace(trace: TraceContext) -> [u8; 25] {
    let mut bytes = [0; 25];
    bytes[..16].copy_from_slice(&trace.trace_id.to_bytes());
    bytes[16..24].copy_from_slice(&trace.span_id.to_bytes());
    bytes[24] = trace.sampled.into();
    bytes
}

/// The trace context that these bytes hold.
pub(super) fn trace_of(bytes: [u8; 25]) -> TraceContext {
    let mut trace_id = [0; 16];
    let mut span_id = [0; 8];
    trace_id.copy_from_slice(&bytes[..16]);
    span_id.copy_from_slice(&bytes[16..24]);
    TraceContext {
        trace_id: TraceId::from_bytes(trace_id),
        span_id: SpanId::from_bytes(span_id),
        sampled: bytes[24] != 0,
        parent: None,
    }
}

/// The level of a priority as it is written; nothing for the normal one.
pub(super) fn level(priority: Priority) -> Option<i8> {
    Some(priority.level()).filter(|_| !priority.is_normal())
}

/// The lane in the two columns `lane, ordered` from `first` on.
pub(super) fn lane(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Lane>> {
    let Some(key) = row.get_ref(first)?.as_str_or_null()? else { return Ok(None) };
    let ordered = row.get::<_, Option<bool>>(first + 1)? == Some(true);
    Ok(Some(Lane { key: key.into(), ordered }))
}

/// The event in the columns of a [content](super::place::content) behind the first two, from `first`
/// on.
pub(super) fn event(row: &Row<'_>, first: usize) -> rusqlite::Result<Event> {
    Ok(Event {
        id: EventId::from_bytes(row.get(first + 1)?),
        topic: row.get::<_, String>(first + 3)?.into(),
        payload: json(row, first + 4)?,
        trace: trace_of(row.get(first + 2)?),
        emitted_at: instant(row, first)?,
        priority: priority(row, first + 5)?,
        expires_at: instant_or_none(row, first + 6)?,
        cancel_key: row.get_ref(first + 7)?.as_str_or_null()?.map(Into::into),
    })
}

fn priority(row: &Row<'_>, column: usize) -> rusqlite::Result<Priority> {
    let level: Option<i64> = row.get(column)?;
    let level = level.unwrap_or_default();
    let priority = i8::try_from(level).ok().and_then(Priority::try_new);
    priority.ok_or(Error::IntegralValueOutOfRange(column, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_which_delivery_lies_there() {
        for (queue, seq) in [(0, 1), (1, 1), (1, MAX_SEQ), (65535, MAX_SEQ)] {
            let id = DeliveryId { queue: QueueId(queue), seq };
            assert_eq!(delivery_at(ready(id)), id);
            assert_eq!(delivery_at(delayed(id)), id);
            assert!(ready(id) > 0 && delayed(id) < 0);
        }
    }

    #[test]
    fn an_id_out_of_range_has_the_place_of_no_delivery() {
        let first = DeliveryId { queue: QueueId(3), seq: 1 };
        for seq in [MAX_SEQ + 1, i64::MAX as u64 + 1, u64::MAX] {
            let id = DeliveryId { seq, ..first };
            assert!(ready(id) < ready(first) && ready(id) > last(QueueId(2)));
        }
    }

    #[test]
    fn places_rise_with_queue_and_sequence_number() {
        let ids = [(1, 1), (1, 2), (1, MAX_SEQ), (2, 1), (65535, 7)];
        let ids = ids.map(|(queue, seq)| DeliveryId { queue: QueueId(queue), seq });
        assert!(ids.map(ready).is_sorted());
        assert!(ids.map(delayed).is_sorted());
    }
}
