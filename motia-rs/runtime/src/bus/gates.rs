//! What keeps a whole queue from starting anything: each gate decides, and explains to people who ask.

use jiff::Timestamp;

use super::{
    Queue,
    queue::{Inner, Pause},
    reason::Reason,
};

type Gate = fn(&Queue, &Inner, Timestamp) -> Option<Reason>;

/// In the order in which they are looked at.
const GATES: [Gate; 6] = [stopping, paused, busy, circuit, rate, shelf];

impl Queue {
    /// Why no delivery of this queue may start now, whichever it is: the first reason there is.
    pub(super) fn closed(&self, inner: &Inner, now: Timestamp) -> Option<Reason> {
        self.all_closed(inner, now).next()
    }

    /// The same with every reason.
    pub(super) fn all_closed(&self, inner: &Inner, now: Timestamp) -> impl Iterator<Item = Reason> {
        GATES.iter().filter_map(move |gate| gate(self, inner, now))
    }
}

fn stopping(_: &Queue, inner: &Inner, _: Timestamp) -> Option<Reason> {
    inner.stopped.then_some(Reason::Stopping)
}

fn paused(_: &Queue, inner: &Inner, _: Timestamp) -> Option<Reason> {
    let Pause { by, since } = inner.paused.as_ref()?;
    Some(Reason::Paused { by: by.clone(), since: *since })
}

fn busy(queue: &Queue, inner: &Inner, _: Timestamp) -> Option<Reason> {
    let running = inner.running;
    (running >= queue.concurrency).then_some(Reason::StepBusy { running })
}

fn circuit(queue: &Queue, _: &Inner, now: Timestamp) -> Option<Reason> {
    let circuit = queue.circuit.as_ref()?;
    let state = circuit.admits(now).err()?;
    Some(Reason::CircuitOpen { name: circuit.name().clone(), state })
}

fn rate(queue: &Queue, inner: &Inner, now: Timestamp) -> Option<Reason> {
    let limit = queue.subscriber.event_step().options.rate_limit?;
    let until = limit.take(inner.used, now).err()?;
    Some(Reason::RateLimited { until })
}

fn shelf(_: &Queue, inner: &Inner, now: Timestamp) -> Option<Reason> {
    inner.shelf.closed(now)
}
