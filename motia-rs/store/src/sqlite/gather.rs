//! Which batches share a transaction: those that wait, and those that come while the first are
//! written.

use std::{
    collections::VecDeque,
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use motia_core::store::{Batch, CommitError, Committed, Durability, Write};

use super::{
    herald::Answer,
    writer::{Job, Waiting},
};

/// At most so many batches share a transaction: it bounds how long the first of them waits.
const MOST_BATCHES: usize = 1024;
/// At most so many bytes of payload share a transaction, give or take one batch.
const MOST_BYTES: usize = 8 << 20;

/// Up to so many batches the writer waits for those that were with it the last time: a sync is dear,
/// and the first who was told comes back long before the others. A larger group is worth its sync.
const SMALL_GROUP: usize = 256;
/// Up to so many batches, those that come while the first are written join them. A larger group leaves
/// them to the next one, so that there is something to be written while the tasks of this one wake.
const JOINED: usize = 384;
/// A wait for more is over when nobody came for so long,
const LULL: Duration = Duration::from_micros(8);
/// and in any case when all waits took so long: less than a sync takes.
const LONGEST_WAIT: Duration = Duration::from_micros(100);
/// After waits in vain, at most two to the power of this many groups are written without one.
const MOST_IN_VAIN: u32 = 6;

/// The batches of one transaction, as they come.
pub(super) struct Gathering<'j> {
    jobs: &'j Receiver<Job>,
    waiting: VecDeque<Waiting>,
    /// A job that is not for this transaction.
    left: Option<Job>,
    /// All of them may be kept without a sync.
    relaxed: bool,
    /// No other is to share the transaction.
    closed: bool,
    came: usize,
    expected: usize,
    bytes: usize,
    waited: Duration,
}

impl<'j> Gathering<'j> {
    /// Takes the first batch and what waits behind it. While none of them has to be synced, waits until
    /// there are as many as `expected`, for the kind of a transaction is settled before it begins.
    pub(super) fn begin(first: Waiting, jobs: &'j Receiver<Job>, expected: usize) -> Self {
        let mut gathering = Self {
            jobs,
            waiting: VecDeque::new(),
            left: None,
            relaxed: true,
            closed: false,
            came: 0,
            expected,
            bytes: 0,
            waited: Duration::ZERO,
        };
        gathering.add(first);
        while gathering.take() || (gathering.relaxed && gathering.wait()) {}
        gathering.closed = gathering.relaxed;
        gathering
    }

    /// Whether all batches may be kept without a sync. Of such a transaction there is no other to come.
    pub(super) fn is_relaxed(&self) -> bool {
        self.relaxed
    }

    /// The next batch, if one is there.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        if self.waiting.is_empty() && self.came < JOINED {
            self.take();
        }
        self.waiting.pop_front()
    }

    /// Waits a moment for more; says whether there is one.
    pub(super) fn wait(&mut self) -> bool {
        let began = Instant::now();
        while !self.is_over() && self.came < self.expected {
            let waited = began.elapsed();
            if waited >= LULL || self.waited + waited >= LONGEST_WAIT {
                break;
            }
            thread::yield_now();
            if self.take() {
                self.waited += began.elapsed();
                return true;
            }
        }
        self.waited += began.elapsed();
        false
    }

    /// Who else waits for what has come.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Answer<Committed, CommitError>> + '_ {
        self.waiting.drain(..).map(|waiting| waiting.answer)
    }

    /// How many batches came, and what came last that is for another transaction.
    pub(super) fn end(self) -> (usize, Option<Job>) {
        (self.came, self.left)
    }

    /// Takes one batch that waits.
    fn take(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        match self.jobs.try_recv() {
            Ok(Job::Commit(waiting)) => {
                self.add(waiting);
                true
            }
            Ok(other) => {
                self.left = Some(other);
                false
            }
            Err(_) => false,
        }
    }

    fn is_over(&self) -> bool {
        self.closed || self.left.is_some() || self.came == MOST_BATCHES || self.bytes >= MOST_BYTES
    }

    fn add(&mut self, waiting: Waiting) {
        self.came += 1;
        self.bytes += weight(&waiting.batch);
        self.relaxed &= waiting.batch.durability.is_some_and(|d| d < Durability::Durable);
        self.waiting.push_back(waiting);
    }
}

fn weight(batch: &Batch) -> usize {
    let weight = |write: &Write| match write {
        Write::Set { value, .. } | Write::Send { event: value, .. } => value.len(),
        Write::Publish { event, targets } => event.payload.len() * targets.len(),
        _ => 0,
    };
    batch.writes.iter().map(weight).sum()
}

/// Whether it pays to wait for a group: where producers come back it does, and where all cores are at
/// work for somebody else it does not.
#[derive(Default)]
pub(super) struct Patience {
    came: usize,
    /// Waits in vain, one after the other.
    in_vain: u32,
    /// Groups to be written without a wait.
    respite: u32,
}

impl Patience {
    /// How many batches to wait for.
    pub(super) fn expected(&mut self) -> usize {
        if self.respite > 0 {
            self.respite -= 1;
            return 0;
        }
        self.came.min(SMALL_GROUP)
    }

    pub(super) fn learn(&mut self, expected: usize, came: usize) {
        self.came = came;
        if expected == 0 {
            return;
        }
        if came >= expected / 4 * 3 {
            self.in_vain = 0;
        } else {
            self.in_vain = (self.in_vain + 1).min(MOST_IN_VAIN);
            self.respite = 1 << self.in_vain;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    fn job(durability: Option<Durability>) -> Waiting {
        let batch = Batch { durability, ..Batch::default() };
        Waiting { batch, answer: oneshot::channel().0 }
    }

    #[test]
    fn nothing_that_has_to_be_synced_joins_what_has_not() {
        let (jobs, waiting) = mpsc::channel();
        let relaxed = || job(Some(Durability::Relaxed));
        jobs.send(Job::Commit(relaxed())).unwrap();

        let mut gathering = Gathering::begin(relaxed(), &waiting, 0);
        assert!(gathering.is_relaxed());
        jobs.send(Job::Commit(job(None))).unwrap();

        let came = std::iter::from_fn(|| gathering.next()).count();
        assert_eq!((came, gathering.wait(), gathering.next().is_none()), (2, false, true));
        assert!(waiting.try_recv().is_ok(), "it waits for the next transaction");
    }

    #[test]
    fn what_comes_while_the_first_are_written_joins_them_up_to_a_bound() {
        let (jobs, waiting) = mpsc::channel();
        let mut gathering = Gathering::begin(job(None), &waiting, 0);
        for _ in 0..2 * JOINED {
            jobs.send(Job::Commit(job(None))).unwrap();
        }

        assert_eq!(std::iter::from_fn(|| gathering.next()).count(), JOINED);
    }

    #[test]
    fn a_group_is_waited_for_as_large_as_the_last_and_no_larger_than_is_worth_it() {
        let mut patience = Patience::default();
        assert_eq!(patience.expected(), 0);
        for (came, expected) in [(1, 1), (40, 40), (300, SMALL_GROUP), (248, 248)] {
            patience.learn(patience.came.min(SMALL_GROUP), came);
            assert_eq!(patience.expected(), expected, "after {came}");
        }
    }

    #[test]
    fn waits_in_vain_become_rarer_until_one_pays() {
        let mut patience = Patience::default();
        let mut groups_between = Vec::new();
        patience.learn(0, 40);
        for _ in 0..8 {
            assert_eq!(patience.expected(), 40);
            patience.learn(40, 2);
            let without =
                std::iter::from_fn(|| (patience.expected() == 0).then(|| patience.learn(0, 40)));
            groups_between.push(without.count());
        }
        assert_eq!(groups_between, [2, 4, 8, 16, 32, 64, 64, 64]);

        patience.learn(40, 40);
        assert_eq!(patience.expected(), 40);
    }
}
