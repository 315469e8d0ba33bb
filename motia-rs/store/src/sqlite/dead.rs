//! Deliveries that were given up, in the file.

use jiff::Timestamp;
use motia_core::store::{
    CommitError, DeadLetter, DeliveryId, Failure, Page, PageRequest, QueueId, Token,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    fault::Stop,
    queue::{Place, find, forget_failures, note_failure},
    row::{delayed, event, instant, micros, ready, seq},
};
use crate::rules;

// Reads.

pub(super) fn get(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<DeadLetter>> {
    const GET: &str =
        "SELECT dead_letter.seq, dead_letter.queue, queue.step, attempts, reason, died_at,
            emitted_at, event, trace, topic, payload
        FROM dead_letter JOIN queue ON queue.id = dead_letter.queue
        WHERE dead_letter.seq = ?1 AND dead_letter.queue = ?2";
    let at_once = db.unchecked_transaction()?;
    let found = at_once.prepare_cached(GET)?.query_row((seq(id), id.queue.0), letter).optional()?;
    found.map(|letter| with_failures(&at_once, letter)).transpose()
}

pub(super) fn page(
    db: &Connection,
    queue: Option<&str>,
    request: &PageRequest,
) -> rusqlite::Result<Page<DeadLetter>> {
    const OF_ALL: &str =
        "SELECT dead_letter.seq, dead_letter.queue, queue.step, attempts, reason, died_at,
            emitted_at, event, trace, topic, payload
        FROM dead_letter JOIN queue ON queue.id = dead_letter.queue
        WHERE dead_letter.seq > ?1 ORDER BY dead_letter.seq LIMIT ?2";
    const OF_ONE: &str = "SELECT dead_letter.seq, dead_letter.queue, ?3, attempts, reason, died_at,
            emitted_at, event, trace, topic, payload
        FROM dead_letter
        WHERE queue = (SELECT id FROM queue WHERE step = ?3) AND dead_letter.seq > ?1
        ORDER BY dead_letter.seq LIMIT ?2";
    let at_once = db.unchecked_transaction()?;
    let (after, limit) = (rules::after_seq(request).min(i64::MAX as u64), rules::fetch(request));

    let letters: Vec<DeadLetter> = match queue {
        None => at_once
            .prepare_cached(OF_ALL)?
            .query_map((after, limit), letter)?
            .collect::<Result<_, _>>()?,
        Some(step) => at_once
            .prepare_cached(OF_ONE)?
            .query_map((after, limit, step), letter)?
            .collect::<Result<_, _>>()?,
    };
    let letters = letters.into_iter().map(|letter| with_failures(&at_once, letter));
    let letters = letters.collect::<Result<_, _>>()?;
    Ok(rules::page(request, letters, |letter: &DeadLetter| letter.id.seq.to_string()))
}

// Writes.

pub(super) fn bury(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    (reason, at): (&str, Timestamp),
    failure: Option<&Failure>,
) -> Result<Place, Stop> {
    const BURY: &str = "INSERT INTO dead_letter
        SELECT ?3, ?4, ?2 + 1, max(attempts, ?5), emitted_at, event, trace, topic, payload, ?6, ?7
        FROM delivery WHERE id = ?1 AND token <= ?2";
    const REMOVE: &str = "DELETE FROM delivery WHERE id = ?1";
    let mut statement = db.prepare_cached(BURY)?;
    let attempts = failure.map_or(0, |failure| failure.attempt);
    let (token, at) = (token.0.cast_signed(), micros(at));
    let place = find(id, |place| {
        statement.execute((place, token, seq(id), id.queue.0, attempts, reason, at))
    })?;

    let from = if place == Place::Ready { ready(id) } else { delayed(id) };
    db.prepare_cached(REMOVE)?.execute((from,))?;
    if let Some(failure) = failure {
        note_failure(db, id, failure)?;
    }
    Ok(place)
}

/// Puts a dead letter back into its queue.
pub(super) fn redrive(db: &Connection, id: DeliveryId, due: Timestamp) -> Result<(), Stop> {
    const REDRIVE: &str =
        "INSERT INTO delivery (id, token, attempts, due_at, emitted_at, event, trace, topic, payload)
        SELECT ?3, token, 0, ?4, emitted_at, event, trace, topic, payload
        FROM dead_letter WHERE seq = ?1 AND queue = ?2";
    let back = (seq(id), id.queue.0, delayed(id), micros(due));
    if db.prepare_cached(REDRIVE)?.execute(back)? == 0 {
        return Err(CommitError::NoSuchDeadLetter(id).into());
    }
    purge(db, id)
}

/// Removes a dead letter for good.
pub(super) fn purge(db: &Connection, id: DeliveryId) -> Result<(), Stop> {
    const PURGE: &str = "DELETE FROM dead_letter WHERE seq = ?1 AND queue = ?2";
    if db.prepare_cached(PURGE)?.execute((seq(id), id.queue.0))? == 0 {
        return Err(CommitError::NoSuchDeadLetter(id).into());
    }
    Ok(forget_failures(db, id)?)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: DeliveryId { seq: row.get(0)?, queue: QueueId(row.get(1)?) },
        queue: row.get(2)?,
        attempts: row.get(3)?,
        reason: row.get(4)?,
        died_at: instant(row, 5)?,
        event: event(row, 6)?,
        failures: Vec::new(),
    })
}

fn with_failures(db: &Connection, letter: DeadLetter) -> rusqlite::Result<DeadLetter> {
    const FAILURES: &str =
        "SELECT attempt, started_at, ended_at, error FROM failure WHERE seq = ?1 ORDER BY attempt";
    let failure = |row: &Row<'_>| {
        Ok(Failure {
            attempt: row.get(0)?,
            started_at: instant(row, 1)?,
            ended_at: instant(row, 2)?,
            error: row.get(3)?,
        })
    };
    let mut statement = db.prepare_cached(FAILURES)?;
    let failures = statement.query_map((letter.id.seq,), failure)?.collect::<Result<_, _>>()?;
    Ok(DeadLetter { failures, ..letter })
}
