//! Sequence numbers and versions: they rise, and none is given out twice.

use motia_core::store::{DeliveryId, QueueId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    row::{MAX_SEQ, delayed, ready},
    sum::{self, Damaged},
};

/// How many numbers are reserved at once. Reserving is a write of its own; what is left of a block
/// when the process dies is skipped.
const BLOCK: u64 = 1 << 16;

/// Gives out numbers, reserving them in the file by the block.
pub(super) struct Numbers {
    next: u64,
    /// Below this, numbers are reserved once the transaction at hand is kept.
    reserved: u64,
    /// Below this, they are reserved for certain.
    kept: u64,
}

/// How far numbers were reserved at some moment of a transaction.
#[derive(Clone, Copy)]
pub(super) struct Mark(u64);

impl Numbers {
    /// Goes on where the last opening ended; the highest number of a segment is known already.
    pub(super) fn load(db: &Connection, of_segments: u64) -> rusqlite::Result<Self> {
        let next = read(db, "reserved")?;
        let highest = highest(db)?.max(of_segments);
        if next <= highest {
            let why = "a number above it is in use already";
            return Err(Damaged::error("meta", "name = 'reserved'".to_owned(), why));
        }
        Ok(Self { next, reserved: next, kept: next })
    }

    /// The next number.
    pub(super) fn take(&mut self, db: &Connection) -> rusqlite::Result<u64> {
        if self.next == self.reserved {
            self.reserved += BLOCK;
            write(db, "reserved", self.reserved)?;
        }
        self.next += 1;
        Ok(self.next - 1)
    }

    /// How far numbers are reserved, to come back to when a part of the transaction is undone.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.reserved)
    }

    /// All that was written since the mark was undone, and with it what was reserved since. Those
    /// numbers are reserved again before they are used.
    pub(super) fn roll_back_to(&mut self, Mark(reserved): Mark) {
        self.next = self.next.min(reserved);
        self.reserved = reserved;
    }

    /// The transaction was kept.
    pub(super) fn keep(&mut self) {
        self.kept = self.reserved;
    }

    /// The transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        self.roll_back_to(Mark(self.kept));
    }

    /// Gives back what is left of the block, as a proper close does.
    pub(super) fn give_back(&mut self, db: &Connection) -> rusqlite::Result<()> {
        write(db, "reserved", self.next)
    }
}

/// Notes the last change of a watched group, in the transaction that made it.
pub(super) fn change(db: &Connection, seq: u64) -> rusqlite::Result<()> {
    const NOTE: &str = "INSERT INTO meta (name, value, sum) VALUES ('changed', ?1, ?2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, sum = excluded.sum";
    db.prepare_cached(NOTE)?.execute((seq, sum::name("changed", seq.cast_signed())))?;
    Ok(())
}

/// The last change of a watched group; 0 if there was none.
pub(super) fn changed(db: &Connection) -> rusqlite::Result<u64> {
    read_or(db, "changed", Some(0))
}

/// Counts this opening and says which it is.
pub(super) fn count_opening(db: &Connection) -> rusqlite::Result<u64> {
    let epoch = read(db, "epoch")? + 1;
    write(db, "epoch", epoch)?;
    Ok(epoch)
}

fn read(db: &Connection, name: &str) -> rusqlite::Result<u64> {
    read_or(db, name, None)
}

fn read_or(db: &Connection, name: &str, absent: Option<u64>) -> rusqlite::Result<u64> {
    const READ: &str = "SELECT value, sum FROM meta WHERE name = ?1";
    let row = || format!("name = '{name}'");
    let columns = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
    let Some((value, kept)) = db.query_row(READ, (name,), columns).optional()? else {
        return absent.ok_or_else(|| Damaged::error("meta", row(), "there is none"));
    };
    sum::check(kept, sum::name(name, value), "meta", row)?;
    u64::try_from(value).map_err(|_| Damaged::error("meta", row(), "its value is negative"))
}

/// The highest sequence number of all that has a row of its own.
fn highest(db: &Connection) -> rusqlite::Result<u64> {
    const ENDS: &str = "SELECT max(
        ifnull((SELECT max(seq) FROM dead_letter), 0), ifnull((SELECT max(seq) FROM ended), 0))";
    // Of an end of a range each, so that nothing between has to be read.
    const IN_RANGE: &str = "SELECT max(
        ifnull((SELECT max(id) & ?3 FROM delivery WHERE id > ?1 AND id <= ?2), 0),
        ifnull((SELECT max(id) & ?3 FROM special WHERE id > ?1 AND id <= ?2), 0))";
    let mut highest: u64 = db.query_row(ENDS, (), |row| row.get(0))?;
    let mut queues = db.prepare("SELECT id FROM queue")?;
    let mut in_range = db.prepare(IN_RANGE)?;
    for queue in queues.query_map((), |row| row.get(0).map(QueueId))? {
        let queue = queue?;
        for place in [ready, delayed] {
            let end = |seq| place(DeliveryId { queue, seq });
            let range = (end(0), end(MAX_SEQ), MAX_SEQ);
            highest = highest.max(in_range.query_row(range, |row| row.get(0))?);
        }
    }
    Ok(highest)
}

/// Reads all counters, for their sums.
pub(super) fn check_all(db: &Connection) -> rusqlite::Result<()> {
    read(db, "epoch").and(read(db, "reserved")).and(changed(db)).map(drop)
}

fn write(db: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    const WRITE: &str = "UPDATE meta SET value = ?2, sum = ?3 WHERE name = ?1";
    db.prepare_cached(WRITE)?.execute((name, value, sum::name(name, value.cast_signed())))?;
    Ok(())
}
