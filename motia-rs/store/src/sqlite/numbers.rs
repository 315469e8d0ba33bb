//! Sequence numbers and versions: they rise, and none is given out twice.

use rusqlite::Connection;

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
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let next = read(db, "reserved")?;
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

/// Counts this opening and says which it is.
pub(super) fn count_opening(db: &Connection) -> rusqlite::Result<u64> {
    let epoch = read(db, "epoch")? + 1;
    write(db, "epoch", epoch)?;
    Ok(epoch)
}

fn read(db: &Connection, name: &str) -> rusqlite::Result<u64> {
    db.query_row("SELECT value FROM meta WHERE name = ?1", (name,), |row| row.get(0))
}

fn write(db: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?.execute((name, value))?;
    Ok(())
}
