//! How much waits: counted once when the file is opened, and kept right by every commit since.
//!
//! Counting a long queue means reading all of it, so the largest number is kept in memory. What waits
//! for its time, what is held and what is dead is counted where it is listed.

use motia_core::store::{Depth, QueueId, StoreError};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};

use super::{
    fault, row,
    segments::Segments,
    sum::{self, Damaged},
};

/// The counters of all queues; the first has the number 1.
#[derive(Default)]
pub(super) struct Counts(Mutex<Vec<Count>>);

struct Count {
    step: String,
    ready: u64,
}

/// What a commit changes in the counters of one queue.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) queue: QueueId,
    pub(super) ready: i64,
}

impl Counts {
    pub(super) fn load(db: &Connection, segments: &Segments) -> Result<Self, StoreError> {
        const READY: &str = "SELECT (SELECT count(*) FROM delivery WHERE id > ?1 AND id <= ?2)
            + (SELECT count(*) FROM special WHERE id > ?1 AND id <= ?2)";
        let load = || {
            check_queues(db)?;
            let mut queues = db.prepare("SELECT id, step FROM queue ORDER BY id")?;
            let mut ready = db.prepare(READY)?;
            let mut rows = queues.query(())?;
            let mut counts = Vec::new();
            while let Some(queue) = rows.next()? {
                let id = QueueId(queue.get(0)?);
                let first = row::ready(motia_core::store::DeliveryId { queue: id, seq: 0 });
                let rows: u64 = ready.query_row((first, row::last(id)), |row| row.get(0))?;
                counts.push(Count { step: queue.get(1)?, ready: rows + segments.count(id) });
            }
            Ok(counts)
        };
        load().map(|counts| Self(Mutex::new(counts))).map_err(|error| fault::told(&error))
    }

    /// How many queues there are.
    pub(super) fn queues(&self) -> usize {
        self.0.lock().len()
    }

    pub(super) fn add(&self, step: &str, queue: QueueId) {
        let mut counts = self.0.lock();
        if counts.len() < queue.0.into() {
            counts.push(Count { step: step.into(), ready: 0 });
        }
    }

    pub(super) fn apply(&self, changes: &[Change]) {
        let mut counts = self.0.lock();
        for change in changes {
            if let Some(count) = counts.get_mut(usize::from(change.queue.0).wrapping_sub(1)) {
                count.ready = count.ready.saturating_add_signed(change.ready);
            }
        }
    }

    /// Depths with all that is ready as `waiting` and nothing as anything else.
    pub(super) fn depths(&self) -> Vec<Depth> {
        let counts = self.0.lock();
        let depth = |(index, count): (usize, &Count)| Depth {
            id: QueueId(index as u16 + 1),
            queue: count.step.clone(),
            waiting: count.ready,
            delayed: 0,
            held: 0,
            dead: 0,
        };
        counts.iter().enumerate().map(depth).collect()
    }
}

/// Refuses a queue whose name is not as it was written, or that is not found by it: its step would be
/// given another queue.
pub(super) fn check_queues(db: &Connection) -> rusqlite::Result<()> {
    const ALL: &str = "SELECT id, step, sum FROM queue NOT INDEXED ORDER BY id";
    const FIND: &str = "SELECT id FROM queue WHERE step = ?1";
    let mut find = db.prepare(FIND)?;
    let mut all = db.prepare(ALL)?;
    let mut rows = all.query(())?;
    while let Some(row) = rows.next()? {
        let (id, step): (i64, String) = (row.get(0)?, row.get(1)?);
        let at = || format!("id = {id}");
        sum::check(row.get(2)?, sum::name(&step, id), "queue", at)?;
        let found: Option<i64> = find.query_row((&step,), |row| row.get(0)).optional()?;
        if found != Some(id) {
            return Err(Damaged::error("queue", at(), "it is not found by its step"));
        }
    }
    Ok(())
}
