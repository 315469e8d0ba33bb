//! One step's queue: a window in memory over what waits in the store.
//!
//! Invariants, all under one lock:
//! - `ready` holds undelayed deliveries in the order of their sequence numbers, and delayed ones from
//!   the moment they fell due.
//! - Every undelayed delivery up to `loaded` has been in `ready`; those beyond it, if `spilled`, wait
//!   in the store, the last one known of at `tail`. Arrivals at or below `loaded` were read from the
//!   store already and are passed over.
//! - Every delayed delivery up to the cursor `due_seen` has been in `ready`. One that comes in before
//!   the cursor moves it back, also past a page that is being read just then (`late`).
//! - `held` has each delayed delivery that is in `ready` or at work, so that no page brings it twice;
//!   what was let go of while a page was read (`released`) is not taken from that page. A delivery
//!   that comes in again while it is held is looked for once it is let go of: the store has the truth.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    num::NonZeroU32,
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::store::{Arrival, Delivery, Pull, Pulled, QueueId, StoreError};
use parking_lot::Mutex;

use super::{Shared, Subscriber, worker};
use crate::settings::Settings;

/// One step's queue.
pub struct Queue {
    pub(super) id: QueueId,
    pub(super) subscriber: Subscriber,
    pub(super) shared: Arc<Shared>,
    window: usize,
    concurrency: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    ready: VecDeque<Delivery>,
    /// Workers, each with at most one delivery at work.
    workers: usize,
    running: usize,
    loaded: u64,
    tail: u64,
    spilled: bool,
    due_seen: (Timestamp, u64),
    /// When the first delayed delivery beyond the cursor falls due.
    next_due: Option<Timestamp>,
    /// By sequence number; with the time at which it came in again, if it did.
    held: HashMap<u64, Option<Timestamp>>,
    reading: bool,
    late: Option<(Timestamp, u64)>,
    released: HashSet<u64>,
    stopped: bool,
}

impl Queue {
    pub(super) fn new(
        id: QueueId,
        subscriber: Subscriber,
        shared: Arc<Shared>,
        settings: &Settings,
    ) -> Self {
        let concurrency = subscriber.event_step().options.concurrency;
        let concurrency: NonZeroU32 = concurrency.unwrap_or(settings.concurrency);
        let inner = Inner { due_seen: (Timestamp::MIN, 0), ..Inner::default() };
        Self {
            id,
            subscriber,
            shared,
            window: settings.window.max(2),
            concurrency: usize::try_from(concurrency.get()).unwrap_or(usize::MAX),
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn step_name(&self) -> &'static str {
        self.subscriber.step.name()
    }

    pub(super) fn running(&self) -> usize {
        self.inner.lock().running
    }

    pub(super) fn is_quiet(&self) -> bool {
        let inner = self.inner.lock();
        let idle = inner.running == 0 && inner.ready.is_empty() && !inner.reading;
        idle && !inner.has_more(|| self.shared.engine.now())
    }

    pub(super) fn stop(&self) {
        let mut inner = self.inner.lock();
        inner.stopped = true;
        // What was not begun waits in the store, where it is anyway.
        inner.ready.clear();
    }

    /// Reads what waits in the store since before the app was started.
    pub(super) fn take_up(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        inner.spilled = true;
        self.read_on(&mut inner);
    }

    /// Takes what a commit put into this queue.
    pub(super) fn arrived(self: &Arc<Self>, arrivals: Vec<Arrival>) {
        let mut inner = self.inner.lock();
        if inner.stopped {
            return;
        }
        for arrival in arrivals {
            match arrival {
                Arrival::Ready(delivery) => inner.push(delivery, self.window),
                Arrival::Due { id, due } => self.expect(&mut inner, id.seq, due),
            }
        }
        self.employ(&mut inner);
    }

    /// Wakes up because a delayed delivery falls due.
    pub(super) fn fell_due(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        self.read_on(&mut inner);
    }

    /// Takes the next delivery to work on; `None` lets the worker go.
    pub(super) fn take(self: &Arc<Self>) -> Option<Delivery> {
        let mut inner = self.inner.lock();
        let next = if inner.stopped { None } else { inner.ready.pop_front() };
        if next.is_some() {
            inner.running += 1;
        } else {
            inner.workers -= 1;
        }
        if inner.ready.len() <= self.window / 2 && inner.has_more(|| self.shared.engine.now()) {
            self.read_on(&mut inner);
        }
        next
    }

    /// Ends the work on a delivery.
    pub(super) fn done(&self, delivery: &Delivery) {
        let mut inner = self.inner.lock();
        inner.running -= 1;
        let seq = delivery.id.seq;
        if delivery.due.is_none() {
            // It was not held; if it came in again, it may be held by somebody else by now.
            return;
        }
        let came_again = inner.held.remove(&seq).flatten();
        if inner.reading {
            inner.released.insert(seq);
        }
        if let Some(due) = came_again {
            self.expect(&mut inner, seq, due);
        }
    }

    /// Notes that a delivery waits for its time.
    fn expect(&self, inner: &mut Inner, seq: u64, due: Timestamp) {
        if let Some(came_again) = inner.held.get_mut(&seq) {
            *came_again = Some(due);
            return;
        }
        let before = (due, seq.saturating_sub(1));
        inner.due_seen = inner.due_seen.min(before);
        if inner.reading {
            inner.late = Some(inner.late.map_or(before, |late| late.min(before)));
        }
        inner.next_due = Some(inner.next_due.map_or(due, |next| next.min(due)));
        self.shared.timer.set(due, self.id);
    }

    /// Starts workers for what is ready, as many as may run.
    fn employ(self: &Arc<Self>, inner: &mut Inner) {
        let wanted = (inner.ready.len() + inner.running).min(self.concurrency);
        for _ in inner.workers..wanted {
            inner.workers += 1;
            self.shared.tasks.spawn(worker::run(self.clone()));
        }
    }

    /// Reads on in the store, unless that is under way or there is no room.
    fn read_on(self: &Arc<Self>, inner: &mut Inner) {
        let room = self.window.saturating_sub(inner.ready.len());
        if inner.reading || inner.stopped || room == 0 {
            return;
        }
        inner.reading = true;
        inner.next_due = None;
        let pull = Pull {
            queue: self.id,
            after: inner.loaded,
            due_after: inner.due_seen,
            now: self.shared.engine.now(),
            limit: room,
        };
        let queue = self.clone();
        self.shared.tasks.spawn(async move {
            let pulled = queue.shared.store().pull(pull).await;
            queue.read(pull, pulled).await;
        });
    }

    /// Takes what was read.
    async fn read(self: &Arc<Self>, pull: Pull, pulled: Result<Pulled, StoreError>) {
        let pulled = match pulled {
            Ok(pulled) => pulled,
            Err(error) => return self.read_later(&error).await,
        };
        let mut inner = self.inner.lock();
        inner.reading = false;
        if inner.stopped {
            return;
        }
        let last_page = pulled.ready.len() < pull.limit;
        for delivery in pulled.ready {
            if delivery.id.seq > inner.loaded {
                inner.loaded = delivery.id.seq;
                inner.ready.push_back(delivery);
            }
        }
        // What arrived since the page was read lies beyond it.
        inner.spilled = !last_page || inner.tail > inner.loaded;
        for delivery in pulled.due {
            inner.fell_due(delivery);
        }
        inner.page_is_over();
        let next_due = [pulled.next_due, inner.next_due].into_iter().flatten().min();
        inner.next_due = next_due;
        if let Some(due) = next_due {
            self.shared.timer.set(due, self.id);
        }
        self.employ(&mut inner);
        let low = inner.ready.len() <= self.window / 2;
        if low && inner.has_more(|| self.shared.engine.now()) {
            self.read_on(&mut inner);
        }
    }

    /// Tries again in a second: the store may be back then, and nothing is lost meanwhile.
    async fn read_later(self: &Arc<Self>, error: &StoreError) {
        tracing::error!(step = self.step_name(), %error, "the queue could not be read");
        let stopping = self.shared.tasks.stopping().clone();
        let second = tokio::time::sleep(std::time::Duration::from_secs(1));
        let stopped = stopping.run_until_cancelled(second).await.is_none();
        let mut inner = self.inner.lock();
        inner.reading = false;
        inner.page_is_over();
        if !stopped {
            self.read_on(&mut inner);
        }
    }
}

impl Inner {
    /// Takes an undelayed delivery, into memory if there is room and nothing before it waits in the
    /// store.
    fn push(&mut self, delivery: Delivery, window: usize) {
        if delivery.id.seq <= self.loaded {
            return;
        }
        if self.spilled || self.reading || self.ready.len() >= window {
            self.spilled = true;
            self.tail = delivery.id.seq;
        } else {
            self.loaded = delivery.id.seq;
            self.ready.push_back(delivery);
        }
    }

    /// Takes a delayed delivery that has fallen due from a page.
    fn fell_due(&mut self, delivery: Delivery) {
        let (seq, Some(due)) = (delivery.id.seq, delivery.due) else { return };
        self.due_seen = self.due_seen.max((due, seq));
        if !self.released.contains(&seq)
            && let Entry::Vacant(free) = self.held.entry(seq)
        {
            free.insert(None);
            self.ready.push_back(delivery);
        }
    }

    /// What came in before the cursor while the page was read is not in it.
    fn page_is_over(&mut self) {
        self.released.clear();
        if let Some(late) = self.late.take() {
            self.due_seen = self.due_seen.min(late);
        }
    }

    /// Whether the store has deliveries that could be taken now.
    fn has_more(&self, now: impl FnOnce() -> Timestamp) -> bool {
        self.spilled || self.next_due.is_some_and(|due| due <= now())
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("step", &self.step_name()).finish_non_exhaustive()
    }
}
