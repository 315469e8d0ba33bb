//! Where runs wait for the thread that sends them, and no more of them than a bound.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use motia_runtime::runs::RunRecord;
use parking_lot::{Condvar, Mutex};

/// A run that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) run: Arc<RunRecord>,
    /// What its caller said of the trace.
    pub(crate) sampled: bool,
}

/// Runs that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    most: usize,
    /// So many are taken out at once.
    batch: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    runs: VecDeque<Taken>,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(most: usize, batch: usize) -> Self {
        Self { most, batch, waiting: Mutex::default(), changed: Condvar::new() }
    }

    /// Lets a run wait; false where there is no room for it.
    pub(crate) fn push(&self, taken: Taken) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.closed || waiting.runs.len() >= self.most {
            return false;
        }
        waiting.runs.push_back(taken);
        let is_first_or_full = waiting.runs.len() == 1 || waiting.runs.len() == self.batch;
        drop(waiting);
        if is_first_or_full {
            self.changed.notify_one();
        }
        true
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
        let gathers = |waiting: &mut Waiting| waiting.runs.len() < self.batch && !waiting.closed;
        self.changed.wait_while_until(&mut waiting, gathers, end);
        let count = waiting.runs.len().min(self.batch);
        let batch: Vec<_> = waiting.runs.drain(..count).collect();
        (!batch.is_empty()).then_some(batch)
    }

    /// Waits for this long, or until nothing more comes.
    pub(crate) fn pause(&self, how_long: Duration) {
        let (end, mut waiting) = (Instant::now() + how_long, self.waiting.lock());
        self.changed.wait_while_until(&mut waiting, |waiting| !waiting.closed, end);
    }

    /// Gives up what waits.
    pub(crate) fn clear(&self) -> Vec<Taken> {
        self.waiting.lock().runs.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::tests::run;

    fn taken() -> Taken {
        Taken { run: Arc::new(run("Pay")), sampled: true }
    }

    #[test]
    fn what_there_is_no_room_for_is_not_taken() {
        let queue = Queue::new(2, 2);

        let room: Vec<_> = (0..3).map(|_| queue.push(taken())).collect();

        assert_eq!(room, [true, true, false]);
    }

    #[test]
    fn a_full_batch_does_not_wait_for_more() {
        let queue = Queue::new(10, 2);
        (0..3).for_each(|_| assert!(queue.push(taken())));

        let batch = queue.gather(Duration::from_secs(3600));

        assert_eq!(batch.map(|batch| batch.len()), Some(2));
    }

    #[test]
    fn once_nothing_more_comes_what_waits_is_taken_at_once_and_then_there_is_an_end() {
        let queue = Queue::new(10, 2);
        (0..3).for_each(|_| assert!(queue.push(taken())));
        queue.close();

        let sizes: Vec<_> = std::iter::from_fn(|| queue.gather(Duration::from_secs(3600)))
            .map(|batch| batch.len())
            .collect();

        assert_eq!(sizes, [2, 1]);
        assert!(!queue.push(taken()));
    }

    #[test]
    fn who_waits_for_a_run_is_woken_by_one() {
        let queue = Queue::new(10, 1);

        let batch = std::thread::scope(|threads| {
            let waits = threads.spawn(|| queue.gather(Duration::from_secs(3600)));
            assert!(queue.push(taken()));
            waits.join().unwrap()
        });

        assert_eq!(batch.map(|batch| batch.len()), Some(1));
    }
}
