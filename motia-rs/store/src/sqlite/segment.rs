//! Many deliveries in one row: those that were published together into one queue.
//!
//! What a delivery costs as a row of its own is mostly SQLite finding a place for it, twice: when it is
//! written and when it is removed. So deliveries without anything [special](super::place) that may start at once
//! share a row, column by column, and [bits] in a row beside it say which of them still wait. What happens to
//! nearly all of them, that an attempt starts and ends well, is an attempt's row and a bit; before anything else
//! happens to one, it [moves](super::segments::Segments::take_out) to a row of its own.

use std::{borrow::Cow, collections::HashSet, ops::ControlFlow, sync::Arc};

use motia_core::{
    config::Priority,
    event::{Event, EventId},
    json::JsonText,
    store::{Delivery, DeliveryId},
};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};
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
/// Offsets in a segment stay below this, as its trigger in `schema_3.sql` knows.
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

/// The columns of a segment and of its bits, as [`waiting`] reads them.
macro_rules! segment_columns {
    () => {
        "segment.id, offsets, emitted_at, event, trace, topic, payload, segment.sum,
            segment_waiting.id, bits, segment_waiting.sum
        FROM segment LEFT JOIN segment_waiting ON segment_waiting.id = segment.id "
    };
}

/// All deliveries of one segment as they were published, whether they wait or not.
pub(super) fn read(db: &Connection, id: i64) -> rusqlite::Result<Vec<Delivery>> {
    const READ: &str = concat!("SELECT ", segment_columns!(), "WHERE segment.id = ?1");
    db.prepare_cached(READ)?.query_row((id,), content)
}

/// What waits in the segment that a delivery may be in, in order.
pub(super) fn holding(db: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<Delivery>> {
    const HOLDING: &str = concat!(
        "SELECT ",
        segment_columns!(),
        "WHERE segment.id <= ?1 AND segment.id > ?1 - 1024 ORDER BY segment.id DESC LIMIT 1"
    );
    let waits = |row: &Row<'_>| waiting(db, row);
    let found = db.prepare_cached(HOLDING)?.query_row((ready(id),), waits).optional()?;
    Ok(found.unwrap_or_default())
}

/// The delivery, if it waits in a segment.
pub(super) fn find(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    Ok(holding(db, id)?.into_iter().find(|found| found.id == id))
}

/// Goes through what waits in segments behind the one delivery and up to the other, which are of one queue,
/// in order and for as long as it is taken.
pub(super) fn each(
    db: &Connection,
    (behind, to): (DeliveryId, DeliveryId),
    mut take: impl FnMut(Delivery) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    // The first of them may lie in the middle of a segment.
    const EACH: &str = concat!(
        "SELECT ",
        segment_columns!(),
        "WHERE segment.id >= ifnull((SELECT max(id) FROM segment WHERE id <= ?1 AND id > ?1 - 1024), ?1)
            AND segment.id <= ?2
        ORDER BY segment.id"
    );
    let mut segments = db.prepare_cached(EACH)?;
    let mut rows = segments.query((ready(behind), ready(to)))?;
    while let Some(row) = rows.next()? {
        for found in waiting(db, row)? {
            let is_meant = found.id > behind && found.id <= to;
            if is_meant && take(found).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Counts what waits in segments behind the one delivery and before the other, which are of one queue.
pub(super) fn count(
    db: &Connection,
    (behind, before): (DeliveryId, DeliveryId),
) -> rusqlite::Result<u64> {
    const BITS: &str = "SELECT id, bits, sum FROM segment_waiting WHERE id > ?1 - 1024 AND id < ?2";
    let (behind, before) = (ready(behind), ready(before));
    let mut segments = db.prepare_cached(BITS)?;
    let mut rows = segments.query((behind, before))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (id, bits) = bits(row, 0)?;
        count += if id > behind && id + i64::from(bits.len()) <= before {
            bits.count()
        } else {
            bits.offsets().filter(|offset| (behind + 1..before).contains(&(id + offset))).count()
                as u64
        };
    }
    Ok(count)
}

/// Reads every segment, for its sums, and looks for attempts of what waits in none.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    const ALL: &str = concat!("SELECT ", segment_columns!());
    let mut attempted = HashSet::new();
    let mut all = db.prepare(ALL)?;
    let mut rows = all.query(())?;
    while let Some(row) = rows.next()? {
        let begun = waiting(db, row)?.into_iter().filter(|found| found.begun);
        attempted.extend(begun.map(|found| ready(found.id)));
    }
    let mut attempts = db.prepare("SELECT id FROM segment_attempt")?;
    let ids = attempts.query_map((), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    match ids.into_iter().find(|id| !attempted.contains(id)) {
        Some(id) => Err(Damaged::error("segment_attempt", at(id), "no such delivery waits")),
        None => Ok(()),
    }
}

/// The bits of a segment, in the columns `id, bits, sum` from `first` on.
pub(super) fn bits(row: &Row<'_>, first: usize) -> rusqlite::Result<(i64, Bits)> {
    const TABLE: &str = "segment_waiting";
    let id: i64 = row.get(first)?;
    let text = row.get_ref(first + 1)?.as_str()?;
    sum::check(row.get(first + 2)?, sum::name(text, id), TABLE, || at(id))?;
    let bits = Bits::from_text(text).filter(|bits| i64::from(bits.len()) <= MOST_SPAN);
    let bits = bits.ok_or_else(|| Damaged::error(TABLE, at(id), "its bits are none"))?;
    Ok((id, bits))
}

/// How far a delivery is from the beginning of a segment, if it may be in it.
pub(super) fn offset(segment: i64, id: DeliveryId) -> Option<u16> {
    let offset = ready(id) - segment;
    (0..MOST_SPAN).contains(&offset).then_some(offset as u16)
}

/// What waits in a segment.
fn waiting(db: &Connection, row: &Row<'_>) -> rusqlite::Result<Vec<Delivery>> {
    let segment: i64 = row.get(0)?;
    if row.get::<_, Option<i64>>(8)?.is_none() {
        let why = "nothing says which of its deliveries wait";
        return Err(Damaged::error("segment", at(segment), why));
    }
    let (_, bits) = bits(row, 8)?;
    let mut found = content(row)?;
    found.retain(|found| offset(segment, found.id).is_some_and(|offset| bits.get(offset)));
    if found.len() as u64 != bits.count() {
        let why = "it has bits of deliveries that are not there";
        return Err(Damaged::error("segment_waiting", at(segment), why));
    }
    add_attempts(db, &mut found)?;
    Ok(found)
}

/// Adds what was attempted at deliveries of one segment.
fn add_attempts(db: &Connection, found: &mut [Delivery]) -> rusqlite::Result<()> {
    const ATTEMPTS: &str =
        "SELECT id, token, attempts FROM segment_attempt WHERE id >= ?1 AND id <= ?2";
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(()) };
    let mut attempts = db.prepare_cached(ATTEMPTS)?;
    let mut rows = attempts.query((ready(first.id), ready(last.id)))?;
    while let Some(row) = rows.next()? {
        let id = delivery_at(row.get(0)?);
        let Ok(at) = found.binary_search_by_key(&id, |found| found.id) else { continue };
        found[at].begun = row.get::<_, i64>(1)? > 0;
        found[at].attempts = row.get(2)?;
        if found[at].attempts > 0 && !found[at].begun {
            let why = "its token and attempts contradict each other";
            return Err(Damaged::error("segment_attempt", self::at(ready(id)), why));
        }
    }
    Ok(())
}

/// All deliveries of a segment as they were published.
fn content(row: &Row<'_>) -> rusqlite::Result<Vec<Delivery>> {
    let segment: i64 = row.get(0)?;
    let text = |column| -> rusqlite::Result<_> { Ok(row.get_ref(column)?.as_str()?) };
    let blob = |column| -> rusqlite::Result<_> { Ok(row.get_ref(column)?.as_blob()?) };
    let (offsets, emitted_at, topic, payload) = (text(1)?, text(2)?, text(5)?, text(6)?);
    let (event, trace) = (blob(3)?, blob(4)?);
    let sum = sum::segment(segment, [offsets, emitted_at, topic, payload], [event, trace]);
    sum::check(row.get(7)?, sum, "segment", || at(segment))?;

    let damaged = |why| Damaged::error("segment", at(segment), why);
    let no_list = |_| damaged("a column is no list as it was written");
    let offsets: Vec<u16> = serde_json::from_str(offsets).map_err(no_list)?;
    let emitted_at: Vec<i64> = serde_json::from_str(emitted_at).map_err(no_list)?;
    let topics: Topics = serde_json::from_str(topic).map_err(no_list)?;
    let payloads: Vec<&RawValue> = serde_json::from_str(payload).map_err(no_list)?;
    let (events, rest_of_event) = event.as_chunks::<16>();
    let (traces, rest_of_trace) = trace.as_chunks::<25>();

    let len = offsets.len();
    let lens = [emitted_at.len(), payloads.len(), events.len(), traces.len(), topics.len(len)];
    let rests = rest_of_event.len() + rest_of_trace.len();
    let rise = offsets.first() == Some(&0) && offsets.is_sorted_by(|one, next| one < next);
    if lens != [len; 5] || rests != 0 || !rise {
        return Err(damaged("its columns do not fit each other"));
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
    (0..len).map(delivery).collect()
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

fn at(id: i64) -> String {
    format!("id = {id}")
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
