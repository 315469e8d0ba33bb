//! Groups of entries, in the file.

use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    store::{CommitError, Entry, Outcome, Page, PageRequest, Require, Slice, Sliced, Snapshot},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use super::{
    fault::Stop,
    numbers,
    row::{instant_or_none, json, micros},
    sum,
};
use crate::rules;

// Reads.

pub(super) fn get(
    db: &Connection,
    group: &str,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<Entry>> {
    // Not in the statement: a flipped time must not hide an entry from its sum.
    let lasts = |at: Timestamp| micros(at) > micros(now);
    Ok(raw(db, group, key)?.filter(|entry| entry.expires_at.is_none_or(lasts)))
}

/// The entry, its time run out or not.
pub(super) fn raw(db: &Connection, group: &str, key: &str) -> rusqlite::Result<Option<Entry>> {
    const GET: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 AND key = ?2";
    let keyed = |row: &Row<'_>| entry(group, row);
    let found = db.prepare_cached(GET)?.query_row((group, key), keyed).optional()?;
    Ok(found.map(|(_, entry)| entry))
}

/// All entries of a group, or that of `key`, their time run out or not; one more than the limit tells that
/// there are more.
pub(super) fn all_of(
    db: &Connection,
    group: &str,
    key: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Entry)>> {
    const ALL: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 ORDER BY key LIMIT ?2";
    if let Some(key) = key {
        let one = raw(db, group, key)?;
        return Ok(one.into_iter().map(|entry| (key.to_owned(), entry)).collect());
    }
    let limit = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    all(db.prepare_cached(ALL)?, (group, limit), |row| entry(group, row))
}

pub(super) fn snapshot(
    db: &Connection,
    group: &str,
    key: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Snapshot> {
    // Both see the file at the same instant.
    let seen = db.unchecked_transaction()?;
    let items = all_of(&seen, group, key, limit)?;
    Ok(rules::snapshot(items, limit, numbers::changed(&seen)?))
}

pub(super) fn page(
    db: &Connection,
    group: &str,
    request: &PageRequest,
    now: Timestamp,
) -> rusqlite::Result<Page<(String, Entry)>> {
    const FIRST: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key LIMIT ?3";
    const AFTER: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 AND key > ?4 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key LIMIT ?3";
    let (now, limit) = (micros(now), rules::fetch(request));
    let keyed = |row: &Row<'_>| entry(group, row);

    let items = match &request.after {
        None => all(db.prepare_cached(FIRST)?, (group, now, limit), keyed)?,
        Some(after) => all(db.prepare_cached(AFTER)?, (group, now, limit, after), keyed)?,
    };
    Ok(rules::page(request, items, |(key, _)| key.clone()))
}

pub(super) fn slice(
    db: &Connection,
    group: &str,
    slice: Slice,
    now: Timestamp,
) -> rusqlite::Result<Sliced<(String, Entry)>> {
    const FORWARDS: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key LIMIT ?3 OFFSET ?4";
    const BACKWARDS: &str = "SELECT key, value, version, expires_at, sum FROM state
        WHERE \"group\" = ?1 AND (expires_at IS NULL OR expires_at > ?2)
        ORDER BY key DESC LIMIT ?3 OFFSET ?4";
    const TOTAL: &str = "SELECT count(*) FROM state
        WHERE \"group\" = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let Slice { backwards, skip, limit } = slice;
    let now = micros(now);
    let limit = i64::try_from(rules::at_most(limit)).unwrap_or(i64::MAX);
    let skip = i64::try_from(skip).unwrap_or(i64::MAX);
    let keyed = |row: &Row<'_>| entry(group, row);

    // Both see the file at the same instant.
    let seen = db.unchecked_transaction()?;
    let part = seen.prepare_cached(if backwards { BACKWARDS } else { FORWARDS })?;
    let items = all(part, (group, now, limit, skip), keyed)?;
    let total = seen.prepare_cached(TOTAL)?.query_row((group, now), |row| row.get(0))?;
    Ok(Sliced { items, total })
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

/// Reads every row, for its sum.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    const ALL: &str = "SELECT key, value, version, expires_at, sum, \"group\" FROM state";
    let read = |row: &Row<'_>| entry(row.get_ref(5)?.as_str()?, row);
    db.prepare(ALL)?.query_map((), read)?.try_for_each(|read| read.map(drop))
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
    const SET: &str = "INSERT INTO state (\"group\", key, value, version, expires_at, sum)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET
            value = excluded.value, version = excluded.version, expires_at = excluded.expires_at,
            sum = excluded.sum";
    let sum = sum::entry(group, key, entry);
    let Entry { value, version, expires_at } = entry;
    db.prepare_cached(SET)?.execute((
        group,
        key,
        value.as_str(),
        version.cast_signed(),
        expires_at.map(micros),
        sum,
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

/// Gives what went: group, key and value.
pub(super) fn expire(
    db: &Connection,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<(String, String, JsonText)>> {
    const EXPIRE: &str = "DELETE FROM state WHERE (\"group\", key) IN (
        SELECT \"group\", key FROM state WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
        AND expires_at <= ?1 RETURNING \"group\", key, value, expires_at, version";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let gone = |row: &Row<'_>| {
        let end: (i64, i64) = (row.get(3)?, row.get(4)?);
        Ok((end, (row.get(0)?, row.get(1)?, json(row, 2)?)))
    };
    let mut expired = all(db.prepare_cached(EXPIRE)?, (micros(now), limit), gone)?;
    // They are told in the order in which they ended, and come in none.
    expired.sort_unstable_by_key(|(end, _)| *end);
    Ok(expired.into_iter().map(|(_, gone)| gone).collect())
}

/// The entry in the columns `key, value, version, expires_at, sum`.
fn entry(group: &str, row: &Row<'_>) -> rusqlite::Result<(String, Entry)> {
    let key: String = row.get(0)?;
    let entry =
        Entry { value: json(row, 1)?, version: row.get(2)?, expires_at: instant_or_none(row, 3)? };
    sum::check(row.get(4)?, sum::entry(group, &key, &entry), "state", || {
        let quoted = |text: &str| text.replace('\'', "''");
        format!("\"group\" = '{}' AND key = '{}'", quoted(group), quoted(&key))
    })?;
    Ok((key, entry))
}

fn all<T>(
    mut statement: CachedStatement<'_>,
    params: impl rusqlite::Params,
    item: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    statement.query_map(params, item)?.collect()
}
