//! The store file: where it lies and how it is opened.
//!
//! # What notices damage
//! - The log carries checksums, and [`log`](super::log) sees to it that none fails in silence.
//! - A file that ends within a page is refused; SQLite itself misses the pages that are gone.
//! - Every page that is read is checked for its structure (`cell_size_check`); a file that was not
//!   closed properly is checked as a whole (`quick_check`) when that takes well under 0.1 s.
//! - Every row carries a [`sum`](super::sum) of what does not change once it was written, which is
//!   checked whenever the row is read; queues, counters and what of segments waits are checked when the
//!   file is opened. The
//!   error names the row, and only what needs that row has to wait for a person.
//! - What of a segment waits is only there with the segment, or the file is refused; a segment without it
//!   is told when its queue is read.
//! - Numbers that are in use already are not given out again: the file is refused.
//! - [`SqliteStore::verify`](super::SqliteStore::verify) reads the whole file whenever one likes, and
//!   checks all sums. Only this notices a flip that hides a row: in an index, in the columns by which
//!   a list is filtered, in the key of an entry, in the time at which it expires.
//!
//! # What does not
//! - The columns `token`, `attempts` and `due_at` of a delivery change with every attempt and have no
//!   sum, nor has the attempt at one that lies in a segment. Noticed is when they contradict each other:
//!   attempts without a token, a time where none can be or none where one must be. An index holds `due_at`
//!   of what is delayed once more, so that `verify` finds it. What is left: a flipped `token` lets a
//!   straggler settle, or keeps an attempt from being settled until the store was opened more often;
//!   flipped `attempts` change how often it is tried; a flipped `due_at` changes when, and in an ordered
//!   lane nothing notices it.
//! - A delivery of a damaged segment can be done, and nothing else, until a person has mended it.
//! - The counter `syncs`, which nothing depends on.
//! - Rows whose sum is `NULL`: those of the first version, until they are written anew, and those that
//!   a person mended. Whoever changes a row by hand sets its `sum` to `NULL`, as `schema_2.sql` says.
//! - Whole pages that a disk loses or gives back as they once were: each is sound by itself.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use motia_core::store::StoreError;
use rusqlite::{
    Connection, DEFAULT_NAME, ErrorCode, OpenFlags, config::DbConfig, wal::CheckpointMode,
};

use super::{SqliteOptions, fault, lock::FolderLock, log, relaxed, schema};
use crate::make_folder;

/// A file up to this size is checked as a whole when it was not closed properly.
const CHECKED_BYTES: u64 = 16 << 20;

/// Where a store keeps its file.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("motia.db")
}

/// Locks the folder, making it first, and opens the file for writing; says whether it was not closed
/// properly before.
pub(super) fn open(
    folder: &Path,
    options: &SqliteOptions,
) -> Result<(FolderLock, Connection, bool), StoreError> {
    make_folder(folder).map_err(|error| {
        let folder = folder.display();
        StoreError::Io(format!("the data folder {folder} cannot be made: {error}"))
    })?;
    let lock = FolderLock::take(folder)?;

    let path = path(folder);
    refuse_stump(&path)?;
    let log_path = path.with_extension("db-wal");
    let dirty = size(&log_path) > 0;
    let mark = relaxed::mark(&path);
    let relaxed = mark.exists();
    log::check(&log_path, relaxed)?;
    log::renew(&log_path)
        .map_err(|error| StoreError::Io(format!("{}: {error}", log_path.display())))?;
    let mut db = connect(&path, options, true)?;
    // Before anything is set that a foreign file would keep.
    let version = schema::recognise(&db, &path)?;
    set_up_writing(&db, options).map_err(|error| at(&path, &error))?;
    let mut emptied = !dirty;
    if dirty {
        if size(&path) <= CHECKED_BYTES {
            check(&db, "quick_check")?;
        }
        emptied = begin_log_anew(&db).map_err(|error| at(&path, &error))?;
        refuse_stump(&path)?;
    }
    schema::migrate(&mut db, version).map_err(|error| at(&path, &error))?;
    if relaxed && emptied {
        relaxed::unmark(&mark);
    }
    Ok((lock, db, dirty))
}

/// Refuses a file that ends within a page: SQLite would read zeros for the rest of it, and take one
/// that ends within the first page for an empty file. What a log or a journal may complete is let pass.
fn refuse_stump(path: &Path) -> Result<(), StoreError> {
    let mut header = [0; 18];
    let read = File::open(path).and_then(|mut file| file.read(&mut header)).unwrap_or_default();
    // See <https://www.sqlite.org/fileformat.html#page_size>; 1 means 65536.
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65536,
        page => u64::from(page.max(512)),
    };
    let unfinished = ["db-wal", "db-journal"].iter().any(|end| size(&path.with_extension(end)) > 0);
    if read == 0 || unfinished || size(path).is_multiple_of(page) {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "{} is damaged: its end is missing; put back a copy of it",
        path.display()
    )))
}

/// Moves what was committed into the file and empties the log, with whatever a crash or a failure
/// left behind in it. A program that reads from the log just then keeps it from being emptied, which
/// does not matter as long as nothing else goes wrong; says whether it is empty.
pub(super) fn begin_log_anew(db: &Connection) -> rusqlite::Result<bool> {
    match db.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::TRUNCATE) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        emptied => emptied.map(|_| true),
    }
}

/// Opens one more connection, which only reads.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    connect(path, options, false)
}

/// Opens the connection that checkpoints.
pub(super) fn open_checkpointer(
    path: &Path,
    options: &SqliteOptions,
) -> Result<Connection, StoreError> {
    let db = connect(path, options, true)?;
    set_up_writing(&db, options).map_err(|error| at(path, &error))?;
    Ok(db)
}

/// Runs one of SQLite's own checks over the whole file.
pub(super) fn check(db: &Connection, pragma: &str) -> Result<(), StoreError> {
    let found = db
        .pragma_query_value(DEFAULT_NAME, pragma, |row| row.get::<_, String>(0))
        .map_err(|error| fault::told(&error))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::Corrupt(format!("the store file is damaged: {found}")))
    }
}

fn connect(path: &Path, options: &SqliteOptions, writes: bool) -> Result<Connection, StoreError> {
    let access = if writes {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|db| set_up(&db, options).map(|()| db))
        .map_err(|error| at(path, &error))
}

fn set_up(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.busy_timeout(options.busy_timeout)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.pragma_update(DEFAULT_NAME, "cell_size_check", true)?;
    db.pragma_update(DEFAULT_NAME, "temp_store", "MEMORY")
}

fn set_up_writing(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    let kibibytes = i64::try_from(options.cache_bytes / 1024).unwrap_or(i64::MAX);
    db.pragma_update(DEFAULT_NAME, "cache_size", -kibibytes)?;
    db.pragma_update(DEFAULT_NAME, "page_size", options.page_bytes)?;
    let journal = db.pragma_update_and_check(DEFAULT_NAME, "journal_mode", "WAL", |row| {
        row.get::<_, String>(0)
    })?;
    if journal != "wal" {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some("this file system cannot share a write-ahead log; choose a local folder".into()),
        ));
    }
    db.pragma_update(DEFAULT_NAME, "synchronous", "FULL")?;
    // Should a long read have kept the log from beginning anew, it is cut back afterwards.
    db.pragma_update(DEFAULT_NAME, "journal_size_limit", options.log_bytes)?;
    db.pragma_update(DEFAULT_NAME, "wal_autocheckpoint", 0)
}

/// Tells a failure with the file that it is about.
pub(super) fn at(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.display();
    match fault::told(error) {
        StoreError::Io(cause) => StoreError::Io(format!("{path}: {cause}")),
        StoreError::Corrupt(cause) => StoreError::Corrupt(format!("{path}: {cause}")),
        other => other,
    }
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}
