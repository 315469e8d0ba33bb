//! The sum of a row: what tells that a bit of it flipped, for SQLite keeps no checksum of a page.
//!
//! A sum is over what never changes once it was written, but for the bits of a segment, which are written anew
//! with theirs. That of a delivery moves with it: when it is
//! given up or ended, or put back, its lower 32 bits are copied, so that damage done before stays
//! visible. What a dead letter or an ended delivery adds is summed in the upper 32 bits, its attempts
//! as a summand, since only the statement knows them.
//!
//! The sum is a CRC-32C, which processors compute: <https://www.rfc-editor.org/rfc/rfc3720#section-12.1>.
//! It finds every flip of one bit. A sum that is `NULL` is not checked.

use std::fmt;

use crc32c::crc32c_append;
use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{DeliveryId, Ending, Entry, Failure, Lane, Token},
};
use rusqlite::{Connection, Error, types::Type};

use super::{
    counts, dead, ended, numbers, queue, row,
    row::{micros, ready},
    state, walk,
};

/// A row that is not as it was written.
#[derive(Debug)]
pub(super) struct Damaged {
    table: &'static str,
    /// The condition that finds it.
    row: String,
    why: &'static str,
}

impl Damaged {
    pub(super) fn error(table: &'static str, row: String, why: &'static str) -> Error {
        Error::FromSqlConversionFailure(0, Type::Null, Box::new(Self { table, row, why }))
    }
}

impl std::error::Error for Damaged {}

impl fmt::Display for Damaged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, row, why } = self;
        write!(
            out,
            "the store file is damaged: in the table `{table}`, the row with {row} is not as it was \
             written ({why}); put back a copy of the file, or mend the row while no program has the \
             file open: "
        )?;
        match *table {
            "segment_attempt" => write!(out, "DELETE FROM {table} WHERE {row}"),
            "segment_waiting" => write!(
                out,
                "REPLACE INTO {table} (id, bits) VALUES (…, '1…'), with a 1 at the offset of each delivery \
                 that may still wait, or DELETE both its rows"
            ),
            _ => write!(out, "UPDATE {table} SET …, sum = NULL WHERE {row}, or DELETE it"),
        }
    }
}

/// Refuses a row whose sum does not fit.
pub(super) fn check(
    kept: Option<i64>,
    sum: i64,
    table: &'static str,
    row: impl FnOnce() -> String,
) -> rusqlite::Result<()> {
    match kept {
        Some(kept) if kept != sum => Err(Damaged::error(table, row(), "its sum does not fit")),
        _ => Ok(()),
    }
}

/// Reads every row that has a sum.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    let at_once = db.unchecked_transaction()?;
    numbers::check_all(&at_once)?;
    counts::check_queues(&at_once)?;
    queue::check_all(&at_once)?;
    walk::check_all(&at_once)?;
    dead::check_all(&at_once)?;
    ended::check_all(&at_once)?;
    state::check_all(&at_once)
}

/// Of what is delivered, and to whom: the same in whichever table it lies.
pub(super) fn content(id: DeliveryId, event: &Event, lane: Option<&Lane>) -> u32 {
    let Event { topic, payload, priority, expires_at, cancel_key, .. } = event;
    // In one piece, for most of the cost is in beginning one.
    let mut head = [0; 73];
    head[..8].copy_from_slice(&ready(id).to_le_bytes());
    head[8..16].copy_from_slice(&micros(event.emitted_at).to_le_bytes());
    head[16..32].copy_from_slice(&event.id.to_bytes());
    head[32..57].copy_from_slice(&row::trace(event.trace));
    head[57..65].copy_from_slice(&(topic.len() as u64).to_le_bytes());
    head[65..].copy_from_slice(&(payload.as_str().len() as u64).to_le_bytes());
    let sum = Sum(0).bytes(&head).bytes(topic.as_bytes()).bytes(payload.as_str().as_bytes());

    let plain =
        lane.is_none() && priority.is_normal() && expires_at.is_none() && cancel_key.is_none();
    if plain {
        return sum.0;
    }
    sum.text_or_none(lane.map(|lane| &*lane.key))
        .number(lane.is_some_and(|lane| lane.ordered).into())
        .number(priority.level().into())
        .number_or_none(expires_at.map(micros))
        .text_or_none(cancel_key.as_deref())
        .0
}

/// Of many deliveries in one row: of its texts and blobs.
pub(super) fn segment(id: i64, texts: [&str; 4], blobs: [&[u8]; 2]) -> i64 {
    let sum = texts.into_iter().fold(Sum(0).number(id), Sum::text);
    blobs.into_iter().fold(sum, |sum, blob| sum.number(blob.len() as i64).bytes(blob)).0.into()
}

/// Of what a dead letter adds, but for its attempts.
pub(super) fn death(token: Token, reason: &str, died_at: Timestamp) -> u32 {
    Sum(0).number(token.0.cast_signed()).text(reason).number(micros(died_at)).0
}

/// Of what an ended delivery adds, but for its attempts.
pub(super) fn end(ending: Ending, ended_at: Timestamp, note: &str) -> u32 {
    Sum(0).text(ended::name(ending)).number(micros(ended_at)).text(note).0
}

/// The whole of a dead letter or an ended delivery, as their statements compute it too:
/// `sum | ((added + attempts) << 32)`.
pub(super) fn whole(content: u32, added: u32, attempts: u32) -> i64 {
    i64::from(content) | i64::from(added.wrapping_add(attempts)) << 32
}

pub(super) fn failure(id: u64, failure: &Failure) -> i64 {
    let Failure { attempt, started_at, ended_at, error, class } = failure;
    Sum(0)
        .number(id.cast_signed())
        .number((*attempt).into())
        .number(micros(*started_at))
        .number(micros(*ended_at))
        .text(error)
        .text_or_none(class.as_deref())
        .0
        .into()
}

pub(super) fn entry(group: &str, key: &str, entry: &Entry) -> i64 {
    let Entry { value, version, expires_at } = entry;
    Sum(0)
        .text(group)
        .text(key)
        .number(version.cast_signed())
        .number_or_none(expires_at.map(micros))
        .text(value.as_str())
        .0
        .into()
}

/// Of what of a segment waits.
pub(super) fn bits(id: i64, text: &str) -> i64 {
    name(text, id)
}

/// Of a name that stands for a number: a queue or a counter.
pub(super) fn name(name: &str, number: i64) -> i64 {
    Sum(0).number(number).text(name).0.into()
}

/// A sum so far. A text is summed with its length, so that none can lend bytes to the next.
struct Sum(u32);

impl Sum {
    fn bytes(self, bytes: &[u8]) -> Self {
        Self(crc32c_append(self.0, bytes))
    }

    fn number(self, number: i64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn number_or_none(self, number: Option<i64>) -> Self {
        self.number(number.is_some().into()).number(number.unwrap_or_default())
    }

    fn text(self, text: &str) -> Self {
        self.number(text.len() as i64).bytes(text.as_bytes())
    }

    fn text_or_none(self, text: Option<&str>) -> Self {
        self.number(text.is_some().into()).text(text.unwrap_or_default())
    }
}
