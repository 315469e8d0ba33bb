//! Deliveries that were given up, in the file.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::store::{
    CommitError, DeadFilter, DeadLetter, DeliveryId, Failure, Page, PageRequest, QueueId, Token,
};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

use super::{
    conditions::Conditions,
    fault::Stop,
    place::{ForEach, Place, content, find, for_each},
    queue::{forget_failures, note_failure, remove},
    row::{delayed, due_micros, event, instant, lane, micros, ready, seq},
    sum,
};
use crate::rules::{self, Until};

/// The columns of a dead letter, as [`letter`] reads them.
macro_rules! letter_columns {
    () => {
        concat!(
            "seq, queue, (SELECT step FROM queue WHERE id = dead_letter.queue), attempts, reason,
                died_at, ",
            content!(special),
            ", sum, token"
        )
    };
}

/// The columns of a failure, as [`failure`] reads them.
macro_rules! failure_columns {
    () => {
        "attempt, started_at, ended_at, error, class, seq, sum"
    };
}

// Reads.

pub(super) fn get(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<DeadLetter>> {
    const GET: &str =
        concat!("SELECT ", letter_columns!(), " FROM dead_letter WHERE seq = ?1 AND queue = ?2");
    let at_once = db.unchecked_transaction()?;
    let found = at_once.prepare_cached(GET)?.query_row((seq(id), id.queue.0), letter).optional()?;
    found.map(|letter| with_failures(&at_once, letter)).transpose()
}

pub(super) fn page(
    db: &Connection,
    filter: &DeadFilter,
    request: &PageRequest,
) -> rusqlite::Result<Page<DeadLetter>> {
    let meant = meant(filter, rules::after_seq(request));
    let sql = format!(
        concat!("SELECT ", letter_columns!(), " FROM dead_letter WHERE {} ORDER BY seq LIMIT {}"),
        meant.sql,
        rules::fetch(request)
    );
    let at_once = db.unchecked_transaction()?;
    let mut statement = at_once.prepare_cached(&sql)?;
    let letters = statement.query_map(params_from_iter(&meant.params), letter)?;
    let letters = letters.map(|letter| with_failures(&at_once, letter?));
    let letters = letters.collect::<Result<_, _>>()?;
    Ok(rules::page(request, letters, |letter: &DeadLetter| letter.id.seq.to_string()))
}

pub(super) fn count(db: &Connection, filter: &DeadFilter) -> rusqlite::Result<u64> {
    let meant = meant(filter, 0);
    let sql = format!("SELECT count(*) FROM dead_letter WHERE {}", meant.sql);
    db.prepare_cached(&sql)?.query_row(params_from_iter(&meant.params), |row| row.get(0))
}

/// What is listed and counted.
fn meant(filter: &DeadFilter, after: u64) -> Conditions {
    let after = after.min(i64::MAX as u64).cast_signed();
    Conditions::new("seq > ?", [Value::from(after)]).and_dead(filter)
}

/// Reads every row, for its sum.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    const LETTERS: &str = concat!("SELECT ", letter_columns!(), " FROM dead_letter");
    const FAILURES: &str = concat!("SELECT ", failure_columns!(), " FROM failure");
    db.prepare(LETTERS)?.query_map((), letter)?.try_for_each(|read| read.map(drop))?;
    db.prepare(FAILURES)?.query_map((), failure)?.try_for_each(|read| read.map(drop))
}

// Writes.

pub(super) fn bury(
    db: &Connection,
    id: DeliveryId,
    token: Token,
    (reason, at): (&str, Timestamp),
    failure: Option<&Failure>,
) -> Result<Place, Stop> {
    macro_rules! bury {
        ($table:ident) => {
            concat!(
                "INSERT INTO dead_letter (seq, queue, token, attempts, reason, died_at, ",
                content!(special),
                ", sum) SELECT ?3, ?4, ?2 + 1, max(attempts, ?5), ?6, ?7, ",
                content!($table),
                ", sum | ((?8 + max(attempts, ?5)) << 32) FROM ",
                stringify!($table),
                " WHERE id = ?1 AND token <= ?2"
            )
        };
    }
    const BURY: ForEach = for_each!(bury);
    let attempts = failure.map_or(0, |failure| failure.attempt);
    let added = sum::death(Token(token.0 + 1), reason, at);
    let (token, at) = (token.0.cast_signed(), micros(at));
    let (place, ()) = find(id, |table, row| {
        let buried = (row, token, seq(id), id.queue.0, attempts, reason, at, added);
        let count = db.prepare_cached(table.of(BURY))?.execute(buried)?;
        Ok((count > 0).then_some(()))
    })?;

    remove(db, place, id)?;
    if let Some(failure) = failure {
        note_failure(db, id, failure)?;
    }
    Ok(place)
}

/// Puts a dead letter back into its queue, and gives the key of its lane if that is ordered.
pub(super) fn redrive(
    db: &Connection,
    id: DeliveryId,
    until: Until,
) -> Result<Option<Arc<str>>, Stop> {
    const SPECIAL: &str = concat!(
        "INSERT INTO special (id, token, attempts, due_at, ",
        content!(special),
        ", sum) SELECT iif(ordered, ?5, ?3), token, 0, iif(ordered, ?6, ?4), ",
        content!(special),
        ", sum & 4294967295 FROM dead_letter WHERE seq = ?1 AND queue = ?2
            AND coalesce(lane, priority, expires_at, cancel_key) IS NOT NULL
        RETURNING iif(ordered, lane, NULL)"
    );
    const PLAIN: &str =
        "INSERT INTO delivery (id, token, attempts, due_at, emitted_at, event, trace, topic, payload, sum)
        SELECT ?3, token, 0, ?4, emitted_at, event, trace, topic, payload, sum & 4294967295
        FROM dead_letter WHERE seq = ?1 AND queue = ?2";
    let (seq, queue, delayed, due) = (seq(id), id.queue.0, delayed(id), due_micros(until.due()));
    let due_in_place = until.due_in_place().map(due_micros);
    let special = (seq, queue, delayed, due, ready(id), due_in_place);
    let special = db.prepare_cached(SPECIAL)?.query_row(special, |row| row.get(0)).optional()?;
    if special.is_none() && db.prepare_cached(PLAIN)?.execute((seq, queue, delayed, due))? == 0 {
        return Err(CommitError::NoSuchDeadLetter(id).into());
    }
    purge(db, id)?;
    Ok(special.flatten())
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
    let letter = DeadLetter {
        id: DeliveryId { seq: row.get(0)?, queue: QueueId(row.get(1)?) },
        queue: row.get(2)?,
        attempts: row.get(3)?,
        reason: row.get(4)?,
        died_at: instant(row, 5)?,
        key: row.get(6)?,
        event: event(row, 8)?,
        failures: Vec::new(),
    };
    let content = sum::content(letter.id, &letter.event, lane(row, 6)?.as_ref());
    let added = sum::death(Token(row.get(17)?), &letter.reason, letter.died_at);
    let sum = sum::whole(content, added, letter.attempts);
    sum::check(row.get(16)?, sum, "dead_letter", || format!("seq = {}", letter.id.seq))?;
    Ok(letter)
}

fn with_failures(db: &Connection, letter: DeadLetter) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter { failures: failures(db, letter.id)?, ..letter })
}

/// Of what waits and of what is dead.
pub(super) fn failures(db: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<Failure>> {
    const FAILURES: &str =
        concat!("SELECT ", failure_columns!(), " FROM failure WHERE seq = ?1 ORDER BY attempt");
    db.prepare_cached(FAILURES)?.query_map((seq(id),), failure)?.collect()
}

fn failure(row: &Row<'_>) -> rusqlite::Result<Failure> {
    let failure = Failure {
        attempt: row.get(0)?,
        started_at: instant(row, 1)?,
        ended_at: instant(row, 2)?,
        error: row.get(3)?,
        class: row.get(4)?,
    };
    let seq = row.get(5)?;
    sum::check(row.get(6)?, sum::failure(seq, &failure), "failure", || {
        format!("seq = {seq} AND attempt = {}", failure.attempt)
    })?;
    Ok(failure)
}
