//! What waits once more: for a time, or in its place.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Held, Lanes, min_of_places};
use crate::clock::min_of;

/// How a delivery came in again while it was held.
#[derive(Debug, Clone, Copy)]
pub(super) enum Again {
    /// Among the delayed.
    Due(Timestamp),
    /// In its place.
    Back,
}

impl Lanes {
    /// Notes that a delivery waits for its time; gives the time at which to look for it.
    pub(super) fn expect(&mut self, seq: u64, due: Timestamp) -> Option<Timestamp> {
        self.let_go_of_waiting(seq);
        if let Some(held) = self.held.get_mut(&seq) {
            held.again = Some(Again::Due(due));
            return None;
        }
        let before = (due, seq.saturating_sub(1));
        self.due_seen = self.due_seen.min(before);
        if self.reading {
            self.due_late = min_of_places(self.due_late, before);
        }
        self.next_due = min_of(self.next_due, Some(due));
        Some(due)
    }

    /// Notes that a delivery waits in its old place.
    pub(super) fn back(&mut self, seq: u64, key: &Arc<str>, now: Timestamp) {
        self.let_go_of_waiting(seq);
        if let Some(held) = self.held.get_mut(&seq) {
            held.again = Some(Again::Back);
            return;
        }
        self.wake(key);
        self.unblock(key);
        let after = self.read_up_to(seq);
        self.lanes.entry(key.clone()).or_default().read_again(after, seq);
        // It may wait for long; those behind it must not take up the window meanwhile.
        self.shed(key);
        self.refresh(key, now);
    }

    /// Up to where those before a delivery were read, or passed over by their lanes.
    pub(super) fn read_up_to(&self, seq: u64) -> u64 {
        let before = seq.saturating_sub(1);
        if self.spilled { before.min(self.loaded) } else { before }
    }

    /// Forgets a delivery that waits in memory as it was: the store has it otherwise by now.
    fn let_go_of_waiting(&mut self, seq: u64) {
        if let Some(Held { key, .. }) = self.held.get(&seq)
            && self.lanes.get_mut(key).is_some_and(|lane| lane.remove(seq))
        {
            self.held.remove(&seq);
            self.count -= 1;
            if self.reading {
                self.released.insert(seq);
            }
        }
    }

    pub(super) fn release(&mut self, seq: u64, now: Timestamp) -> Option<Timestamp> {
        let held = self.held.remove(&seq)?;
        if self.reading {
            self.released.insert(seq);
        }
        match held.again? {
            Again::Due(due) => self.expect(seq, due),
            Again::Back => {
                // It is wanted from the next page, though not from the one that is being read.
                self.back(seq, &held.key, now);
                None
            }
        }
    }
}
