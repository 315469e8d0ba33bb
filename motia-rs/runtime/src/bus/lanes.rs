//! What a queue with keys has in memory: a window over what waits in the store, parted into lanes.
//!
//! The store is read in the order of the queue, and what is read goes into the lane of its key. A lane
//! holds only a few deliveries; those of its key beyond them are passed over, and read for the lane alone
//! when its turn comes. Where it is crowded, lanes that cannot start anything leave theirs to the store
//! (`shed`). So a key of which many wait, or of which one waits to be tried again, holds up no other. A lane of
//! which nothing is left in memory sleeps until its time has come.
//!
//! What was delayed, or is to be tried again, is treated so from the moment it falls due: the store finds it
//! by its key from then on.
//!
//! # Layout
//! - [`again`]: what waits once more
//! - [`asleep`]: lanes that wait for a time, all of them in the store
//! - [`newest`]: what newer ones took the place of
//! - [`reading`]: what is read of the store, and when
//! - [`standing`]: which lanes may start something, and what the others wait for
//!
//! Invariants:
//! - Every undelayed delivery up to `loaded`, and every delayed one up to `due_seen`, is in memory, at
//!   work, settled, or beyond `more.after` of its lane, or of where that is read on when it wakes. Those beyond `loaded`, if `spilled`, wait in the store.
//! - `held` has every delivery that is in memory or at work, or is being ended (`ending`). That makes
//!   reading idempotent: cursors are moved back at will. What was let go of, or ended, while the store
//!   was read (`released`) is not taken from what was read.
//! - A lane in order starts its first delivery only if none before it may wait in the store.
//! - A lane that is debounced starts its delivery only if no newer one may wait in the store.
//! - A lane that has something in memory or in the store is in exactly one of `open`, `parked`,
//!   `thirsty` and `asleep`, or has something at work; one that is asleep is not in `lanes`. `heads` has the
//!   lane of each delivery in the store that its lane waits for.

mod again;
mod asleep;
mod newest;
mod reading;
mod standing;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::{
    config::limit::{RateLimit, Used},
    registry::EventStep,
    store::{Arrival, Delivery, DeliveryId, Lane as Key},
};

use self::{again::Again, asleep::Asleep};
use super::{
    debounced::Superseded,
    lane::{Lane, Rules},
    reason::Reason,
    shelf::Gone,
};
use crate::clock::min_of;

/// Keys whose used rate is remembered before those are forgotten that it says nothing of any more.
const RATES_KEPT: usize = 1024;

/// Deliveries of one queue, by key.
#[derive(Debug)]
pub(super) struct Lanes {
    window: usize,
    rules: Rules,
    lanes: HashMap<Arc<str>, Lane>,
    /// Lanes that may start their first delivery, by its rank.
    open: BTreeSet<((Timestamp, u64), Arc<str>)>,
    /// Lanes that wait for a time.
    parked: BTreeSet<(Timestamp, Arc<str>)>,
    /// Lanes that wait for a time in the store, or to be read for where very many are.
    asleep: Box<Asleep>,
    /// Lanes that are to be read for, by where the store is to be read.
    thirsty: BTreeSet<(u64, Arc<str>)>,
    /// Whether lanes were read for last, so that it is the queue's turn.
    lanes_were_read: bool,
    heads: HashMap<u64, Arc<str>>,
    /// Deliveries in memory.
    count: usize,
    /// With its key, and the time at which it came in again, if it did.
    held: HashMap<u64, Held>,
    released: HashSet<u64>,
    /// What each key used of its rate, and until when that counts.
    rates: HashMap<Arc<str>, (Used, Timestamp)>,
    rates_kept: usize,
    /// Deliveries that a newer one of their key took the place of, to be ended in the store.
    superseded: Vec<Superseded>,
    /// Deliveries that wait again, though a newer one of their key was started: to be ended as well.
    overtaken: Vec<DeliveryId>,
    /// Since when keys were waited for before the app was started, by the last delivery of each.
    begun: HashMap<u64, Timestamp>,
    loaded: u64,
    tail: u64,
    spilled: bool,
    due_seen: (Timestamp, u64),
    due_late: Option<(Timestamp, u64)>,
    next_due: Option<Timestamp>,
    reading: bool,
    /// Starts since a page was read last.
    taken: usize,
}

#[derive(Debug)]
struct Held {
    key: Arc<str>,
    again: Option<Again>,
    /// Whether it is being ended in the store: a newer one took its place, or it has expired.
    ending: bool,
}

impl Lanes {
    pub(super) fn new(window: usize, step: &EventStep) -> Self {
        Self {
            window,
            rules: Rules::of(step, window),
            lanes: HashMap::new(),
            open: BTreeSet::new(),
            parked: BTreeSet::new(),
            asleep: Box::default(),
            thirsty: BTreeSet::new(),
            lanes_were_read: false,
            heads: HashMap::new(),
            count: 0,
            held: HashMap::new(),
            released: HashSet::new(),
            rates: HashMap::new(),
            rates_kept: RATES_KEPT,
            superseded: Vec::new(),
            overtaken: Vec::new(),
            begun: HashMap::new(),
            loaded: 0,
            tail: 0,
            spilled: true,
            due_seen: (Timestamp::MIN, 0),
            due_late: None,
            next_due: None,
            reading: false,
            taken: 0,
        }
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) fn clear(&mut self) {
        self.lanes.clear();
        self.open.clear();
        self.parked.clear();
        *self.asleep = Asleep::default();
        self.thirsty.clear();
    }

    /// The rate that the keys used before the app was started.
    pub(super) fn remember(
        &mut self,
        rates: impl IntoIterator<Item = (Arc<str>, (Used, Timestamp))>,
    ) {
        self.rates.extend(rates);
    }

    /// What a delivery's key has used of its rate by now.
    pub(super) fn used(&self, delivery: &Delivery) -> Option<(RateLimit, Used)> {
        let (used, _) = self.rates.get(&key_of(delivery))?;
        Some((self.rules.limits(delivery).rate?, *used))
    }

    pub(super) fn used_of(&self, key: &str) -> Option<Used> {
        self.rates.get(key).map(|(used, _)| *used)
    }

    pub(super) fn arrived(&mut self, arrival: Arrival, now: Timestamp) -> Option<Timestamp> {
        match arrival {
            Arrival::Ready(delivery) => self.push(delivery, now),
            Arrival::Due { id, due } => return self.expect(id.seq, due),
            Arrival::Back { id, key, .. } => self.back(id.seq, &key, now),
            Arrival::Gone { .. } => {}
        }
        self.next_lane(now)
    }

    fn push(&mut self, delivery: Delivery, now: Timestamp) {
        let seq = delivery.id.seq;
        if seq <= self.loaded {
            return;
        }
        let in_turn = !self.spilled && !self.reading;
        if (in_turn && self.count < self.window) || self.takes_a_place(&delivery) {
            if in_turn {
                self.loaded = seq;
            }
            self.admit(delivery, now);
        } else {
            self.spilled = true;
            self.tail = seq;
        }
    }

    /// Puts an undelayed delivery into its lane, or passes it over until the lane comes to it.
    fn admit(&mut self, delivery: Delivery, now: Timestamp) {
        let (seq, key) = (delivery.id.seq, key_of(&delivery));
        if self.held.contains_key(&seq) || self.released.contains(&seq) {
            return;
        }
        self.take_in(&key, delivery);
        self.refresh(&key, now);
    }

    fn take_in(&mut self, key: &Arc<str>, delivery: Delivery) {
        if let Some(after) = self.asleep.after(key) {
            if delivery.id.seq > after {
                return; // it is found when the lane wakes up
            }
            self.wake(key);
        }
        let lane = self.lanes.entry(key.clone()).or_default();
        if lane.passes_over(&self.rules, &delivery) {
            lane.pass_over(delivery.id.seq);
        } else {
            self.insert(key, delivery);
        }
    }

    fn insert(&mut self, key: &Arc<str>, delivery: Delivery) {
        let lane = self.lanes.entry(key.clone()).or_default();
        // It failed before a newer one was started, and fell due before it was ended.
        let ending = delivery.attempts > 0 && lane.is_overtaken(&self.rules, delivery.id.seq);
        let held = Held { key: key.clone(), again: None, ending };
        self.held.insert(delivery.id.seq, held);
        let begun = self.begun.remove(&delivery.id.seq);
        if ending {
            self.overtaken.push(delivery.id);
            return;
        }
        self.count += 1;
        if self.spilled && self.rules.debounce.is_some() && !lane.has_waiting() {
            // Those that come from now on take its place in memory.
            lane.may_wait(self.loaded, self.tail.max(self.loaded + 1));
        }
        let others = lane.insert(&self.rules, delivery, begun);
        let Some((heir, first_at)) = lane.waited_for() else { return };
        for old in others {
            self.count -= 1;
            if let Some(held) = self.held.get_mut(&old.id.seq) {
                held.ending = true;
            }
            self.superseded.push(Superseded { delivery: old.id, heir, first_at });
        }
    }

    /// What would be taken next.
    pub(super) fn first(&self) -> Option<&Delivery> {
        let (_, key) = self.open.first()?;
        self.lanes.get(key)?.first()
    }

    /// Takes out what would be taken next, which is being ended instead; it uses up nothing.
    pub(super) fn drop_first(&mut self, now: Timestamp) {
        let Some((_, key)) = self.open.first().cloned() else { return };
        let first = self.lanes.get_mut(&key).and_then(Lane::pop);
        if let Some(held) = first.and_then(|first| self.held.get_mut(&first.id.seq)) {
            held.ending = true;
            self.count -= 1;
        }
        self.refresh(&key, now);
    }

    /// Takes the first delivery of the most urgent lane.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let (_, key) = self.open.first()?.clone();
        let lane = self.lanes.get_mut(&key)?;
        let rate = lane.limits().rate;
        let delivery = lane.take()?;
        self.count -= 1;
        self.taken += 1;
        if let Some(limit) = rate
            && let Ok(used) = limit.take(self.used_of(&key), now)
        {
            self.rates.insert(key.clone(), (used, limit.forgotten_at(used)));
            if self.rates.len() > self.rates_kept {
                self.rates.retain(|_, (_, until)| *until > now);
                self.rates_kept = (2 * self.rates.len()).max(RATES_KEPT);
            }
        }
        self.refresh(&key, now);
        Some(delivery)
    }

    /// Lets go of a delivery that was at work; gives the time at which to look for it again.
    pub(super) fn done(&mut self, delivery: &Delivery, now: Timestamp) -> Option<Timestamp> {
        let (key, seq) = (key_of(delivery), delivery.id.seq);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.running = lane.running.saturating_sub(1);
            let waits_again = self.held.get(&seq).is_some_and(|held| held.again.is_some());
            if waits_again && lane.is_overtaken(&self.rules, seq) {
                self.overtaken.push(delivery.id);
            }
        }
        let look = self.release(delivery.id.seq, now);
        self.refresh(&key, now);
        min_of(look, self.next_lane(now))
    }

    /// Forgets a delivery that ended without being taken.
    pub(super) fn forget(&mut self, seq: u64, now: Timestamp) -> Gone {
        let Some(Held { key, ending, .. }) = self.held.get(&seq) else {
            self.forget_in_store(seq, now);
            return Gone::Unknown;
        };
        let (key, ending) = (key.clone(), *ending);
        let removed = self.lanes.get_mut(&key).is_some_and(|lane| lane.remove(seq));
        if !removed && !ending {
            return Gone::Unknown;
        }
        self.count -= usize::from(removed);
        self.release(seq, now);
        self.refresh(&key, now);
        Gone::Waited
    }

    /// Takes note that a delivery has ended that waited in the store.
    fn forget_in_store(&mut self, seq: u64, now: Timestamp) {
        if self.reading {
            self.released.insert(seq);
        }
        if let Some(key) = self.heads.remove(&seq) {
            self.unblock(&key);
            self.refresh(&key, now);
        } else if let Some(woken) = self.asleep.wake_head(seq) {
            self.read_for(woken, now);
        }
    }

    /// What keeps the first delivery of a key, or any but the first, from starting.
    pub(super) fn reasons(&self, delivery: &Delivery, now: Timestamp) -> Vec<Reason> {
        let key = key_of(delivery);
        let used = self.used_of(&key);
        let in_store = Lane::default();
        let lane = self.lanes.get(&key).unwrap_or(&in_store);
        lane.reasons(&self.rules, used, &key, delivery, now)
    }
}

fn min_of_places(
    one: Option<(Timestamp, u64)>,
    other: (Timestamp, u64),
) -> Option<(Timestamp, u64)> {
    Some(one.map_or(other, |one| one.min(other)))
}

/// The key of a delivery's lane. One that was emitted before its step had a key has none: all of those
/// are of one lane.
fn key_of(delivery: &Delivery) -> Arc<str> {
    delivery.lane.as_ref().map_or_else(|| "".into(), |Key { key, .. }| key.clone())
}
