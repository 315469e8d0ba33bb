//! The statements that every event passes, prepared once for good: finding one in the cache of the
//! connection would cost a tenth of what it does.

use rusqlite::{Connection, Statement};

/// Statements of the writer.
pub(super) struct Hot<'db> {
    pub(super) begin: Statement<'db>,
    pub(super) commit: Statement<'db>,
    pub(super) publish: Statement<'db>,
    pub(super) start: Statement<'db>,
    pub(super) done: Statement<'db>,
}

impl<'db> Hot<'db> {
    pub(super) fn prepare(db: &'db Connection) -> rusqlite::Result<Self> {
        const PUBLISH: &str = "INSERT INTO delivery
            (id, token, attempts, due_at, emitted_at, event, trace, topic, payload)
            VALUES (?1, 0, 0, ?2, ?3, ?4, ?5, ?6, ?7)";
        const START: &str =
            "UPDATE delivery SET attempts = ?2, token = ?3 WHERE id = ?1 AND token <= ?3";
        const DONE: &str = "DELETE FROM delivery WHERE id = ?1 AND token <= ?2";
        Ok(Self {
            begin: db.prepare("BEGIN IMMEDIATE")?,
            commit: db.prepare("COMMIT")?,
            publish: db.prepare(PUBLISH)?,
            start: db.prepare(START)?,
            done: db.prepare(DONE)?,
        })
    }
}
