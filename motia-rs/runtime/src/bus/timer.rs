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

use super::Queue;

/// The instants at which queues are to be woken.
#[derive(Debug, Default)]
pub(super) struct Timer {
    alarms: Mutex<BTreeSet<(Timestamp, QueueId)>>,
    changed: Notify,
}

/// The wall clock may jump while a timer sleeps; it is looked at again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl Timer {
    /// Wakes `queue` at `due`.
    pub(super) fn set(&self, due: Timestamp, queue: QueueId) {
        let mut alarms = self.alarms.lock();
        let earliest = alarms.first().is_none_or(|(first, _)| due < *first);
        alarms.insert((due, queue));
        if earliest {
            self.changed.notify_one();
        }
    }

    /// Wakes queues until it is told to stop.
    pub(super) async fn run(
        self: Arc<Self>,
        queues: HashMap<QueueId, Arc<Queue>>,
        engine: Arc<dyn Engine>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let now = engine.now();
            let next = self.ring(now, &queues);
            let wait = next.map_or(LONGEST_SLEEP, |due| until(due, now));
            tokio::select! {
                () = tokio::time::sleep(wait), if next.is_some() => {}
                () = self.changed.notified() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Wakes the queues whose time has come; gives the next instant.
    fn ring(&self, now: Timestamp, queues: &HashMap<QueueId, Arc<Queue>>) -> Option<Timestamp> {
        let mut due: Vec<QueueId> = Vec::new();
        let next = {
            let mut alarms = self.alarms.lock();
            while let Some((at, queue)) = alarms.first().copied().filter(|(at, _)| *at <= now) {
                alarms.remove(&(at, queue));
                due.push(queue);
            }
            alarms.first().map(|(at, _)| *at)
        };
        due.sort_unstable();
        due.dedup();
        due.iter().filter_map(|id| queues.get(id)).for_each(Queue::fell_due);
        next
    }
}

/// The time from `now` until `due`, rounded up to tokio's milliseconds.
fn until(due: Timestamp, now: Timestamp) -> Duration {
    let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
    (wait + Duration::from_micros(999)).min(LONGEST_SLEEP)
}
