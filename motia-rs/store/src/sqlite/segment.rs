//! Many deliveries in one row: those that were published together into one queue.
//!
//! What a delivery costs as a row of its own is mostly SQLite finding a place for it, twice: when it is
//! written and when it is removed. So deliveries without anything [special](super::place) that may start at once
//! share a row, column by column, and [bits] in a row beside it say which of them still wait. What happens to
//! nearly all of them, that an attempt starts and ends well, is an attempt's row and a bit; before anything else
//! happens to one, it [moves](super::segments::Segments::take_out) to a row of its own.

use std::{borrow::Cow, sync::Arc};

use motia_core::{
    config::Priority,
    event::{Event, EventId},
    json::JsonText,
    store::{Delivery, DeliveryId},
};
use rusqlite::{Error, Row, Statement, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    bits::Bits,
    many::New,
    row::{self, delivery_at, last, micros, ready},
    sum::{self, Damaged},
};

/// At most so many deliveries share a row.
const MOST_DELIVERIES: usize = 512;
/// Offsets in a segment stay below this.
pub(super) const MOST_SPAN: i64 = 1024;
/// Payloads of at most so many bytes share a row: it bounds what is read for one of them, and for how long
/// one that still waits keeps the room of all.
const MOST_BYTES: usize = 128 << 10;

/// How many of these, which are in the order of their places, share a segment.
pub(super) fn fitting(new: &[New]) -> usize {
    let Some(first) = new.first() else { return 0 };
    let end = last(delivery_at(first.place).queue).min(first.place + MOST_SPAN - 1);
    let mut bytes = 0;
    let fits = |new: &&New| {
        bytes += new.event.payload.len();
        new.place <= end && (bytes <= MOST_BYTES || new.place == first.place)
    };
    new.iter().take(MOST_DELIVERIES).take_while(fits).count()
}

/// The columns of a segment, ready to be written.
pub(super) struct Segment {
    pub(super) id: i64,
    pub(super) offsets: Vec<u16>,
    emitted_at: String,
    event: Vec<u8>,
    trace: Vec<u8>,
    topic: String,
    payload: String,
}

impl Segment {
    /// Of deliveries that [fit](fitting).
    pub(super) fn of(new: &[New]) -> Self {
        let id = new[0].place;
        let events = || new.iter().map(|new| &*new.event);
        let emitted_at: Vec<_> = events().map(|event| micros(event.emitted_at)).collect();
        let same = events().all(|event| event.topic == new[0].event.topic);
        let topics: Vec<_> = events().map(|event| &*event.topic).collect();
        let bytes: usize = events().map(|event| event.payload.len() + 1).sum();
        let mut payload = String::with_capacity(bytes + 1);
        for event in events() {
            debug_assert!(
                serde_json::from_str::<&RawValue>(event.payload.as_str()).is_ok(),
                "no JSON: {:?}",
                event.payload
            );
            payload.push(if payload.is_empty() { '[' } else { ',' });
            payload.push_str(event.payload.as_str());
        }
        payload.push(']');
        Self {
            id,
            offsets: new.iter().map(|new| (new.place - id) as u16).collect(),
            emitted_at: json(&emitted_at),
            event: events().flat_map(|event| event.id.to_bytes()).collect(),
            trace: events().flat_map(|event| row::trace(event.trace)).collect(),
            topic: if same { json(topics[0]) } else { json(&topics) },
            payload,
        }
    }

    pub(super) const INSERT: &str = "INSERT INTO segment
        (id, offsets, emitted_at, event, trace, topic, payload, sum)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    pub(super) fn write(&self, insert: &mut Statement<'_>) -> rusqlite::Result<()> {
        let Self { id, emitted_at, event, trace, topic, payload, .. } = self;
        let offsets = json(&self.offsets);
        let sum = sum::segment(*id, [&offsets, emitted_at, topic, payload], [event, trace]);
        insert.execute(params![id, offsets, emitted_at, event, trace, topic, payload, sum])?;
        Ok(())
    }
}

/// The columns of a segment and of its bits, as [`content`] and [`bits`] read them.
macro_rules! segment_columns {
    () => {
        "segment.id, offsets, emitted_at, event, trace, topic, payload, segment.sum,
            segment_waiting.id, bits, segment_waiting.sum
        FROM segment LEFT JOIN segment_waiting ON segment_waiting.id = segment.id "
    };
}
pub(super) use segment_columns;

/// The deliveries of a segment that are meant by their offset, as they were published.
pub(super) fn content(
    row: &Row<'_>,
    is_meant: impl Fn(u16) -> bool,
) -> rusqlite::Result<Vec<Delivery>> {
    let segment: i64 = row.get(0)?;
    let [offsets, emitted_at, topic, payload] = [1, 2, 5, 6].map(|column| text(row, column));
    let (offsets, emitted_at, topic, payload) = (offsets?, emitted_at?, topic?, payload?);
    let (event, trace) = (row.get_ref(3)?.as_blob()?, row.get_ref(4)?.as_blob()?);
    let sum = sum::segment(segment, [offsets, emitted_at, topic, payload], [event, trace]);
    sum::check(row.get(7)?, sum, "segment", || at(segment))?;

    let offsets: Vec<u16> = list(segment, offsets)?;
    let emitted_at: Vec<i64> = list(segment, emitted_at)?;
    let topics: Topics = list(segment, topic)?;
    let payloads: Vec<&RawValue> = list(segment, payload)?;
    let (events, rest_of_event) = event.as_chunks::<16>();
    let (traces, rest_of_trace) = trace.as_chunks::<25>();

    let len = offsets.len();
    let lens = [emitted_at.len(), payloads.len(), events.len(), traces.len(), topics.len(len)];
    let rests = rest_of_event.len() + rest_of_trace.len();
    let rise = offsets.first() == Some(&0) && offsets.is_sorted_by(|one, next| one < next);
    if lens != [len; 5] || rests != 0 || !rise {
        return Err(damaged(segment, "its columns do not fit each other"));
    }
    let delivery = |n: usize| {
        let event = Event {
            id: EventId::from_bytes(events[n]),
            topic: Cow::Owned(topics.get(n).to_owned()),
            payload: JsonText::from_trusted(payloads[n].get()),
            trace: row::trace_of(traces[n]),
            emitted_at: row::at_micros(emitted_at[n], 2)?,
            priority: Priority::NORMAL,
            expires_at: None,
            cancel_key: None,
        };
        let id = delivery_at(segment + i64::from(offsets[n]));
        let event = Arc::new(event);
        Ok(Delivery { id, event, lane: None, attempts: 0, begun: false, due: None })
    };
    (0..len).filter(|n| is_meant(offsets[*n])).map(delivery).collect()
}

/// The bits of a segment, in the columns `id, bits, sum` from `first` on.
pub(super) fn bits(row: &Row<'_>, first: usize) -> rusqlite::Result<(i64, Bits)> {
    let id: i64 = row.get(first)?;
    let text = row.get_ref(first + 1)?.as_str();
    let text = text.map_err(|_| bits_damaged(id, "its bits are no text"))?;
    sum::check(row.get(first + 2)?, sum::bits(id, text), "segment_waiting", || at(id))?;
    let bits = Bits::from_text(text).filter(|bits| i64::from(bits.len()) <= MOST_SPAN);
    Ok((id, bits.ok_or_else(|| bits_damaged(id, "its bits are none"))?))
}

/// How far a delivery is from the beginning of a segment, if it may be in it.
pub(super) fn offset(segment: i64, id: DeliveryId) -> Option<u16> {
    let offset = ready(id) - segment;
    (0..MOST_SPAN).contains(&offset).then_some(offset as u16)
}

/// The text in a column of a segment.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    match row.get_ref(column)?.as_str() {
        Ok(text) => Ok(text),
        Err(_) => Err(damaged(row.get(0)?, "a column is no text")),
    }
}

/// The list that is a text of a segment.
pub(super) fn list<'t, T: Deserialize<'t>>(segment: i64, text: &'t str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|_| damaged(segment, "a column is no list as it was written"))
}

pub(super) fn damaged(segment: i64, why: &'static str) -> Error {
    Damaged::error("segment", at(segment), why)
}

pub(super) fn bits_damaged(segment: i64, why: &'static str) -> Error {
    Damaged::error("segment_waiting", at(segment), why)
}

fn at(id: i64) -> String {
    format!("id = {id}")
}

/// The topics of a segment.
#[derive(Deserialize)]
#[serde(untagged)]
enum Topics {
    Same(String),
    Each(Vec<String>),
}

impl Topics {
    fn len(&self, of_same: usize) -> usize {
        match self {
            Self::Same(_) => of_same,
            Self::Each(topics) => topics.len(),
        }
    }

    fn get(&self, n: usize) -> &str {
        match self {
            Self::Same(topic) => topic,
            Self::Each(topics) => &topics[n],
        }
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers and texts are JSON")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use motia_core::{store::QueueId, trace::TraceContext};

    use super::*;

    fn new(queue: u16, seq: u64, bytes: usize) -> New {
        let payload = JsonText::from_trusted("1".repeat(bytes));
        let (topic, at) = ("order.placed".into(), Timestamp::UNIX_EPOCH);
        let event = Event::new(topic, payload, TraceContext::root(), at);
        let place = ready(DeliveryId { queue: QueueId(queue), seq });
        New { place, event: Arc::new(event) }
    }

    #[test]
    fn as_many_share_a_segment_as_its_bounds_allow() {
        let rising = |seqs: std::ops::Range<u64>| seqs.map(|seq| new(1, seq, 1)).collect();
        let with = |mut first: Vec<New>, other: New| {
            first.push(other);
            first
        };
        let span = MOST_SPAN as u64;
        for (new, fit) in [
            (vec![], 0),
            (rising(5..15), 10),
            (rising(1..1000), MOST_DELIVERIES),
            (with(rising(5..15), new(1, 5 + span - 1, 1)), 11),
            (with(rising(5..15), new(1, 5 + span, 1)), 10),
            (with(rising(5..15), new(2, 16, 1)), 10),
            (with(rising(5..15), new(1, 16, MOST_BYTES)), 10),
            (with(rising(5..15), new(1, 16, MOST_BYTES - 10)), 11),
            (vec![new(1, 5, 2 * MOST_BYTES), new(1, 6, 1)], 1),
        ] {
            assert_eq!(fitting(&new), fit, "of {}", new.len());
        }
    }
}
