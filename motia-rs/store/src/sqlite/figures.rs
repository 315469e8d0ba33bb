//! What the store tells about itself on the metrics page.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the store was opened.
#[derive(Default)]
pub(super) struct Figures {
    /// Batches that were kept.
    pub(super) commits: AtomicU64,
    /// Batches whose condition did not hold.
    pub(super) refused: AtomicU64,
    /// Batches lost to a failing disk, and told so.
    pub(super) failed: AtomicU64,
    /// Transactions, each with the batches that waited at the time.
    pub(super) transactions: AtomicU64,
    /// Starts that were not written since the attempt ended in the same transaction.
    pub(super) starts_skipped: AtomicU64,
    /// Bytes of the write-ahead log in use.
    pub(super) wal_bytes: AtomicU64,
    /// Checkpoints that ran.
    pub(super) checkpoints: AtomicU64,
    /// Checkpoints that failed or were kept from their work by a long read.
    pub(super) checkpoints_blocked: AtomicU64,
}

impl Figures {
    pub(super) fn list(&self) -> Vec<(&'static str, f64)> {
        [
            ("commits_total", &self.commits),
            ("commits_refused_total", &self.refused),
            ("commits_failed_total", &self.failed),
            ("transactions_total", &self.transactions),
            ("starts_skipped_total", &self.starts_skipped),
            ("wal_bytes", &self.wal_bytes),
            ("checkpoints_total", &self.checkpoints),
            ("checkpoints_blocked_total", &self.checkpoints_blocked),
        ]
        .map(|(name, figure)| (name, figure.load(Relaxed) as f64))
        .into()
    }
}

/// Adds to a figure.
pub(super) fn add(figure: &AtomicU64, by: usize) {
    figure.fetch_add(by as u64, Relaxed);
}

/// Sets a figure.
pub(super) fn set(figure: &AtomicU64, to: u64) {
    figure.store(to, Relaxed);
}
