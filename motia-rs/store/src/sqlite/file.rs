//! The store file: where it lies and how it is opened.
//!
//! # What notices damage
//! - The log carries checksums, and [`log`](super::log) sees to it that none fails in silence.
//! - Every page that is read is checked for its structure (`cell_size_check`); a file that was not
//!   closed properly is checked as a whole (`quick_check`) when that takes well under 0.1 s.
//! - [`SqliteStore::verify`](super::SqliteStore::verify) reads the whole file whenever one likes.
//!
//! What nothing here notices is a bit that flips inside a text of the file itself, since SQLite keeps
//! no checksum of a page. A checksum in each row would, but then nobody could mend a value by hand,
//! and file systems that guard against it exist.

use std::path::{Path, PathBuf};

use motia_core::store::StoreError;
use rusqlite::{Connection, DEFAULT_NAME, OpenFlags, config::DbConfig};

use super::{SqliteOptions, fault, lock::FolderLock, log, schema};

/// A file up to this size is checked as a whole when it was not closed properly.
const CHECKED_BYTES: u64 = 16 << 20;

/// Where a store keeps its file.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("motia.db")
}

/// Locks the folder, making it first, and opens the file for writing.
pub(super) fn open(
    folder: &Path,
    options: &SqliteOptions,
) -> Result<(FolderLock, Connection), StoreError> {
    make(folder).map_err(|error| {
        let folder = folder.display();
        StoreError::Io(format!("the data folder {folder} cannot be made: {error}"))
    })?;
    let lock = FolderLock::take(folder)?;

    let path = path(folder);
    let log_path = path.with_extension("db-wal");
    let dirty = size(&log_path) > 0;
    log::check(&log_path)?;
    let mut db = connect(&path, options, true)?;
    // Before anything is set that a foreign file would keep.
    let version = schema::recognise(&db, &path)?;
    set_up_writing(&db, options).map_err(|error| at(&path, &error))?;
    schema::migrate(&mut db, version).map_err(|error| at(&path, &error))?;
    if dirty && size(&path) <= CHECKED_BYTES {
        check(&db, "quick_check")?;
    }
    Ok((lock, db))
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

fn make(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    // The new folder's name is kept by its parent, which has to be synced as well.
    #[cfg(unix)]
    if let Some(parent) = folder.canonicalize()?.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
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
