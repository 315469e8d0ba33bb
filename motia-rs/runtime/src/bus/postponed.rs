//! Why events were postponed, in the words of their handlers: in memory, for those that were postponed last.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;

/// As many of a queue are remembered.
const MOST: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not 0");
/// As many characters of each.
const LONGEST: usize = 300;

/// The reasons of one queue, by sequence number.
#[derive(Debug)]
pub(super) struct Postponed(Mutex<LruCache<u64, Arc<str>>>);

impl Default for Postponed {
    fn default() -> Self {
        // `LruCache::new` makes room for all of them at once, in each queue.
        let mut reasons = LruCache::unbounded();
        reasons.resize(MOST);
        Self(Mutex::new(reasons))
    }
}

impl Postponed {
    pub(super) fn note(&self, seq: u64, why: &str) {
        let why: String = why.chars().take(LONGEST).collect();
        self.0.lock().put(seq, why.into());
    }

    /// It waits for something else by now.
    pub(super) fn forget(&self, seq: u64) {
        self.0.lock().pop(&seq);
    }

    pub(super) fn why(&self, seq: u64) -> Option<Arc<str>> {
        self.0.lock().peek(&seq).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_remembered_each_with_its_last_reason() {
        let postponed = Postponed::default();
        let most = MOST.get() as u64;
        for seq in 0..=most {
            postponed.note(seq, "not now");
            postponed.note(seq, &"later".repeat(LONGEST));
        }
        postponed.forget(2);

        let known = |seq| postponed.why(seq).is_some();
        assert_eq!([0, 1, 2, most].map(known), [false, true, false, true]);
        assert_eq!(postponed.why(1).map(|why| why.len()), Some(LONGEST));
        assert_eq!(postponed.0.lock().len(), MOST.get() - 1);
    }
}
