//! Deliveries that were neither handled nor given up, in the file.

use jiff::Timestamp;
use motia_core::store::{
    DeliveryId, Ended, EndedFilter, Ending, Outcome, Page, PageRequest, QueueId,
};
use rusqlite::{Connection, Error, Row, params_from_iter, types::Type};

use super::{
    conditions::Conditions,
    place::{ForEach, Place, content, for_each},
    queue::{forget_failures, remove},
    row::{event, instant, lane, micros, micros_from, seq},
    sum,
};
use crate::rules;

/// The columns of an ended delivery, as [`ended`] reads them.
macro_rules! ended_columns {
    () => {
        concat!(
            "seq, queue, (SELECT step FROM queue WHERE id = ended.queue), attempts, ending, ended_at,
                note, ",
            content!(special),
            ", sum"
        )
    };
}

// Reads.

pub(super) fn page(
    db: &Connection,
    filter: &EndedFilter,
    request: &PageRequest,
) -> rusqlite::Result<Page<Ended>> {
    let (at, seq) = rules::before_end(request);
    let behind = [micros(at).into(), seq.min(i64::MAX as u64).cast_signed().into()];
    let meant = Conditions::new("(ended_at, seq) < (?, ?)", behind).and_ended(filter);
    let sql = format!(
        concat!(
            "SELECT ",
            ended_columns!(),
            " FROM ended WHERE {} ORDER BY ended_at DESC, seq DESC LIMIT {}"
        ),
        meant.sql,
        rules::fetch(request)
    );
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(&meant.params), ended)?;
    Ok(rules::page(request, found.collect::<Result<_, _>>()?, rules::end_cursor))
}

/// Reads every row, for its sum.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    const ALL: &str = concat!("SELECT ", ended_columns!(), " FROM ended");
    db.prepare(ALL)?.query_map((), ended)?.try_for_each(|read| read.map(drop))
}

// Writes.

/// Ends a delivery and says where it lay, if there was one.
pub(super) fn end(
    db: &Connection,
    id: DeliveryId,
    ending: Ending,
    (at, note): (Timestamp, &str),
) -> rusqlite::Result<Option<Place>> {
    macro_rules! note {
        ($table:ident) => {
            concat!(
                "INSERT INTO ended (seq, queue, attempts, ending, ended_at, note, ",
                content!(special),
                ", sum) SELECT ?2, ?3, attempts, ?4, ?5, ?6, ",
                content!($table),
                ", sum | ((?7 + attempts) << 32) FROM ",
                stringify!($table),
                " WHERE id = ?1"
            )
        };
    }
    const NOTE: ForEach = for_each!(note);
    let added = sum::end(ending, at, note);
    for place in Place::ALL {
        let noted = (place.row(id), seq(id), id.queue.0, name(ending), micros(at), note, added);
        if db.prepare_cached(place.table.of(NOTE))?.execute(noted)? > 0 {
            remove(db, place, id)?;
            forget_failures(db, id)?;
            return Ok(Some(place));
        }
    }
    Ok(None)
}

pub(super) fn prune(
    db: &Connection,
    before: Timestamp,
    keep: u64,
    limit: usize,
) -> rusqlite::Result<Outcome> {
    const COUNT: &str =
        "SELECT count(*), (SELECT count(*) FROM ended WHERE ended_at < ?1) FROM ended";
    const PRUNE: &str = "DELETE FROM ended
        WHERE seq IN (SELECT seq FROM ended ORDER BY ended_at, seq LIMIT ?1)";
    let counted = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (all, early) = db.prepare_cached(COUNT)?.query_row((micros_from(before),), counted)?;
    let pruned = rules::pruned(all, early, keep, limit);
    if pruned > 0 {
        db.prepare_cached(PRUNE)?.execute((pruned,))?;
    }
    Ok(Outcome::Cleared(pruned))
}

/// How an ending is written.
pub(super) fn name(ending: Ending) -> &'static str {
    match ending {
        Ending::Expired => "expired",
        Ending::Superseded => "superseded",
        _ => "cancelled",
    }
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    let ended = Ended {
        id: DeliveryId { seq: row.get(0)?, queue: QueueId(row.get(1)?) },
        queue: row.get(2)?,
        attempts: row.get(3)?,
        ending: ending(row, 4)?,
        at: instant(row, 5)?,
        note: row.get(6)?,
        event: event(row, 9)?,
    };
    let content = sum::content(ended.id, &ended.event, lane(row, 7)?.as_ref());
    let added = sum::end(ended.ending, ended.at, &ended.note);
    let sum = sum::whole(content, added, ended.attempts);
    sum::check(row.get(17)?, sum, "ended", || format!("seq = {}", ended.id.seq))?;
    Ok(ended)
}

fn ending(row: &Row<'_>, column: usize) -> rusqlite::Result<Ending> {
    let written: String = row.get(column)?;
    let all = [Ending::Cancelled, Ending::Expired, Ending::Superseded];
    let found = all.into_iter().find(|ending| name(*ending) == written);
    found.ok_or(Error::InvalidColumnType(column, written, Type::Text))
}
