//! Moves what was committed from the write-ahead log into the file, off the path of the commits.
//!
//! The log grows with every commit and begins anew once all of it was moved and nobody reads from
//! it. Under constant load that moment never comes by itself: when the log has grown past its limit,
//! the writer is held back for the short rest.

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
    /// Bytes of log at which a checkpoint is worth its while.
    worth: u64,
}

impl Checkpointer {
    pub(super) fn start(
        db: Connection,
        figures: Arc<Figures>,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        let gate = Arc::new(Mutex::new(()));
        let (wake, woken) = mpsc::sync_channel(1);
        let limit = options.wal_limit_bytes;

        let run = {
            let (gate, figures) = (gate.clone(), figures.clone());
            move || {
                while woken.recv().is_ok() {
                    relieve(&db, &gate, &figures, limit);
                }
            }
        };
        let thread = std::thread::Builder::new().name("motia-checkpoint".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Io(format!("no thread: {error}")))?;

        let worth = options.checkpoint_bytes;
        Ok(Self { wake: Some(wake), thread: Some(thread), gate, figures, worth })
    }

    /// Held by the writer while it writes.
    pub(super) fn pass(&self) -> MutexGuard<'_, ()> {
        self.gate.lock()
    }

    /// Wakes the checkpointer if the log has grown enough.
    pub(super) fn nudge(&self) {
        if self.figures.wal_bytes.load(Relaxed) >= self.worth
            && let Some(wake) = &self.wake
        {
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

fn relieve(db: &Connection, gate: &Mutex<()>, figures: &Figures, limit: u64) {
    checkpoint(db, CheckpointMode::PASSIVE, figures);
    if figures.wal_bytes.load(Relaxed) < limit {
        return;
    }
    let _writer_waits = gate.lock();
    let before = db.busy_timeout(PATIENCE);
    debug_assert!(before.is_ok());
    checkpoint(db, CheckpointMode::RESTART, figures);
}

fn checkpoint(db: &Connection, mode: CheckpointMode, figures: &Figures) {
    figures::add(&figures.checkpoints, 1);
    if let Err(error) = db.wal_checkpoint_v2(DEFAULT_NAME, mode) {
        figures::add(&figures.checkpoints_blocked, 1);
        tracing::debug!(error = %fault::told(&error), "a checkpoint will be tried again");
    }
}
