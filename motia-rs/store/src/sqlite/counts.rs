//! How much waits: counted once when the file is opened, and kept right by every commit since.
//!
//! Counting a long queue means reading all of it, so the two large numbers are kept in memory.
//! What waits for its time is counted in its index, for it depends on the time of asking.

use motia_core::store::{Depth, QueueId, StoreError};
use parking_lot::Mutex;
use rusqlite::Connection;

use super::{fault, row};

/// The counters of all queues; the first has the number 1.
#[derive(Default)]
pub(super) struct Counts(Mutex<Vec<Count>>);

struct Count {
    step: String,
    ready: u64,
    dead: u64,
}

/// What a commit changes in the counters of one queue.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) queue: QueueId,
    pub(super) ready: i64,
    pub(super) dead: i64,
}

impl Counts {
    pub(super) fn load(db: &Connection) -> Result<Self, StoreError> {
        let load = || {
            let mut queues = db.prepare("SELECT id, step FROM queue ORDER BY id")?;
            let mut ready =
                db.prepare("SELECT count(*) FROM delivery WHERE id > ?1 AND id <= ?2")?;
            let mut dead = db.prepare("SELECT count(*) FROM dead_letter WHERE queue = ?1")?;
            let mut rows = queues.query(())?;
            let mut counts = Vec::new();
            while let Some(queue) = rows.next()? {
                let id = QueueId(queue.get(0)?);
                let first = row::ready(motia_core::store::DeliveryId { queue: id, seq: 0 });
                counts.push(Count {
                    step: queue.get(1)?,
                    ready: ready.query_row((first, row::last(id)), |row| row.get(0))?,
                    dead: dead.query_row((id.0,), |row| row.get(0))?,
                });
            }
            Ok(counts)
        };
        load().map(|counts| Self(Mutex::new(counts))).map_err(|error| fault::told(&error))
    }

    pub(super) fn knows(&self, queue: QueueId) -> bool {
        (1..=self.0.lock().len()).contains(&queue.0.into())
    }

    pub(super) fn add(&self, step: &str, queue: QueueId) {
        let mut counts = self.0.lock();
        if counts.len() < queue.0.into() {
            counts.push(Count { step: step.into(), ready: 0, dead: 0 });
        }
    }

    pub(super) fn apply(&self, changes: &[Change]) {
        let mut counts = self.0.lock();
        for change in changes {
            if let Some(count) = counts.get_mut(usize::from(change.queue.0).wrapping_sub(1)) {
                count.ready = count.ready.saturating_add_signed(change.ready);
                count.dead = count.dead.saturating_add_signed(change.dead);
            }
        }
    }

    /// Depths with all that is ready as `waiting` and nothing as `delayed`.
    pub(super) fn depths(&self) -> Vec<Depth> {
        let counts = self.0.lock();
        let depth = |(index, count): (usize, &Count)| Depth {
            id: QueueId(index as u16 + 1),
            queue: count.step.clone(),
            waiting: count.ready,
            delayed: 0,
            dead: count.dead,
        };
        counts.iter().enumerate().map(depth).collect()
    }
}
