//! Deliveries that wait, in the file.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{Delivery, DeliveryId, Depth, Failure, Lane, QueueId, StoreError, Token},
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params_from_iter};

use super::{
    fault::{self, Stop},
    hot::Hot,
    place::{ForEach, Place, Table, find, for_each, ordered},
    row::{delayed, delivery_at, due, due_micros, event, lane, level, micros, ready, seq, trace},
    sum::{self, Damaged},
};
use crate::rules::Until;

/// The columns of a delivery, as [`delivery`] reads them.
macro_rules! delivery_columns {
    ($table:ident) => {
        concat!(
            "id, attempts, due_at, ",
            super::place::content!($table),
            ", sum, token, '",
            stringify!($table),
            "'"
        )
    };
}
pub(super) use delivery_columns;

// Reads.

/// Finds the queue of a step, or makes it.
pub(super) fn find_or_make(db: &Connection, step: &str) -> Result<QueueId, StoreError> {
    const FIND: &str = "SELECT id FROM queue WHERE step = ?1";
    const NEXT: &str = "SELECT ifnull(max(id), 0) + 1 FROM queue";
    const MAKE: &str = "INSERT INTO queue (id, step, sum) VALUES (?1, ?2, ?3)";
    let id = || {
        let number = |row: &Row<'_>| row.get::<_, i64>(0);
        if let Some(id) = db.prepare_cached(FIND)?.query_row((step,), number).optional()? {
            return Ok(id);
        }
        let id = db.prepare_cached(NEXT)?.query_row((), number)?;
        db.prepare_cached(MAKE)?.execute((id, step, sum::name(step, id)))?;
        Ok(id)
    };
    u16::try_from(id().map_err(|error| fault::told(&error))?)
        .map(QueueId)
        .map_err(|_| StoreError::Incompatible("a store has at most 65535 queues".into()))
}

/// Counts what of a queue lies among the delayed, and what is held there or in its place in an ordered
/// lane. `waiting` has all that is ready already.
pub(super) fn count(db: &Connection, depth: &mut Depth, now: Timestamp) -> rusqlite::Result<()> {
    macro_rules! delayed {
        ($table:ident) => {
            concat!(
                "SELECT count(*) FILTER (WHERE due_at <= ?2), count(*) FILTER (WHERE due_at > ?2)
                FROM ",
                stringify!($table),
                " INDEXED BY ",
                stringify!($table),
                "_due
                WHERE (id >> 47) & 65535 = ?1 AND due_at < 9223372036854775807 AND id < 0"
            )
        };
    }
    macro_rules! held {
        ($table:ident) => {
            concat!(
                "SELECT count(*) FILTER (WHERE id < 0), count(*) FILTER (WHERE id > 0) FROM ",
                stringify!($table),
                " WHERE (id >> 47) & 65535 = ?1 AND due_at = 9223372036854775807"
            )
        };
    }
    const DELAYED: ForEach = for_each!(delayed);
    const HELD: ForEach = for_each!(held);
    let two = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?));

    let queue = depth.id.0;
    for table in Table::ALL {
        let mut statement = db.prepare_cached(table.of(DELAYED))?;
        let (due, delayed) = statement.query_row((queue, micros(now)), two)?;
        let (held, in_place) = db.prepare_cached(table.of(HELD))?.query_row((queue,), two)?;
        depth.waiting = (depth.waiting + due).saturating_sub(in_place);
        depth.delayed += delayed;
        depth.held += held + in_place;
    }
    Ok(())
}

/// Reads every row, for its sum.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    macro_rules! all {
        ($table:ident) => {
            concat!("SELECT ", delivery_columns!($table), " FROM ", stringify!($table))
        };
    }
    const ALL: ForEach = for_each!(all);
    for table in Table::ALL {
        db.prepare(table.of(ALL))?.query_map((), delivery)?.try_for_each(|read| read.map(drop))?;
    }
    Ok(())
}

// Writes.

pub(super) fn held(db: &Connection, id: DeliveryId, token: Token) -> Result<(), Stop> {
    macro_rules! held {
        ($table:ident) => {
            concat!("SELECT 1 FROM ", stringify!($table), " WHERE id = ?1 AND token <= ?2")
        };
    }
    const HELD: ForEach = for_each!(held);
    let token = token.0.cast_signed();
    find(id, |table, row| {
        let held = db.prepare_cached(table.of(HELD))?.exists((row, token))?;
        Ok(held.then_some(()))
    })?;
    Ok(())
}

pub(super) fn publish(
    hot: &mut Hot<'_>,
    id: DeliveryId,
    event: &Arc<Event>,
    lane: Option<&Lane>,
    due: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let plain = lane.is_none()
        && event.priority.is_normal()
        && event.expires_at.is_none()
        && event.cancel_key.is_none();
    if plain {
        if due.is_some() {
            return hot.many.write_row(id, event, (0, 0), due);
        }
        hot.many.publish(id, event);
        return Ok(());
    }

    let place = if due.is_some() { delayed(id) } else { ready(id) };
    hot.publish_special.execute((
        place,
        due.map(micros),
        micros(event.emitted_at),
        event.id.to_bytes(),
        trace(event.trace),
        &*event.topic,
        event.payload.as_str(),
        sum::content(id, event, lane),
        lane.map(|lane| &*lane.key),
        lane.filter(|lane| lane.ordered).map(|_| true),
        level(event.priority),
        event.expires_at.map(micros),
        event.cancel_key.as_deref(),
    ))?;
    Ok(())
}

pub(super) fn start(
    hot: &mut Hot<'_>,
    id: DeliveryId,
    attempt: u32,
    token: Token,
) -> rusqlite::Result<()> {
    for place in Place::ALL {
        let statement = match place.table {
            Table::Plain => &mut hot.start,
            Table::Special => &mut hot.start_special,
        };
        if statement.execute((place.row(id), attempt, token.0.cast_signed()))? > 0 {
            break;
        }
    }
    Ok(())
}

/// Removes a delivery and says where it lay.
pub(super) fn done(
    db: &Connection,
    hot: &mut Hot<'_>,
    id: DeliveryId,
    token: Token,
) -> Result<Place, Stop> {
    let (place, ()) = find(id, |table, row| {
        let statement = match table {
            Table::Plain => &mut hot.done,
            Table::Special => &mut hot.done_special,
        };
        Ok((statement.execute((row, token.0.cast_signed()))? > 0).then_some(()))
    })?;
    // Only what waited for its time, or may lie in an ordered lane, can have failed before.
    if !place.ready || place.table == Table::Special {
        forget_failures(db, id)?;
    }
    Ok(place)
}

/// Makes a statement that lets a delivery wait: until `?3` among the delayed, which is at `?2`, or
/// until `?5` in its place in an ordered lane, which is at `?4`.
macro_rules! wait {
    ($table:ident, $more:literal) => {
        concat!(
            "UPDATE ",
            stringify!($table),
            " SET id = iif(",
            ordered!($table),
            " IS NULL, ?2, ?4), due_at = iif(",
            ordered!($table),
            " IS NULL, ?3, ?5)",
            $more,
            " RETURNING ",
            ordered!($table)
        )
    };
}

/// Lets a failed delivery wait until it is tried again.
pub(super) fn retry(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    until: Until,
    failure: &Failure,
) -> Result<Moved, Stop> {
    macro_rules! retry {
        ($table:ident) => {
            wait!(
                $table,
                ", attempts = max(attempts, ?7), token = ?6 + 1
                WHERE id = ?1 AND token <= ?6"
            )
        };
    }
    const RETRY: ForEach = for_each!(retry);
    let moved = wait(db, RETRY, id, until, &[&token.0.cast_signed(), &failure.attempt])?;
    note_failure(db, id, failure)?;
    Ok(moved)
}

/// Gives a delivery back as if it had not been started. An attempt that had neither begun nor was recorded
/// leaves no token: that there is one says that the delivery was begun.
pub(super) fn give_back(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    until: Until,
    begun: bool,
) -> Result<Moved, Stop> {
    macro_rules! give_back {
        ($table:ident) => {
            wait!(
                $table,
                ", attempts = max(attempts - (token = ?6), 0),
                token = iif(?7 OR token = ?6, ?6 + 1, token)
                WHERE id = ?1 AND token <= ?6"
            )
        };
    }
    const RETURN: ForEach = for_each!(give_back);
    wait(db, RETURN, id, until, &[&token.0.cast_signed(), &begun])
}

/// Holds a delivery until it is released, as if it had not been started.
pub(super) fn hold(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    failure: &Failure,
) -> Result<Moved, Stop> {
    let moved = give_back(db, id, token, Until::Released, false)?;
    note_failure(db, id, failure)?;
    Ok(moved)
}

/// Lets go of a delivery, if it is held.
pub(super) fn release(
    db: &Connection,
    id: DeliveryId,
    until: Until,
) -> rusqlite::Result<Option<Moved>> {
    macro_rules! release {
        ($table:ident) => {
            wait!($table, " WHERE id = ?1 AND due_at = 9223372036854775807")
        };
    }
    const RELEASE: ForEach = for_each!(release);
    match wait(db, RELEASE, id, until, &[]) {
        Ok(moved) => Ok(Some(moved)),
        Err(Stop::Refused(_)) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Has one of the three statements above let a delivery wait.
fn wait(
    db: &Connection,
    sql: ForEach,
    id: DeliveryId,
    until: Until,
    more: &[&dyn ToSql],
) -> Result<Moved, Stop> {
    let (due, due_in_place) = (due_micros(until.due()), until.due_in_place().map(due_micros));
    let (delayed, in_place) = (delayed(id), ready(id));
    let (from, ordered) = find(id, |table, row| {
        let fixed: [&dyn ToSql; 5] = [&row, &delayed, &due, &in_place, &due_in_place];
        let params = params_from_iter(fixed.iter().chain(more).copied());
        db.prepare_cached(table.of(sql))?.query_row(params, |row| row.get(0)).optional()
    })?;
    Ok(Moved { from, ordered })
}

/// What became of a delivery that is to wait.
pub(super) struct Moved {
    /// Where it lay before.
    from: Place,
    /// The key of its lane if that is ordered: it lies in its place there. Otherwise among the delayed.
    pub(super) ordered: Option<Arc<str>>,
}

impl Moved {
    /// By how much there are more ready now.
    pub(super) fn ready(&self) -> i64 {
        i64::from(self.ordered.is_some()) - i64::from(self.from.ready)
    }
}

/// Removes a delivery from where it lies.
pub(super) fn remove(db: &Connection, place: Place, id: DeliveryId) -> rusqlite::Result<()> {
    const REMOVE: ForEach =
        ["DELETE FROM delivery WHERE id = ?1", "DELETE FROM special WHERE id = ?1"];
    db.prepare_cached(place.table.of(REMOVE))?.execute((place.row(id),))?;
    Ok(())
}

pub(super) fn note_failure(
    db: &Connection,
    id: DeliveryId,
    failure: &Failure,
) -> rusqlite::Result<()> {
    const NOTE: &str = "INSERT OR REPLACE INTO failure
        (seq, attempt, started_at, ended_at, error, class, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let sum = sum::failure(id.seq, failure);
    let Failure { attempt, started_at, ended_at, error, class } = failure;
    let (started_at, ended_at) = (micros(*started_at), micros(*ended_at));
    db.prepare_cached(NOTE)?.execute((
        seq(id),
        attempt,
        started_at,
        ended_at,
        error,
        class,
        sum,
    ))?;
    Ok(())
}

pub(super) fn forget_failures(db: &Connection, id: DeliveryId) -> rusqlite::Result<()> {
    const FORGET: &str = "DELETE FROM failure WHERE seq = ?1";
    db.prepare_cached(FORGET)?.execute((seq(id),))?;
    Ok(())
}

/// A delivery in its [columns](delivery_columns).
pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let place: i64 = row.get(0)?;
    let delivery = Delivery {
        id: delivery_at(place),
        attempts: row.get(1)?,
        begun: row.get::<_, i64>(14)? > 0,
        due: due(row, 2)?,
        lane: lane(row, 3)?,
        event: Arc::new(event(row, 5)?),
    };

    let table = if row.get_ref(15)?.as_str()? == "special" { "special" } else { "delivery" };
    let at = || format!("id = {place}");
    let sum = sum::content(delivery.id, &delivery.event, delivery.lane.as_ref());
    sum::check(row.get(13)?, sum.into(), table, at)?;
    // The other columns change with every attempt and have no sum, but they know of each other.
    let in_place = delivery.lane.as_ref().is_some_and(|lane| lane.ordered);
    if (place < 0 && delivery.due.is_none())
        || (place > 0 && delivery.due.is_some() && !in_place)
        || (delivery.attempts > 0 && !delivery.begun)
    {
        let why = "its id, token, attempts and due_at contradict each other";
        return Err(Damaged::error(table, at(), why));
    }
    Ok(delivery)
}
