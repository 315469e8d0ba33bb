//! Why events were postponed, in the words of their handlers: in memory, for those that were postponed last.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

/// As many of a queue are remembered.
const MOST: usize = 1024;
/// As many characters of each.
const LONGEST: usize = 300;

/// The reasons of one queue, by sequence number.
#[derive(Debug, Default)]
pub(super) struct Postponed(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    reasons: HashMap<u64, Arc<str>>,
    /// The oldest first.
    order: VecDeque<u64>,
}

impl Postponed {
    pub(super) fn note(&self, seq: u64, why: &str) {
        let why: String = why.chars().take(LONGEST).collect();
        let mut kept = self.0.lock();
        if kept.reasons.insert(seq, why.into()).is_some() {
            return;
        }
        kept.order.push_back(seq);
        if kept.order.len() > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.reasons.remove(&oldest);
        }
    }

    /// It waits for something else by now.
    pub(super) fn forget(&self, seq: u64) {
        let mut kept = self.0.lock();
        if kept.reasons.remove(&seq).is_some() {
            kept.order.retain(|other| *other != seq);
        }
    }

    pub(super) fn why(&self, seq: u64) -> Option<Arc<str>> {
        self.0.lock().reasons.get(&seq).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_remembered_each_with_its_last_reason() {
        let postponed = Postponed::default();
        for seq in 0..=MOST as u64 {
            postponed.note(seq, "not now");
            postponed.note(seq, &"later".repeat(LONGEST));
        }
        postponed.forget(2);

        let known = |seq| postponed.why(seq).is_some();
        assert_eq!([0, 1, 2, MOST as u64].map(known), [false, true, false, true]);
        assert_eq!(postponed.why(1).map(|why| why.len()), Some(LONGEST));
        assert_eq!(postponed.0.lock().order.len(), MOST - 1);
    }
}
