//! Where runs wait for the thread that sends them, and no more of them than a bound.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use motia_runtime::runs::RunRecord;
use parking_lot::{Condvar, Mutex};

use crate::figures::Why;

/// A run that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) run: Arc<RunRecord>,
    /// What its caller said of the trace.
    pub(crate) sampled: bool,
}

impl Taken {
    fn bytes(&self) -> usize {
        self.run.size()
    }
}

/// How much there may be of something.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Runs.
    pub runs: usize,
    /// Bytes of memory that they take, about. One run alone may be larger.
    pub bytes: usize,
}

impl Bound {
    /// The narrower of each of the two.
    pub(crate) fn within(self, other: Self) -> Self {
        Self { runs: self.runs.min(other.runs), bytes: self.bytes.min(other.bytes) }
    }
}

/// Runs that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    most: Bound,
    /// So many are taken out at once.
    batch: Bound,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    runs: VecDeque<Taken>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(most: Bound, batch: Bound) -> Self {
        Self { most, batch, waiting: Mutex::default(), changed: Condvar::new() }
    }

    /// Lets a run wait, or says why it cannot: there is no room for it, or nothing is taken any more.
    pub(crate) fn push(&self, taken: Taken) -> Result<(), Why> {
        let bytes = taken.bytes();
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(Why::closed);
        }
        let is_full = waiting.runs.len() >= self.most.runs
            || (!waiting.runs.is_empty() && waiting.bytes + bytes > self.most.bytes);
        if is_full {
            return Err(Why::full);
        }
        let was_a_batch = waiting.is_a_batch(self.batch);
        waiting.bytes += bytes;
        waiting.runs.push_back(taken);
        let is_first_or_full =
            waiting.runs.len() == 1 || (!was_a_batch && waiting.is_a_batch(self.batch));
        drop(waiting);
        if is_first_or_full {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waiting.lock().closed
    }

    /// Waits for a run, then until a batch is full or has gathered for this long. `None`: nothing more comes.
    pub(crate) fn gather(&self, delay: Duration) -> Option<Vec<Taken>> {
        let mut waiting = self.waiting.lock();
        self.changed.wait_while(&mut waiting, |waiting| waiting.runs.is_empty() && !waiting.closed);
        let end = Instant::now() + delay;
        let gathers = |waiting: &mut Waiting| !waiting.is_a_batch(self.batch) && !waiting.closed;
        self.changed.wait_while_until(&mut waiting, gathers, end);
        let batch = waiting.take(self.batch);
        (!batch.is_empty()).then_some(batch)
    }

    /// Waits for this long, or until nothing more comes.
    pub(crate) fn pause(&self, how_long: Duration) {
        let (end, mut waiting) = (Instant::now() + how_long, self.waiting.lock());
        self.changed.wait_while_until(&mut waiting, |waiting| !waiting.closed, end);
    }

    /// Gives up what waits.
    pub(crate) fn clear(&self) -> Vec<Taken> {
        let mut waiting = self.waiting.lock();
        waiting.bytes = 0;
        waiting.runs.drain(..).collect()
    }
}

impl Waiting {
    fn is_a_batch(&self, batch: Bound) -> bool {
        self.runs.len() >= batch.runs || self.bytes >= batch.bytes
    }

    /// The first runs, up to the bound.
    fn take(&mut self, bound: Bound) -> Vec<Taken> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.runs.front()
            && batch.len() < bound.runs
            && (batch.is_empty() || bytes + next.bytes() <= bound.bytes)
        {
            bytes += next.bytes();
            batch.extend(self.runs.pop_front());
        }
        self.bytes -= bytes;
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::tests::run;

    fn runs(runs: usize) -> Bound {
        Bound { runs, bytes: usize::MAX }
    }

    fn taken() -> Taken {
        Taken { run: Arc::new(run("Pay")), sampled: true }
    }

    #[test]
    fn what_there_is_no_room_for_is_not_taken() {
        let queue = Queue::new(runs(2), runs(2));

        let room: Vec<_> = (0..3).map(|_| queue.push(taken())).collect();

        assert_eq!(room, [Ok(()), Ok(()), Err(Why::full)]);
    }

    #[test]
    fn a_full_batch_does_not_wait_for_more() {
        let queue = Queue::new(runs(10), runs(2));
        (0..3).for_each(|_| assert_eq!(queue.push(taken()), Ok(())));

        let batch = queue.gather(Duration::from_secs(3600));

        assert_eq!(batch.map(|batch| batch.len()), Some(2));
    }

    #[test]
    fn once_nothing_more_comes_what_waits_is_taken_at_once_and_then_there_is_an_end() {
        let queue = Queue::new(runs(10), runs(2));
        (0..3).for_each(|_| assert_eq!(queue.push(taken()), Ok(())));
        queue.close();

        let sizes: Vec<_> = std::iter::from_fn(|| queue.gather(Duration::from_secs(3600)))
            .map(|batch| batch.len())
            .collect();

        assert_eq!(sizes, [2, 1]);
        assert_eq!(queue.push(taken()), Err(Why::closed));
    }

    #[test]
    fn who_waits_for_a_run_is_woken_by_one() {
        let queue = Queue::new(runs(10), runs(1));

        let batch = std::thread::scope(|threads| {
            let waits = threads.spawn(|| queue.gather(Duration::from_secs(3600)));
            assert_eq!(queue.push(taken()), Ok(()));
            waits.join().unwrap()
        });

        assert_eq!(batch.map(|batch| batch.len()), Some(1));
    }

    #[test]
    fn bytes_bound_what_waits_and_what_is_sent_at_once() {
        let bytes = |runs| Bound { runs: 10, bytes: runs * taken().bytes() };
        let queue = Queue::new(bytes(3), bytes(2));

        let room: Vec<_> = (0..4).map(|_| queue.push(taken())).collect();
        assert_eq!(room, [Ok(()), Ok(()), Ok(()), Err(Why::full)]);

        let batch = |queue: &Queue| queue.gather(Duration::ZERO).map(|batch| batch.len());
        assert_eq!((batch(&queue), batch(&queue)), (Some(2), Some(1)));
        assert_eq!(queue.push(taken()), Ok(()));
    }

    #[test]
    fn a_run_larger_than_all_bounds_is_taken_alone() {
        let one = Bound { runs: 10, bytes: 1 };
        let queue = Queue::new(one, one);

        assert_eq!([queue.push(taken()), queue.push(taken())], [Ok(()), Err(Why::full)]);

        assert_eq!(queue.gather(Duration::ZERO).map(|batch| batch.len()), Some(1));
    }
}
