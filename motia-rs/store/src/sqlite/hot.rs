//! The statements that every event passes, prepared once for good: finding one in the cache of the
//! connection would cost a tenth of what it does.

use rusqlite::{Connection, Statement};

use super::{many::Many, segments::Statements};

/// Statements of the writer, for either of the [tables](super::place).
pub(super) struct Hot<'db> {
    pub(super) begin: Statement<'db>,
    pub(super) commit: Statement<'db>,
    pub(super) many: Many<'db>,
    pub(super) segments: Statements<'db>,
    pub(super) publish_special: Statement<'db>,
    pub(super) start: Statement<'db>,
    pub(super) start_special: Statement<'db>,
    pub(super) done: Statement<'db>,
    pub(super) done_special: Statement<'db>,
}

impl<'db> Hot<'db> {
    pub(super) fn prepare(db: &'db Connection, segment_from: usize) -> rusqlite::Result<Self> {
        const PUBLISH_SPECIAL: &str = "INSERT INTO special
            (id, token, attempts, due_at, emitted_at, event, trace, topic, payload, sum,
                lane, ordered, priority, expires_at, cancel_key)
            VALUES (?1, 0, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        macro_rules! start {
            ($table:ident) => {
                concat!(
                    "UPDATE ",
                    stringify!($table),
                    " SET attempts = ?2, token = ?3 WHERE id = ?1 AND token <= ?3"
                )
            };
        }
        macro_rules! done {
            ($table:ident) => {
                concat!("DELETE FROM ", stringify!($table), " WHERE id = ?1 AND token <= ?2")
            };
        }
        Ok(Self {
            begin: db.prepare("BEGIN IMMEDIATE")?,
            commit: db.prepare("COMMIT")?,
            many: Many::prepare(db, segment_from)?,
            segments: Statements::prepare(db)?,
            publish_special: db.prepare(PUBLISH_SPECIAL)?,
            start: db.prepare(start!(delivery))?,
            start_special: db.prepare(start!(special))?,
            done: db.prepare(done!(delivery))?,
            done_special: db.prepare(done!(special))?,
        })
    }

    /// Forgets what was not written, for nothing of its transaction is kept.
    pub(super) fn forget(&mut self) {
        self.many.truncate(0);
    }
}
