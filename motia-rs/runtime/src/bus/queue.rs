//! One step's queue: what of it is in memory, what may be taken of it now, and who works on it.
//!
//! # Layout
//! - [`work`]: what is taken, and what is done with its place when it is over

mod work;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Weak},
};

use jiff::Timestamp;
use motia_core::{
    circuit::Circuit,
    config::limit::Used,
    store::{Arrival, Delivery, Ending, QueueId, StoreError},
};
use parking_lot::Mutex;

use super::{
    Shared, Subscriber,
    at_work::AtWork,
    backoff::Backoff,
    begun::Begun,
    debounced,
    lanes::Lanes,
    line::Line,
    postponed::Postponed,
    rate, reader,
    reason::Reason,
    share::Share,
    shelf::{Gone, Shelf},
    worker,
};
use crate::settings::Settings;

/// One step's queue.
pub struct Queue {
    pub(super) id: QueueId,
    pub(super) subscriber: Subscriber,
    pub(super) shared: Arc<Shared>,
    pub(super) concurrency: usize,
    window: usize,
    pub(super) circuit: Option<Arc<Circuit>>,
    me: Weak<Queue>,
    /// Held while what is used of rates is written, so that it is written in order.
    pub(super) recording: Mutex<()>,
    pub(super) postponed: Postponed,
    pub(super) backoff: Backoff,
    pub(super) inner: Mutex<Inner>,
}

/// What is under the queue's lock.
pub(super) struct Inner {
    pub(super) shelf: Shelf,
    /// Workers, each with at most one attempt at work.
    workers: usize,
    pub(super) running: usize,
    pub(super) at_work: AtWork,
    pub(super) used: Option<Used>,
    begun: Begun,
    /// Deliveries that are being ended in the store without having been started.
    ending: usize,
    pub(super) paused: Option<Pause>,
    /// What kept the last worker from taking anything; nobody need come before it is over.
    closed: Option<Reason>,
    pub(super) stopped: bool,
}

/// Who paused a queue.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Pause {
    /// Who.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

impl Queue {
    pub(super) fn new(
        id: QueueId,
        subscriber: Subscriber,
        shared: Arc<Shared>,
        circuit: Option<Arc<Circuit>>,
        settings: &Settings,
    ) -> Arc<Self> {
        let options = subscriber.event_step().options;
        let concurrency: NonZeroU32 = options.concurrency.unwrap_or(settings.concurrency);
        let window = settings.window.max(2);
        let shelf = if options.keyed {
            Shelf::Lanes(Lanes::new(window, subscriber.event_step()))
        } else {
            let share = subscriber.event_step().retry_share;
            let share = share.map(|share| Share::new(share, shared.engine.clone()));
            Shelf::Line(Line::new(window, options.batch, share))
        };
        let at_once = options.batch.map_or(1, |batch| batch.size.get() as usize);
        let inner = Inner {
            shelf,
            workers: 0,
            running: 0,
            at_work: AtWork::default(),
            used: None,
            begun: Begun::before(shared.recovered, concurrency.get() as usize * at_once),
            ending: 0,
            paused: None,
            closed: None,
            stopped: false,
        };
        Arc::new_cyclic(|me| Self {
            id,
            subscriber,
            shared,
            window,
            concurrency: usize::try_from(concurrency.get()).unwrap_or(usize::MAX),
            circuit,
            me: me.clone(),
            recording: Mutex::new(()),
            postponed: Postponed::default(),
            backoff: Backoff::default(),
            inner: Mutex::new(inner),
        })
    }

    /// Learns what was used of its rates, since when its keys are waited for, and whether it was paused, before
    /// the app was started.
    pub(super) async fn remember(&self, paused: Option<Pause>) -> Result<(), StoreError> {
        let (options, store) = (self.subscriber.event_step().options, self.shared.store());
        let (step, now) = (self.step_name(), self.shared.engine.now());
        let used = match options.rate_limit {
            Some(_) => rate::of_step(&**store, step, now).await?,
            None => None,
        };
        let of_keys = if self.subscriber.event_step().is_rated_per_key() {
            rate::of_keys(&**store, step, now).await?
        } else {
            Vec::new()
        };
        let begun = match options.debounce {
            Some(_) => debounced::of_step(&**store, step, now).await?,
            None => HashMap::new(),
        };
        let mut inner = self.inner.lock();
        (inner.used, inner.paused) = (used, paused);
        if let Shelf::Lanes(lanes) = &mut inner.shelf {
            lanes.remember(of_keys);
            lanes.remember_begun(begun);
        }
        Ok(())
    }

    pub(super) fn step_name(&self) -> &'static str {
        self.subscriber.step.name()
    }

    pub(super) fn running(&self) -> usize {
        self.inner.lock().running
    }

    pub(super) fn weak(&self) -> Weak<Self> {
        self.me.clone()
    }

    pub(super) fn is_quiet(&self) -> bool {
        let inner = self.inner.lock();
        let now = || self.shared.engine.now();
        let idle = inner.running == 0 && !inner.shelf.is_reading();
        let nothing = inner.shelf.is_empty() && !inner.shelf.has_more(now);
        let kept_back = || inner.stopped || self.closed(&inner, now()).is_some();
        idle && (nothing || kept_back())
    }

    pub(super) fn stop(&self) {
        let mut inner = self.inner.lock();
        inner.stopped = true;
        // What was not begun waits in the store, where it is anyway.
        inner.shelf.clear();
    }

    /// Ends the attempts at work, for the app is over.
    pub(super) fn give_up(&self) {
        self.inner.lock().at_work.iter().for_each(|attempt| attempt.cancelled.cancel());
    }

    pub(super) fn pause(&self, pause: Option<Pause>) {
        self.inner.lock().paused = pause;
        self.poke();
    }

    /// Looks again, for something that kept it from taking work may be over.
    pub(super) fn poke(&self) {
        if let Some(queue) = self.me.upgrade() {
            queue.look();
        }
    }

    /// Takes what a commit put into this queue.
    pub(super) fn arrived(self: &Arc<Self>, arrivals: Vec<Arrival>) {
        let mut inner = self.inner.lock();
        let now = || self.shared.engine.now();
        for arrival in arrivals {
            if let Arrival::Gone { id, ending } = arrival {
                self.gone(&mut inner, id.seq, ending);
            } else if !inner.stopped {
                let look = inner.shelf.arrived(arrival, now);
                self.look_at(look);
            }
        }
        if inner.stopped {
            return; // what runs is still stopped when it is cancelled
        }
        self.end_superseded(&mut inner);
        if matches!(inner.closed, Some(Reason::Batching { .. })) {
            // What came may have filled the batch.
            inner.closed = None;
        }
        if inner.shelf.wants(now) {
            self.read_on(&mut inner);
        }
        self.employ(&mut inner);
    }

    /// Looks at all that waits: at the start, and when a time has come.
    pub(super) fn look(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        inner.closed = None;
        let now = self.shared.engine.now();
        let next = inner.shelf.woken(now);
        self.look_at(next);
        if inner.shelf.wants(|| now) {
            self.read_on(&mut inner);
        }
        self.employ(&mut inner);
    }

    fn look_at(&self, at: Option<Timestamp>) {
        if let Some(at) = at.filter(|at| *at != Timestamp::MAX) {
            self.shared.timer.set(at, self.id);
        }
    }

    /// Forgets or cancels what was ended in the store.
    fn gone(&self, inner: &mut Inner, seq: u64, ending: Ending) {
        let now = self.shared.engine.now();
        let gone = inner.shelf.forget(seq, now);
        self.look_at(inner.shelf.next_lane(|| now));
        if gone == Gone::Waited {
            return;
        }
        for attempt in inner.at_work.iter_mut().filter(|attempt| attempt.has(seq)) {
            attempt.ended = Some(ending);
            attempt.cancelled.cancel();
        }
    }

    /// Ends in the store what newer events took the place of.
    fn end_superseded(&self, inner: &mut Inner) {
        let debounce = self.subscriber.event_step().options.debounce;
        let (Some(debounce), Shelf::Lanes(lanes)) = (debounce, &mut inner.shelf) else { return };
        let (superseded, overtaken) = (lanes.take_superseded(), lanes.take_overtaken());
        if superseded.is_empty() && overtaken.is_empty() {
            return;
        }
        let at = self.shared.engine.now();
        for superseded in superseded {
            let end = superseded.end(self.step_name(), debounce, at);
            self.end(inner, worker::end_in_store(self.shared.clone(), end));
        }
        for delivery in overtaken {
            self.end(inner, worker::end_overtaken(self.shared.clone(), delivery, at));
        }
    }

    /// Ends in the store what of its key waits to be tried again, though a newer event is started now that
    /// is handled in its place.
    pub(super) fn end_older(&self, inner: &mut Inner, newer: &Delivery) {
        let debounced = self.subscriber.event_step().options.debounce.is_some();
        let Shelf::Lanes(lanes) = &mut inner.shelf else { return };
        if !debounced || newer.lane.is_none() {
            return;
        }
        let key = lanes.ends_older(newer);
        let at_work = inner.at_work.iter().flat_map(|attempt| attempt.seqs().to_vec()).collect();
        let (shared, id, queue) = (self.shared.clone(), newer.id, self.me.clone());
        self.end(inner, async move {
            worker::end_older(shared.clone(), id, key.clone(), at_work).await;
            if let Some(queue) = queue.upgrade()
                && let Shelf::Lanes(lanes) = &mut queue.inner.lock().shelf
            {
                lanes.ended_older(&key, shared.engine.now());
            }
        });
    }

    /// Has a delivery ended in the store that is not to be started. While a window of them is, nothing
    /// is read on: a backlog that is not worth starting does not come into memory all at once.
    pub(super) fn end(&self, inner: &mut Inner, end: impl Future<Output = ()> + Send + 'static) {
        inner.ending += 1;
        let queue = self.me.clone();
        self.shared.tasks.spawn(async move {
            end.await;
            if let Some(queue) = queue.upgrade() {
                queue.has_ended();
            }
        });
    }

    fn has_ended(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        inner.ending -= 1;
        if inner.shelf.wants(|| self.shared.engine.now()) {
            self.read_on(&mut inner);
        }
    }

    /// Reads on in the store, unless that is under way or there is no room; says whether it does.
    pub(super) fn read_on(self: &Arc<Self>, inner: &mut Inner) -> bool {
        if inner.stopped || inner.ending >= self.window {
            return false;
        }
        let read = inner.shelf.begin_reading(self.id, self.shared.engine.now());
        let Some(read) = read else { return false };
        self.shared.tasks.spawn(reader::read(self.clone(), read));
        true
    }

    /// Takes what was read.
    pub(super) fn take_in(self: &Arc<Self>, found: super::shelf::Found) {
        let mut inner = self.inner.lock();
        if inner.stopped {
            inner.shelf.reading_failed(None);
            return;
        }
        let now = self.shared.engine.now();
        inner.shelf.read(found, now);
        let next = inner.shelf.woken(now);
        self.look_at(next);
        self.end_superseded(&mut inner);
        self.employ(&mut inner);
        if inner.shelf.wants(|| now) {
            self.read_on(&mut inner);
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("step", &self.step_name()).finish_non_exhaustive()
    }
}
