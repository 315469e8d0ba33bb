//! What the process before this one may have begun, and died before that was written.
//!
//! The start of an attempt is written at once and not waited for. A queue hands its deliveries out in
//! order and runs only so many at once, so those whose start may be missing are the first of what
//! was left: as many as run at once, in batches or alone, or the first of each key.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use motia_core::store::Delivery;

/// How many of a queue's first deliveries may have been begun.
#[derive(Debug, Default)]
pub(super) struct Begun {
    left: usize,
    /// Keys of which the first was taken since, as hashes.
    keys: HashSet<u64>,
    hasher: RandomState,
}

impl Begun {
    /// Those of a queue that runs so many at once, if the process before this one died.
    pub(super) fn before(recovered: bool, concurrency: usize) -> Self {
        let left = if recovered { concurrency } else { 0 };
        Self { left, ..Self::default() }
    }

    /// Whether this delivery, the next that is taken of those left by an earlier process, may have been
    /// begun by it.
    pub(super) fn may_have_begun(&mut self, delivery: &Delivery) -> bool {
        if self.left == 0 {
            return false;
        }
        match &delivery.lane {
            // Any key may have run; of each, those that run at once come first.
            Some(lane) => !lane.ordered || self.keys.insert(self.hasher.hash_one(&lane.key)),
            None => {
                self.left -= 1;
                true
            }
        }
    }
}
