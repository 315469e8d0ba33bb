//! Moves what was committed from the write-ahead log into the file, off the path of the commits.
//!
//! The log grows with every commit and begins anew once all of it was moved and nobody reads from
//! it. Under constant load that moment never comes by itself. So most of the log is moved while the
//! writer goes on, and for the short rest the writer is held back. A log that is written over again
//! and again is also quicker to sync than one that grows.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use motia_core::store::StoreError;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, DEFAULT_NAME, wal::CheckpointMode};

use super::{
    SqliteOptions, fault,
    figures::{self, Figures},
};

/// How long the writer is held back for readers that still use the log.
const PATIENCE: Duration = Duration::from_millis(100);

/// The thread that checkpoints.
pub(super) struct Checkpointer {
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    gate: Arc<Mutex<()>>,
    figures: Arc<Figures>,
    /// By how many bytes the log grows until a checkpoint is worth its while.
    worth: u64,
    /// How long the log was when a checkpoint was last asked for.
    asked_at: u64,
}

impl Checkpointer {
    pub(super) fn start(
        db: Connection,
        figures: Arc<Figures>,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        let gate = Arc::new(Mutex::new(()));
        let (wake, woken) = mpsc::sync_channel(1);
        db.busy_timeout(PATIENCE).map_err(|error| fault::told(&error))?;

        let run = {
            let (gate, figures) = (gate.clone(), figures.clone());
            move || {
                while woken.recv().is_ok() {
                    relieve(&db, &gate, &figures);
                }
            }
        };
        let thread = std::thread::Builder::new().name("motia-checkpoint".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Io(format!("no thread: {error}")))?;

        // The log grows on while a checkpoint runs. One that outgrows its limit is cut back, and
        // would have to grow again: a sync after growth costs about twice as much as another.
        let worth = options.log_bytes / 2;
        Ok(Self { wake: Some(wake), thread: Some(thread), gate, figures, worth, asked_at: 0 })
    }

    /// Held by the writer while it writes.
    pub(super) fn pass(&self) -> MutexGuard<'_, ()> {
        self.gate.lock()
    }

    /// Wakes the checkpointer if the log has grown enough since the last time.
    pub(super) fn nudge(&mut self) {
        let length = self.figures.wal_bytes.load(Relaxed);
        // It began anew.
        self.asked_at = self.asked_at.min(length);
        if length - self.asked_at >= self.worth
            && let Some(wake) = &self.wake
        {
            self.asked_at = length;
            // A full channel means that it is awake already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer panicked");
        }
    }
}

fn relieve(db: &Connection, gate: &Mutex<()>, figures: &Figures) {
    checkpoint(db, CheckpointMode::PASSIVE, figures);
    let _writer_waits = gate.lock();
    checkpoint(db, CheckpointMode::RESTART, figures);
}

fn checkpoint(db: &Connection, mode: CheckpointMode, figures: &Figures) {
    figures::add(&figures.checkpoints, 1);
    if let Err(error) = db.wal_checkpoint_v2(DEFAULT_NAME, mode) {
        figures::add(&figures.checkpoints_blocked, 1);
        tracing::debug!(error = %fault::told(&error), "a checkpoint will be tried again");
    }
}
