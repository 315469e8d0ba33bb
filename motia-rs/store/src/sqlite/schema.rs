//! The tables of the store file, and how a file of an earlier version is brought up to date.

use std::path::Path;

use motia_core::store::StoreError;
use rusqlite::{Connection, DEFAULT_NAME, TransactionBehavior};

use super::fault;

/// Marks a file as ours: `moti` in ASCII. See <https://www.sqlite.org/fileformat.html#application_id>.
const APPLICATION: i32 = 0x6d6f_7469;

/// What makes each version out of the one before; the first out of an empty file. Steps that were
/// released are never changed, only followed by new ones.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Brings a file to the version of this program, or refuses it.
pub(super) fn prepare(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let version = recognise(db, path)?;
    migrate(db, version).map_err(|error| fault::told(&error))
}

/// The version of a file of ours; 0 for an empty one.
fn recognise(db: &Connection, path: &Path) -> Result<usize, StoreError> {
    let read = |pragma| db.pragma_query_value(DEFAULT_NAME, pragma, |row| row.get::<_, i32>(0));
    let tables =
        || db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, u32>(0));

    let (application, version, tables) = read("application_id")
        .and_then(|application| Ok((application, read("user_version")?, tables()?)))
        .map_err(|error| fault::told(&error))?;

    let path = path.display();
    match usize::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Ok(0),
        _ if application != APPLICATION => Err(StoreError::Incompatible(format!(
            "{path} is a database of another program: choose another data folder, or move it away"
        ))),
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(StoreError::Incompatible(format!(
            "{path} was written by a newer version of motia-rs (schema {version}, this program knows \
             {}): update the program, or put back a copy from before",
            MIGRATIONS.len()
        ))),
    }
}

fn migrate(db: &mut Connection, version: usize) -> rusqlite::Result<()> {
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    let all_or_nothing = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in &MIGRATIONS[version..] {
        all_or_nothing.execute_batch(migration)?;
    }
    all_or_nothing.pragma_update(DEFAULT_NAME, "application_id", APPLICATION)?;
    all_or_nothing.pragma_update(DEFAULT_NAME, "user_version", MIGRATIONS.len() as i64)?;
    all_or_nothing.commit()
}
