//! Commits that are answered before they are synced: they outlive the process at once, and a power cut
//! a moment later.
//!
//! A transaction is relaxed if all of its batches allow it. It is synced together with the next one
//! that is not, or by a transaction made for nothing else, so within [`Durability::Relaxed`]'s time.
//!
//! A power cut may tear several relaxed transactions at the end of the log, where otherwise it can
//! tear but one. So that [`log`](super::log) does not take that for damage, a file beside the store's
//! says that there may be some.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use motia_core::store::Durability;
use rusqlite::{Connection, DEFAULT_NAME};

/// How long after a relaxed commit a sync begins at the latest: half of the time in which it has to be
/// done.
const SYNCED_AFTER: Duration = Duration::from_millis(50);

/// What is not synced yet.
pub(super) struct Relaxed {
    mark: PathBuf,
    marked: bool,
    /// Whether SQLite syncs what it commits at present.
    syncing: bool,
    /// When the first transaction was committed that is not synced.
    since: Option<Instant>,
}

impl Relaxed {
    pub(super) fn new(file: &Path) -> Self {
        Self { mark: mark(file), marked: false, syncing: true, since: None }
    }

    /// How long until a sync is due, if one is.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.since.map(|since| SYNCED_AFTER.saturating_sub(since.elapsed()))
    }

    /// Whether there is something that the next sync has to cover.
    pub(super) fn is_behind(&self) -> bool {
        self.since.is_some()
    }

    /// Prepares for a transaction that may be relaxed or not, and says how well it will be kept.
    pub(super) fn prepare(
        &mut self,
        db: &Connection,
        allowed: bool,
    ) -> rusqlite::Result<Durability> {
        if allowed && self.patience() != Some(Duration::ZERO) && self.mark() {
            self.sync_commits(db, false)?;
            return Ok(Durability::Relaxed);
        }
        self.sync_commits(db, true)?;
        Ok(Durability::Durable)
    }

    /// The transaction was kept.
    pub(super) fn keep(&mut self, durability: Durability) {
        match durability {
            Durability::Durable => self.since = None,
            _ => self.since = self.since.or_else(|| Some(Instant::now())),
        }
    }

    /// Syncs what is not yet.
    pub(super) fn sync(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.sync_commits(db, true)?;
        if self.is_behind() {
            write(db)?;
            self.since = None;
        }
        Ok(())
    }

    /// A sync failed: the next one is tried in a while.
    pub(super) fn postpone(&mut self) {
        self.since = Some(Instant::now());
    }

    /// The log is empty, and so has no torn end.
    pub(super) fn close(self) {
        if self.marked {
            unmark(&self.mark);
        }
    }

    fn sync_commits(&mut self, db: &Connection, syncing: bool) -> rusqlite::Result<()> {
        if self.syncing != syncing {
            let level = if syncing { "FULL" } else { "NORMAL" };
            db.pragma_update(DEFAULT_NAME, "synchronous", level)?;
            self.syncing = syncing;
        }
        Ok(())
    }

    /// Sees to it that the mark is there, and will be after a power cut.
    fn mark(&mut self) -> bool {
        if !self.marked {
            let made = File::create(&self.mark).and_then(|file| {
                file.sync_all()?;
                #[cfg(unix)]
                if let Some(folder) = self.mark.parent() {
                    File::open(folder)?.sync_all()?;
                }
                Ok(())
            });
            match made {
                Ok(()) => self.marked = true,
                Err(error) => tracing::warn!(%error, "relaxed commits are synced as well"),
            }
        }
        self.marked
    }
}

/// Writes something that is not what was there, for a transaction that changes nothing syncs nothing.
pub(super) fn write(db: &Connection) -> rusqlite::Result<()> {
    const WRITE: &str = "UPDATE meta SET value = value + 1 WHERE name = 'syncs'";
    db.prepare_cached(WRITE)?.execute(())?;
    Ok(())
}

/// The file whose being there says that the end of the log may be torn.
pub(super) fn mark(file: &Path) -> PathBuf {
    file.with_extension("db-relaxed")
}

pub(super) fn unmark(mark: &Path) {
    if let Err(error) = std::fs::remove_file(mark) {
        tracing::debug!(%error, "the mark of relaxed commits stays behind");
    }
}
