//! Deliveries that wait, in the file.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{CommitError, Delivery, DeliveryId, Failure, Pull, Pulled, QueueId, StoreError, Token},
};
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use super::{
    fault::{self, Stop},
    hot::Hot,
    row::{MAX_SEQ, delayed, delivery_at, event, instant_or_none, last, micros, ready, seq, trace},
};

// Reads.

/// Finds the queue of a step, or makes it.
pub(super) fn find_or_make(db: &Connection, step: &str) -> Result<QueueId, StoreError> {
    const FIND: &str = "SELECT id FROM queue WHERE step = ?1";
    const MAKE: &str = "INSERT INTO queue (step) VALUES (?1) RETURNING id";
    let query = |sql| db.prepare_cached(sql)?.query_row((step,), |row| row.get::<_, i64>(0));

    let id = match query(FIND).optional() {
        Ok(None) => query(MAKE),
        Ok(Some(id)) => Ok(id),
        Err(error) => Err(error),
    };
    u16::try_from(id.map_err(|error| fault::told(&error))?)
        .map(QueueId)
        .map_err(|_| StoreError::Incompatible("a store has at most 65535 queues".into()))
}

pub(super) fn pull(db: &Connection, pull: &Pull) -> rusqlite::Result<Pulled> {
    const READY: &str = "SELECT id, attempts, due_at, emitted_at, event, trace, topic, payload
        FROM delivery WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
    // Two statements, for SQLite walks the index from `(due_at, id)` on only if it has one range.
    const DUE_TOGETHER: &str =
        "SELECT id, attempts, due_at, emitted_at, event, trace, topic, payload
        FROM delivery WHERE (id >> 47) & 65535 = ?1 AND due_at = ?2 AND id > ?3
        ORDER BY id";
    const DUE_LATER: &str = "SELECT id, attempts, due_at, emitted_at, event, trace, topic, payload
        FROM delivery WHERE (id >> 47) & 65535 = ?1 AND due_at > ?2
        ORDER BY due_at, id";
    let at_once = db.unchecked_transaction()?;

    let from = ready(DeliveryId { queue: pull.queue, seq: pull.after.min(MAX_SEQ) });
    let limit = i64::try_from(pull.limit).unwrap_or(i64::MAX);
    let mut ready = at_once.prepare_cached(READY)?;
    let ready = ready.query_map((from, last(pull.queue), limit), delivery)?;
    let mut pulled = Pulled { ready: ready.collect::<Result<_, _>>()?, ..Pulled::default() };

    let (due, after) = pull.due_after;
    let (queue, due) = (pull.queue.0, micros(due));
    let from = delayed(DeliveryId { queue: pull.queue, seq: after.min(MAX_SEQ) });
    let mut together = at_once.prepare_cached(DUE_TOGETHER)?;
    take_due(together.query((queue, due, from))?, pull, &mut pulled)?;
    if pulled.next_due.is_none() {
        let mut later = at_once.prepare_cached(DUE_LATER)?;
        take_due(later.query((queue, due))?, pull, &mut pulled)?;
    }
    Ok(pulled)
}

/// Takes what is due, until there is enough or one is not.
fn take_due(mut rows: Rows<'_>, pull: &Pull, pulled: &mut Pulled) -> rusqlite::Result<()> {
    while let Some(row) = rows.next()? {
        let due = instant_or_none(row, 2)?;
        if due > Some(pull.now) || pulled.due.len() == pull.limit {
            pulled.next_due = due;
            break;
        }
        pulled.due.push(delivery(row)?);
    }
    Ok(())
}

/// How many deliveries of a queue wait for a time until `now`, and for one beyond.
pub(super) fn count_delayed(
    db: &Connection,
    queue: QueueId,
    now: Timestamp,
) -> rusqlite::Result<(u64, u64)> {
    const COUNT: &str =
        "SELECT count(*) FILTER (WHERE due_at <= ?2), count(*) FILTER (WHERE due_at > ?2)
        FROM delivery WHERE (id >> 47) & 65535 = ?1 AND due_at IS NOT NULL";
    db.prepare_cached(COUNT)?
        .query_row((queue.0, micros(now)), |row| Ok((row.get(0)?, row.get(1)?)))
}

// Writes.

pub(super) fn held(db: &Connection, id: DeliveryId, token: Token) -> Result<(), Stop> {
    const HELD: &str = "SELECT 1 FROM delivery WHERE id = ?1 AND token <= ?2";
    let mut statement = db.prepare_cached(HELD)?;
    let token = token.0.cast_signed();
    if statement.exists((ready(id), token))? || statement.exists((delayed(id), token))? {
        return Ok(());
    }
    Err(CommitError::Superseded(id).into())
}

pub(super) fn publish(
    hot: &mut Hot<'_>,
    id: DeliveryId,
    event: &Event,
    due: Option<Timestamp>,
) -> rusqlite::Result<()> {
    hot.publish.execute((
        if due.is_some() { delayed(id) } else { ready(id) },
        due.map(micros),
        micros(event.emitted_at),
        event.id.to_bytes(),
        trace(event.trace),
        &*event.topic,
        event.payload.as_str(),
    ))?;
    Ok(())
}

pub(super) fn start(
    hot: &mut Hot<'_>,
    id: DeliveryId,
    attempt: u32,
    token: Token,
) -> rusqlite::Result<()> {
    for place in [ready(id), delayed(id)] {
        if hot.start.execute((place, attempt, token.0.cast_signed()))? > 0 {
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
    let place = find(id, |place| hot.done.execute((place, token.0.cast_signed())))?;
    // Only what waits for its time can have failed before.
    if place == Place::Delayed {
        forget_failures(db, id)?;
    }
    Ok(place)
}

/// Lets a failed delivery wait until it is tried again.
pub(super) fn retry(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    due: Timestamp,
    failure: &Failure,
) -> Result<Place, Stop> {
    const RETRY: &str = "UPDATE delivery
        SET id = ?3, due_at = ?4, attempts = max(attempts, ?5), token = ?2 + 1
        WHERE id = ?1 AND token <= ?2";
    let mut statement = db.prepare_cached(RETRY)?;
    let (token, to) = (token.0.cast_signed(), delayed(id));
    let place =
        find(id, |place| statement.execute((place, token, to, micros(due), failure.attempt)))?;
    note_failure(db, id, failure)?;
    Ok(place)
}

/// Gives a delivery back as if it had not been started.
pub(super) fn give_back(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    due: Timestamp,
) -> Result<Place, Stop> {
    const RETURN: &str = "UPDATE delivery
        SET id = ?3, due_at = ?4, attempts = max(attempts - (token = ?2), 0), token = ?2 + 1
        WHERE id = ?1 AND token <= ?2";
    let mut statement = db.prepare_cached(RETURN)?;
    let (token, to) = (token.0.cast_signed(), delayed(id));
    find(id, |place| statement.execute((place, token, to, micros(due))))
}

/// Where in its queue a delivery lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Ready,
    Delayed,
}

/// Tries a write where a delivery may lie, and says where it did.
pub(super) fn find(
    id: DeliveryId,
    mut write: impl FnMut(i64) -> rusqlite::Result<usize>,
) -> Result<Place, Stop> {
    if write(ready(id))? > 0 {
        return Ok(Place::Ready);
    }
    if write(delayed(id))? > 0 {
        return Ok(Place::Delayed);
    }
    Err(CommitError::Superseded(id).into())
}

pub(super) fn note_failure(
    db: &Connection,
    id: DeliveryId,
    failure: &Failure,
) -> rusqlite::Result<()> {
    const NOTE: &str = "INSERT OR REPLACE INTO failure (seq, attempt, started_at, ended_at, error)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let Failure { attempt, started_at, ended_at, error } = failure;
    let (started_at, ended_at) = (micros(*started_at), micros(*ended_at));
    db.prepare_cached(NOTE)?.execute((seq(id), attempt, started_at, ended_at, error))?;
    Ok(())
}

pub(super) fn forget_failures(db: &Connection, id: DeliveryId) -> rusqlite::Result<()> {
    const FORGET: &str = "DELETE FROM failure WHERE seq = ?1";
    db.prepare_cached(FORGET)?.execute((seq(id),))?;
    Ok(())
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: delivery_at(row.get(0)?),
        attempts: row.get(1)?,
        due: instant_or_none(row, 2)?,
        event: Arc::new(event(row, 3)?),
    })
}
