//! Who works on what of a queue: what is taken, and what is done with its place when it is over.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    circuit::{Turn, Verdict},
    store::{Delivery, Ending, Write},
};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        at_work::{Attempt, Place, Taken},
        rate,
        reason::Reason,
        shelf::Shelf,
        worker,
    },
    Inner, Queue,
};

impl Queue {
    /// Whether anything is said of this queue that `closed` has to look at for each delivery.
    fn is_plain(&self, inner: &Inner) -> bool {
        let options = &self.subscriber.event_step().options;
        !inner.stopped
            && inner.paused.is_none()
            && self.circuit.is_none()
            && options.rate_limit.is_none()
            && options.batch.is_none()
    }

    /// Takes the next delivery to work on, or batch of them; `None` lets the worker go.
    pub(in super::super) fn take(self: &Arc<Self>) -> Option<Taken> {
        let mut inner = self.inner.lock();
        self.take_or_leave(&mut inner, Arc::default(), false)
    }

    /// Ends the work on what was taken and takes the next, with a token to cancel it; `None` lets the
    /// worker go.
    pub(in super::super) fn go_on(
        self: &Arc<Self>,
        done: &Taken,
        verdict: Verdict,
        token: Arc<CancellationToken>,
    ) -> Option<Taken> {
        let mut inner = self.inner.lock();
        if !self.free(&mut inner, done.place, &done.deliveries, verdict) {
            return None; // the work was taken away, and this worker's place with it
        }
        // What waits again may have been cancelled meanwhile: that does not concern the next.
        let token = if token.is_cancelled() { Arc::default() } else { token };
        let keeps_slot = !self.shared.slots.are_waited_for();
        if !keeps_slot {
            self.slot_is_free();
        }
        self.take_or_leave(&mut inner, token, keeps_slot)
    }

    fn take_or_leave(
        self: &Arc<Self>,
        inner: &mut Inner,
        token: Arc<CancellationToken>,
        mut has_slot: bool,
    ) -> Option<Taken> {
        let mut taken = self.take_next(inner, token, &mut has_slot);
        // What was taken may have used up a rate, for which the next of its key has to wait.
        self.look_at(inner.shelf.next_lane(|| self.shared.engine.now()));
        if taken.is_none() && has_slot {
            self.slot_is_free();
        }
        let mut spawned = false;
        if taken.is_some() {
            // Each worker brings in the next, so that no more come than find something to do.
            spawned |= self.employ(inner);
        } else {
            inner.workers -= 1;
            self.decline_slot();
        }
        if inner.shelf.wants(|| self.shared.engine.now()) {
            spawned |= self.read_on(inner);
        }
        if let Some(taken) = &mut taken {
            taken.spawned = spawned;
        }
        taken
    }

    fn take_next(
        &self,
        inner: &mut Inner,
        cancelled: Arc<CancellationToken>,
        has_slot: &mut bool,
    ) -> Option<Taken> {
        let now = self.shared.engine.now();
        loop {
            if inner.shelf.is_empty() {
                return None;
            }
            if !self.is_plain(inner)
                && let Some(reason) = self.closed(inner, now)
            {
                self.look_at(reason.until());
                inner.closed = Some(reason);
                return None;
            }
            if !self.drop_expired(inner, now) {
                break;
            }
        }
        *has_slot = *has_slot || self.shared.slots.take(&self.me);
        if !*has_slot {
            inner.closed = Some(Reason::ProcessBusy { running: self.shared.slots.limit });
            return None;
        }
        let mut trial = None;
        if let Some(circuit) = &self.circuit {
            match circuit.enter(now) {
                Ok(entered) => trial = entered,
                Err(state) => {
                    // Another queue was faster with the only trial.
                    inner.closed =
                        Some(Reason::CircuitOpen { name: circuit.name().clone(), state });
                    return None;
                }
            }
        }

        // One that has expired ends a batch: it is dropped when it is next, and takes no other with it.
        let ttl = self.subscriber.event_step().options.ttl;
        let expired = |next: &Delivery| worker::expired(&self.shared, next, ttl).is_some();
        let deliveries = inner.shelf.take(now, expired);
        self.use_rate(inner, now);
        let mut unrecorded = false;
        for delivery in deliveries.iter().filter(|delivery| self.shared.inherited(delivery, now)) {
            unrecorded |= inner.begun.may_have_begun(delivery);
        }
        inner.running += 1;
        let attempt = Attempt::of(&deliveries, now, cancelled.clone(), trial);
        if let [newer] = &*deliveries {
            self.end_older(inner, newer);
        }
        let place = inner.at_work.put(attempt);
        Some(Taken { deliveries, place, cancelled, unrecorded, spawned: false, at: now })
    }

    /// Ends what would be next, if it is no longer worth starting: before it uses up anything of a rate,
    /// which those behind it need.
    fn drop_expired(&self, inner: &mut Inner, now: Timestamp) -> bool {
        let ttl = self.subscriber.event_step().options.ttl;
        let first = inner.shelf.first();
        let expired = first.and_then(|first| worker::expired(&self.shared, first, ttl));
        let Some(expired) = expired else { return false };
        inner.shelf.drop_first(now);
        let (shared, step) = (self.shared.clone(), self.subscriber.step.clone());
        self.end(inner, worker::end_expired(shared, step, expired));
        true
    }

    /// Uses the step's rate; those of the keys were used when their deliveries were taken.
    fn use_rate(&self, inner: &mut Inner, now: Timestamp) {
        if let Some(limit) = self.subscriber.event_step().options.rate_limit
            && let Ok(used) = limit.take(inner.used, now)
        {
            inner.used = Some(used);
        }
    }

    /// What is used by now of the rates that these deliveries use, to be kept.
    pub(in super::super) fn rates_used(&self, deliveries: &[Delivery]) -> Vec<Write> {
        let (step, options) = (self.step_name(), &self.subscriber.event_step().options);
        let inner = self.inner.lock();
        let keep = |(limit, used)| rate::keep(rate::STEPS.to_owned(), step, limit, used);
        let of_step = options.rate_limit.zip(inner.used).map(keep);
        let Shelf::Lanes(lanes) = &inner.shelf else { return of_step.into_iter().collect() };
        let of_keys = deliveries.iter().filter_map(|delivery| {
            let (lane, (limit, used)) = (delivery.lane.as_ref()?, lanes.used(delivery)?);
            Some(rate::keep(rate::keys(step), &lane.key, limit, used))
        });
        of_step.into_iter().chain(of_keys).collect()
    }

    /// Whether it says how often attempts may start.
    pub(in super::super) fn is_rated(&self) -> bool {
        let step = self.subscriber.event_step();
        step.options.rate_limit.is_some() || step.is_rated_per_key()
    }

    /// How a delivery of the attempt at this place ended in the store, while it is at work.
    pub(in super::super) fn ended(&self, place: Place) -> Option<Ending> {
        self.inner.lock().at_work.get(place).and_then(|attempt| attempt.ended)
    }

    /// Takes the work away from a worker that does not give its thread back: another takes its place.
    /// Says whether it was still at work.
    pub(in super::super) fn take_away(
        self: &Arc<Self>,
        place: Place,
        deliveries: &[Delivery],
        verdict: Verdict,
    ) -> bool {
        let mut inner = self.inner.lock();
        if !self.free(&mut inner, place, deliveries, verdict) {
            return false;
        }
        self.slot_is_free();
        inner.workers -= 1;
        if inner.shelf.wants(|| self.shared.engine.now()) {
            self.read_on(&mut inner);
        }
        self.employ(&mut inner);
        true
    }

    /// Ends an attempt, but for its slot; says whether it was still at work.
    fn free(
        self: &Arc<Self>,
        inner: &mut Inner,
        place: Place,
        deliveries: &[Delivery],
        verdict: Verdict,
    ) -> bool {
        let Some(trial) = inner.at_work.get(place).map(|attempt| attempt.trial) else {
            return false;
        };
        inner.at_work.remove(place);
        inner.running -= 1;
        inner.closed = None;
        let now = || self.shared.engine.now();
        for delivery in deliveries {
            let look = inner.shelf.done(delivery, now);
            self.look_at(look);
        }
        self.end_superseded(inner);
        if let Some(circuit) = &self.circuit
            && circuit.ended(verdict, trial, now())
        {
            self.shared.engine.circuits().turned(circuit, Turn::ByAttempt);
        }
        true
    }

    fn slot_is_free(&self) {
        if let Some(next) = self.shared.slots.give_back().and_then(|queue| queue.upgrade()) {
            // Not here: this queue's lock may be held, and the next may be this one.
            self.shared.tasks.spawn(async move { next.slot_is_promised() });
        }
    }

    /// Has a worker come for the slot that was promised to this queue, or lets the next one have it.
    fn slot_is_promised(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        inner.closed = None;
        if inner.shelf.is_empty() || self.closed(&inner, self.shared.engine.now()).is_some() {
            self.decline_slot();
        }
        self.employ(&mut inner);
    }

    fn decline_slot(&self) {
        if self.shared.slots.decline(&self.me) {
            self.slot_is_free();
        }
    }

    /// Starts a worker if another is wanted; it brings in the next when it takes something.
    /// Says whether it does.
    pub(in super::super) fn employ(self: &Arc<Self>, inner: &mut Inner) -> bool {
        if inner.closed.is_some() {
            return false;
        }
        let wanted = (inner.shelf.takeable() + inner.running).min(self.concurrency);
        let starts = inner.workers < wanted;
        if starts {
            inner.workers += 1;
            self.shared.tasks.spawn(worker::run(self.clone()));
        }
        starts
    }
}
