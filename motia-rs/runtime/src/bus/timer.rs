//! Wakes queues when their delayed deliveries fall due.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use motia_core::{context::Engine, store::QueueId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Queues;
use crate::{clock::until, pulse::Area};

/// The instants at which queues are to be woken: one for each queue, the earliest.
#[derive(Debug, Default)]
pub(super) struct Timer {
    alarms: Mutex<Alarms>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Alarms {
    by_time: BTreeSet<(Timestamp, QueueId)>,
    by_queue: HashMap<QueueId, Timestamp>,
}

impl Alarms {
    /// Sets an alarm unless the queue has an earlier one; says whether it is the first of all now.
    fn set(&mut self, due: Timestamp, queue: QueueId) -> bool {
        match self.by_queue.insert(queue, due) {
            Some(earlier) if earlier <= due => {
                self.by_queue.insert(queue, earlier);
                return false;
            }
            Some(later) => drop(self.by_time.remove(&(later, queue))),
            None => {}
        }
        self.by_time.insert((due, queue));
        self.by_time.first() == Some(&(due, queue))
    }

    /// Takes the first alarm if its time has come.
    fn take(&mut self, now: Timestamp) -> Option<QueueId> {
        let (_, queue) = self.by_time.first().copied().filter(|(due, _)| *due <= now)?;
        self.by_time.pop_first();
        self.by_queue.remove(&queue);
        Some(queue)
    }
}

/// The wall clock may jump while a timer sleeps; it is looked at again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl Timer {
    /// Wakes `queue` at `due`, or before.
    pub(super) fn set(&self, due: Timestamp, queue: QueueId) {
        if self.alarms.lock().set(due, queue) {
            self.changed.notify_one();
        }
    }

    /// Wakes queues until it is told to stop.
    pub(super) async fn run(
        self: Arc<Self>,
        queues: Queues,
        engine: Arc<dyn Engine>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let now = engine.now();
            let next = self.ring(now, &queues);
            let wait = next.map_or(LONGEST_SLEEP, |due| nap(due, now));
            tokio::select! {
                () = tokio::time::sleep(wait), if next.is_some() => {}
                () = self.changed.notified() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Wakes the queues whose time has come; gives the next instant.
    fn ring(&self, now: Timestamp, queues: &Queues) -> Option<Timestamp> {
        let (due, next) = {
            let mut alarms = self.alarms.lock();
            let due: Vec<_> = std::iter::from_fn(|| alarms.take(now)).collect();
            (due, alarms.by_time.first().map(|(at, _)| *at))
        };
        for queue in due.iter().filter_map(|id| queues.get(id)) {
            queue.look();
            // What was delayed waits now, though nothing may start of it and nothing is written.
            queue.shared.pulse.beat(Area::Queues);
        }
        next
    }
}

/// How long to sleep for `due`: rounded up to tokio's milliseconds, and not too long.
fn nap(due: Timestamp, now: Timestamp) -> Duration {
    (until(due, now) + Duration::from_micros(999)).min(LONGEST_SLEEP)
}
