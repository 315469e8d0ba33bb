//! Goes through [segments](super::segment) as they lie in the file.

use std::{collections::HashSet, ops::ControlFlow};

use motia_core::{
    event::EventId,
    store::{Delivery, DeliveryId},
    trace::TraceId,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    bits::Bits,
    row::{delayed, delivery_at, ready},
    segment::{MOST_SPAN, bits, bits_damaged, content, damaged, list, segment_columns, text},
    sum::Damaged,
};

/// Between two deliveries of one queue: behind the first and up to the second.
pub(super) type Range = (DeliveryId, DeliveryId);

/// Which segments have something of a range; the first may have begun before. With the parameters of [`bounds`].
macro_rules! within {
    () => {
        "WHERE segment.id <= ?2 AND segment.id >=
            ifnull((SELECT max(id) FROM segment WHERE id <= ?1 AND id > ?1 - ?3), ?1)
        ORDER BY segment.id"
    };
}

fn bounds((behind, to): Range) -> (i64, i64, i64) {
    (ready(behind), ready(to), MOST_SPAN)
}

/// A segment, as far as it is looked at.
pub(super) struct Segment<'r> {
    db: &'r Connection,
    row: &'r Row<'r>,
    id: i64,
    bits: Bits,
}

impl<'r> Segment<'r> {
    fn at(db: &'r Connection, row: &'r Row<'r>) -> rusqlite::Result<Self> {
        let id = row.get(0)?;
        if row.get::<_, Option<i64>>(8)?.is_none() {
            return Err(bits_damaged(id, "it is missing"));
        }
        let (_, bits) = bits(row, 8)?;
        Ok(Self { db, row, id, bits })
    }

    /// The last that it had.
    pub(super) fn last(&self) -> DeliveryId {
        delivery_at(self.id + i64::from(self.bits.len()) - 1)
    }

    /// Whether it has deliveries of an event.
    pub(super) fn has_event(&self, event: EventId) -> rusqlite::Result<bool> {
        let (events, _) = self.row.get_ref(3)?.as_blob()?.as_chunks::<16>();
        Ok(events.contains(&event.to_bytes()))
    }

    /// Whether it has deliveries of a trace.
    pub(super) fn has_trace(&self, trace: TraceId) -> rusqlite::Result<bool> {
        let (traces, _) = self.row.get_ref(4)?.as_blob()?.as_chunks::<25>();
        Ok(traces.iter().any(|found| found.starts_with(&trace.to_bytes())))
    }

    /// What of it waits, in order.
    pub(super) fn waiting(&self) -> rusqlite::Result<Vec<Delivery>> {
        let mut found = content(self.row, |offset| self.bits.get(offset))?;
        if found.len() as u64 != self.bits.count() {
            return Err(bits_damaged(self.id, "it has bits of deliveries that are not there"));
        }
        add_attempts(self.db, &mut found)?;
        Ok(found)
    }
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
            return Err(attempt_damaged(ready(id), "its token and attempts contradict each other"));
        }
    }
    Ok(())
}

fn attempt_damaged(id: i64, why: &'static str) -> rusqlite::Error {
    Damaged::error("segment_attempt", format!("id = {id}"), why)
}

/// All deliveries of one segment as they were published, whether they wait or not.
pub(super) fn read(db: &Connection, id: i64) -> rusqlite::Result<Vec<Delivery>> {
    const READ: &str = concat!("SELECT ", segment_columns!(), "WHERE segment.id = ?1");
    let all = |row: &Row<'_>| content(row, |_| true);
    let found = db.prepare_cached(READ)?.query_row((id,), all).optional()?;
    found.ok_or_else(|| damaged(id, "it is missing"))
}

/// What waits in the segment that a delivery may be in, in order.
pub(super) fn holding(db: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<Delivery>> {
    const HOLDING: &str = concat!(
        "SELECT ",
        segment_columns!(),
        "WHERE segment.id <= ?1 AND segment.id > ?1 - ?2 ORDER BY segment.id DESC LIMIT 1"
    );
    let waiting = |row: &Row<'_>| Segment::at(db, row)?.waiting();
    let mut holding = db.prepare_cached(HOLDING)?;
    let found = holding.query_row((ready(id), MOST_SPAN), waiting).optional()?;
    Ok(found.unwrap_or_default())
}

/// The delivery, if it waits in a segment.
pub(super) fn find(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    Ok(holding(db, id)?.into_iter().find(|found| found.id == id))
}

/// Goes through the segments that have something of a range, in order and for as long as they are taken.
pub(super) fn each(
    db: &Connection,
    range: Range,
    mut take: impl FnMut(&Segment<'_>) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    const EACH: &str = concat!("SELECT ", segment_columns!(), within!());
    let mut segments = db.prepare_cached(EACH)?;
    let mut rows = segments.query(bounds(range))?;
    while let Some(row) = rows.next()? {
        let segment = Segment::at(db, row)?;
        // The first may have ended before.
        if segment.last() > range.0 && take(&segment)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Counts what waits in segments behind the one delivery and before the other, which are of one queue.
pub(super) fn count(
    db: &Connection,
    (behind, before): (DeliveryId, DeliveryId),
) -> rusqlite::Result<u64> {
    const BITS: &str = "SELECT id, bits, sum FROM segment_waiting WHERE id > ?1 - ?3 AND id < ?2";
    let (behind, before) = (ready(behind), ready(before));
    let mut segments = db.prepare_cached(BITS)?;
    let mut rows = segments.query((behind, before, MOST_SPAN))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (id, bits) = bits(row, 0)?;
        let is_whole = id > behind && id + i64::from(bits.len()) <= before;
        let is_meant = |offset: &i64| id + offset > behind && id + offset < before;
        count += match is_whole {
            true => bits.count(),
            false => bits.offsets().filter(is_meant).count() as u64,
        };
    }
    Ok(count)
}

/// The first of a range that waits in a segment and was emitted later than an instant in microseconds, or
/// at it and stands behind `id`.
pub(super) fn first_later(
    db: &Connection,
    range: Range,
    (at, id): (i64, DeliveryId),
) -> rusqlite::Result<Option<DeliveryId>> {
    // What comes first in a row is read without the rest of it.
    const TIMES: &str = concat!(
        "SELECT segment.id, offsets, emitted_at, segment_waiting.id, bits, segment_waiting.sum
        FROM segment JOIN segment_waiting ON segment_waiting.id = segment.id ",
        within!()
    );
    let mut segments = db.prepare_cached(TIMES)?;
    let mut rows = segments.query(bounds(range))?;
    while let Some(row) = rows.next()? {
        let (segment, bits) = bits(row, 3)?;
        let offsets: Vec<u16> = list(segment, text(row, 1)?)?;
        let times: Vec<i64> = list(segment, text(row, 2)?)?;
        let waiting = offsets.into_iter().zip(times).filter(|(offset, _)| bits.get(*offset));
        let mut found = waiting.map(|(at, time)| (time, delivery_at(segment + i64::from(at))));
        let is_meant = |(time, found): &(i64, DeliveryId)| {
            *found > range.0 && *found <= range.1 && (*time, *found) > (at, id)
        };
        if let Some((_, found)) = found.find(is_meant) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Reads every segment, for its sums, and looks for attempts of what waits in none, and for what waits in a
/// row of its own as well.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    const ALL: &str = concat!("SELECT ", segment_columns!());
    const TWICE: &str = "SELECT 1 FROM delivery WHERE id IN (?1, ?2)";
    let mut begun = HashSet::new();
    let (mut all, mut twice) = (db.prepare(ALL)?, db.prepare(TWICE)?);
    let mut rows = all.query(())?;
    while let Some(row) = rows.next()? {
        for found in Segment::at(db, row)?.waiting()? {
            if twice.exists((ready(found.id), delayed(found.id)))? {
                let row = format!("id = {}", ready(found.id));
                return Err(Damaged::error("delivery", row, "it waits in a segment, too"));
            }
            if found.begun {
                begun.insert(ready(found.id));
            }
        }
    }
    let mut attempts = db.prepare("SELECT id FROM segment_attempt")?;
    let ids = attempts.query_map((), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    match ids.into_iter().find(|id| !begun.contains(id)) {
        Some(id) => Err(attempt_damaged(id, "no such delivery waits")),
        None => Ok(()),
    }
}
