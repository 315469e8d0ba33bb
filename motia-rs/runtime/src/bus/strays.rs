//! Deliveries that keep their place in the store although their queue has no keys any more: they were
//! emitted when it had, and wait there to be tried again.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::shelf::LaneRead;

/// Strays that are read for at once.
const READ: usize = 64;

/// Deliveries with the time that they wait for and the key under which the store has them.
#[derive(Debug, Default)]
pub(super) struct Strays(BTreeMap<u64, (Timestamp, Arc<str>)>);

impl Strays {
    /// Notes a stray; gives the time at which to look for it.
    pub(super) fn add(&mut self, seq: u64, key: Arc<str>, due: Option<Timestamp>) -> Timestamp {
        let due = due.unwrap_or(Timestamp::MIN);
        self.0.insert(seq, (due, key));
        due
    }

    pub(super) fn remove(&mut self, seq: u64) -> bool {
        self.0.remove(&seq).is_some()
    }

    /// When the first of them may start.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.values().map(|(due, _)| *due).min()
    }

    /// Takes those that may start, to be read.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<LaneRead> {
        let due = self.0.iter().filter(|(_, (due, _))| *due <= now).take(READ);
        let due: Vec<_> = due.map(|(seq, (_, key))| (*seq, key.clone())).collect();
        let read = |(seq, key): (u64, Arc<str>)| {
            self.0.remove(&seq);
            LaneRead { key, after: seq - 1, limit: 1, upto: seq }
        };
        due.into_iter().map(read).collect()
    }
}
