//! Groups of entries, in the file.

use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    store::{CommitError, Entry, Outcome, Page, PageRequest, Require},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use super::{
    fault::Stop,
    row::{instant_or_none, json, micros},
};
use crate::rules;

// Reads.

pub(super) fn get(
    db: &Connection,
    group: &str,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<Entry>> {
    const GET: &str = "SELECT value, version, expires_at FROM state
        WHERE \"group\" = ?1 AND key = ?2 AND (expires_at IS NULL OR expires_at > ?3)";
    db.prepare_cached(GET)?.query_row((group, key, micros(now)), |row| entry(row, 0)).optional()
}

pub(super) fn page(
    db: &Connection,
    group: &str,
    request: &PageRequest,
    now: Timestamp,
) -> rusqlite::Result<Page<(String, Entry)>> {
    const FIRST: &str = "SELECT key, value, version, expires_at FROM state
        WHERE \"group\" = ?1 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key LIMIT ?3";
    const AFTER: &str = "SELECT key, value, version, expires_at FROM state
        WHERE \"group\" = ?1 AND key > ?4 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key LIMIT ?3";
    let (now, limit) = (micros(now), rules::fetch(request));
    let keyed = |row: &Row<'_>| Ok((row.get(0)?, entry(row, 1)?));

    let items = match &request.after {
        None => all(db.prepare_cached(FIRST)?, (group, now, limit), keyed)?,
        Some(after) => all(db.prepare_cached(AFTER)?, (group, now, limit, after), keyed)?,
    };
    Ok(rules::page(request, items, |(key, _)| key.clone()))
}

pub(super) fn groups(
    db: &Connection,
    request: &PageRequest,
) -> rusqlite::Result<Page<(String, u64)>> {
    const FIRST: &str =
        "SELECT \"group\", count(*) FROM state GROUP BY \"group\" ORDER BY \"group\" LIMIT ?1";
    const AFTER: &str = "SELECT \"group\", count(*) FROM state WHERE \"group\" > ?2
        GROUP BY \"group\" ORDER BY \"group\" LIMIT ?1";
    let limit = rules::fetch(request);
    let counted = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));

    let items = match &request.after {
        None => all(db.prepare_cached(FIRST)?, (limit,), counted)?,
        Some(after) => all(db.prepare_cached(AFTER)?, (limit, after), counted)?,
    };
    Ok(rules::page(request, items, |(group, _): &(String, u64)| group.clone()))
}

// Writes.

pub(super) fn require(db: &Connection, require: &Require) -> Result<(), Stop> {
    let Require::Version { group, key, version, now } = require else { return Ok(()) };
    if get(db, group, key, *now)?.map(|entry| entry.version) == *version {
        return Ok(());
    }
    Err(CommitError::Conflict { group: group.to_string(), key: key.clone() }.into())
}

pub(super) fn set(db: &Connection, group: &str, key: &str, entry: &Entry) -> rusqlite::Result<()> {
    const SET: &str = "INSERT INTO state (\"group\", key, value, version, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET
            value = excluded.value, version = excluded.version, expires_at = excluded.expires_at";
    let Entry { value, version, expires_at } = entry;
    db.prepare_cached(SET)?.execute((
        group,
        key,
        value.as_str(),
        version.cast_signed(),
        expires_at.map(micros),
    ))?;
    Ok(())
}

pub(super) fn delete(
    db: &Connection,
    group: &str,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Outcome> {
    const DELETE: &str = "DELETE FROM state WHERE \"group\" = ?1 AND key = ?2";
    let was = get(db, group, key, now)?;
    db.prepare_cached(DELETE)?.execute((group, key))?;
    Ok(Outcome::Removed(was.map(|entry| entry.value)))
}

pub(super) fn increment(
    db: &Connection,
    (group, key): (&str, &str),
    (by, now): (i64, Timestamp),
    version: u64,
) -> Result<Outcome, Stop> {
    let kept = get(db, group, key, now)?;
    let kept = kept.as_ref();
    let Some(sum) = rules::counted(kept.map(|entry| entry.value.as_str()), by) else {
        return Err(CommitError::NotACounter { group: group.into(), key: key.into() }.into());
    };
    let expires_at = kept.and_then(|entry| entry.expires_at);

    let value = JsonText::from_trusted(sum.to_string());
    set(db, group, key, &Entry { value, version, expires_at })?;
    Ok(Outcome::Counted(sum))
}

pub(super) fn clear(db: &Connection, group: &str) -> rusqlite::Result<Outcome> {
    const CLEAR: &str = "DELETE FROM state WHERE \"group\" = ?1";
    let cleared = db.prepare_cached(CLEAR)?.execute((group,))?;
    Ok(Outcome::Cleared(cleared as u64))
}

pub(super) fn expire(db: &Connection, now: Timestamp, limit: usize) -> rusqlite::Result<Outcome> {
    const EXPIRE: &str = "DELETE FROM state WHERE (\"group\", key) IN (
        SELECT \"group\", key FROM state WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let cleared = db.prepare_cached(EXPIRE)?.execute((micros(now), limit))?;
    Ok(Outcome::Cleared(cleared as u64))
}

/// The entry in the three columns `value, version, expires_at` from `first` on.
fn entry(row: &Row<'_>, first: usize) -> rusqlite::Result<Entry> {
    Ok(Entry {
        value: json(row, first)?,
        version: row.get(first + 1)?,
        expires_at: instant_or_none(row, first + 2)?,
    })
}

fn all<T>(
    mut statement: CachedStatement<'_>,
    params: impl rusqlite::Params,
    item: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    statement.query_map(params, item)?.collect()
}
