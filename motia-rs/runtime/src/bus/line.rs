//! What a queue without keys has in memory: a window over what waits in the store.
//!
//! Invariants:
//! - `ready` holds undelayed deliveries of normal priority in the order of their sequence numbers,
//!   and delayed ones from the moment they fell due; `ranked` holds those of another priority. Where the
//!   starts are shared, those that were tried before and fell due are in `tried` instead.
//! - Every undelayed normal delivery up to `loaded` has been in `ready`; those beyond it, if
//!   `spilled`, wait in the store, the last one known of at `tail`. Arrivals at or below `loaded` were
//!   read from the store already and are passed over.
//! - What keeps its place in the store although this queue has no keys (it had them before) is in
//!   `strays` while it waits to be tried again.
//! - `held` has every other delivery that is in memory or at work, so that no page brings it twice. That
//!   makes reading idempotent: the cursors `due` and `rank` are moved back at will, also past a page that
//!   is being read just then (`late`). What was let go of while a page was read (`released`) is not taken
//!   from that page. A delivery that comes in again while it is held is looked for once it is let go
//!   of: the store has the truth. What is being ended is held until that is heard (`ending`).
//! - `ranked` has no more than a window; `ready` no more than that of undelayed ones, and as many again
//!   that fell due.
//! - Nothing is taken while something more urgent may wait in the store: a kind of which that has more is
//!   read on before it runs dry, and waited for if it did.
//!
//! # Layout
//! - [`reading`]: what is read of the store, and when

mod reading;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::Entry};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use motia_core::{
    config::event::Batching,
    store::{Arrival, Delivery},
};

use super::{at_work::Deliveries, reason::Reason, share::Share, shelf::Gone, strays::Strays};

/// Deliveries of one queue, without keys.
#[derive(Debug)]
pub(super) struct Line {
    window: usize,
    batch: Option<Batching>,
    ready: VecDeque<Delivery>,
    tried: VecDeque<Delivery>,
    /// Whether more that fell due wait in the store than are in memory.
    more_due: bool,
    share: Option<Share>,
    ranked: BTreeMap<(Timestamp, u64), Delivery>,
    loaded: u64,
    tail: u64,
    spilled: bool,
    due: Cursor,
    /// When the first delayed delivery beyond the cursor falls due.
    next_due: Option<Timestamp>,
    rank: Cursor,
    rank_spilled: bool,
    /// By sequence number; with the time at which it came in again, if it did.
    held: HashMap<u64, Option<Timestamp>, RandomState>,
    released: HashSet<u64>,
    /// Held although it is neither in memory nor at work: it is being ended in the store.
    ending: HashSet<u64>,
    strays: Strays,
    reading: bool,
    /// Starts since the store was read last.
    taken: usize,
}

/// How far an index of the store was read.
#[derive(Debug)]
struct Cursor {
    seen: (Timestamp, u64),
    /// Moved back while a page was read.
    late: Option<(Timestamp, u64)>,
}

impl Cursor {
    const START: Self = Self { seen: (Timestamp::MIN, 0), late: None };

    fn back_to(&mut self, place: (Timestamp, u64), reading: bool) {
        let before = (place.0, place.1.saturating_sub(1));
        self.seen = self.seen.min(before);
        if reading {
            self.late = Some(self.late.map_or(before, |late| late.min(before)));
        }
    }

    fn read(&mut self, place: (Timestamp, u64)) {
        self.seen = self.seen.max(place);
    }

    fn page_is_over(&mut self) {
        if let Some(late) = self.late.take() {
            self.seen = self.seen.min(late);
        }
    }
}

impl Line {
    /// An empty line over a store in which something may wait.
    pub(super) fn new(window: usize, batch: Option<Batching>, share: Option<Share>) -> Self {
        // Room for a batch, and for as much again before it is read on.
        let batches = batch.map_or(0, |batching| 2 * batching.size.get() as usize);
        Self {
            window: window.max(batches),
            batch,
            ready: VecDeque::new(),
            tried: VecDeque::new(),
            more_due: false,
            share,
            ranked: BTreeMap::new(),
            loaded: 0,
            tail: 0,
            spilled: true,
            due: Cursor::START,
            next_due: None,
            rank: Cursor::START,
            rank_spilled: true,
            held: HashMap::default(),
            released: HashSet::new(),
            ending: HashSet::new(),
            strays: Strays::default(),
            reading: false,
            taken: 0,
        }
    }

    fn len(&self) -> usize {
        self.ready.len() + self.tried.len() + self.ranked.len()
    }

    /// How many may be taken: none while what is more urgent may wait in the store.
    pub(super) fn takeable(&self) -> usize {
        let ready_ran_dry = self.spilled && self.ready.is_empty();
        if ready_ran_dry || self.ranked_ran_dry() { 0 } else { self.len() }
    }

    /// Whether the first of another priority may wait in the store.
    fn ranked_ran_dry(&self) -> bool {
        let first = self.ranked.first_key_value();
        self.rank_spilled && first.is_none_or(|(place, _)| *place > self.rank.seen)
    }

    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.tried.clear();
        self.ranked.clear();
    }

    /// Takes what a commit put into the queue.
    pub(super) fn arrived(&mut self, arrival: Arrival) -> Option<Timestamp> {
        match arrival {
            Arrival::Ready(delivery) if delivery.event.priority.is_normal() => self.push(delivery),
            Arrival::Ready(delivery) => self.rank(delivery),
            Arrival::Due { id, due } => return self.expect(id.seq, due),
            Arrival::Back { id, key, due } => return Some(self.strays.add(id.seq, key, due)),
            Arrival::Gone { .. } => {}
        }
        None
    }

    /// Takes an undelayed normal delivery, into memory if there is room and nothing before it waits in
    /// the store.
    fn push(&mut self, delivery: Delivery) {
        if delivery.id.seq <= self.loaded {
            return;
        }
        if self.spilled || self.reading || self.ready.len() >= self.window {
            self.spilled = true;
            self.tail = delivery.id.seq;
        } else {
            self.loaded = delivery.id.seq;
            self.ready.push_back(delivery);
        }
    }

    /// Takes an undelayed delivery of another priority, into memory unless more urgent ones may wait in
    /// the store.
    fn rank(&mut self, delivery: Delivery) {
        let place = (delivery.event.rank(), delivery.id.seq);
        if self.rank_spilled && place > self.rank.seen {
            self.rank.back_to(place, self.reading);
        } else {
            self.insert(delivery);
        }
    }

    /// Takes a delivery of another priority into memory; the least urgent give way to it.
    fn insert(&mut self, delivery: Delivery) {
        let (place, seq) = ((delivery.event.rank(), delivery.id.seq), delivery.id.seq);
        if self.released.contains(&seq) {
            return;
        }
        if let Entry::Vacant(free) = self.held.entry(seq) {
            free.insert(None);
            self.ranked.insert(place, delivery);
        }
        if self.ranked.len() > self.window
            && let Some((place, last)) = self.ranked.pop_last()
        {
            self.held.remove(&place.1);
            match last.due {
                Some(due) => drop(self.expect(place.1, due)),
                None => {
                    self.rank.back_to(place, self.reading);
                    self.rank_spilled = true;
                }
            }
        }
    }

    /// Notes that a delivery waits for its time; gives the time at which to look for it.
    fn expect(&mut self, seq: u64, due: Timestamp) -> Option<Timestamp> {
        if let Some(came_again) = self.held.get_mut(&seq) {
            *came_again = Some(due);
            return None;
        }
        self.due.back_to((due, seq), self.reading);
        self.next_due = Some(self.next_due.map_or(due, |next| next.min(due)));
        Some(due)
    }

    /// Whether something could be taken at `now`, or why not.
    pub(super) fn closed(&self, now: Timestamp) -> Option<Reason> {
        let until = self.batch_waits_until()?;
        (until > now).then_some(Reason::Batching { until })
    }

    /// When the batch that is being gathered starts at the latest; `None`: what is there may start.
    fn batch_waits_until(&self) -> Option<Timestamp> {
        let batching = self.batch?;
        let first = self.first()?;
        if first.attempts > 0 || self.len() >= batching.size.get() as usize {
            return None;
        }
        let since = first.due.unwrap_or(first.event.emitted_at);
        Some(since.checked_add(batching.within).unwrap_or(Timestamp::MAX))
    }

    /// What is taken next.
    pub(super) fn first(&self) -> Option<&Delivery> {
        let plain = if self.tried_is_next() { self.tried.front() } else { self.ready.front() };
        match (plain, self.ranked.first_key_value()) {
            (Some(plain), Some((place, ranked))) => {
                let ahead = (plain.event.emitted_at, plain.id.seq) <= *place;
                Some(if ahead { plain } else { ranked })
            }
            (plain, ranked) => plain.or(ranked.map(|(_, delivery)| delivery)),
        }
    }

    /// Whether what was tried before comes before what was not.
    fn tried_is_next(&self) -> bool {
        match &self.share {
            Some(share) if !self.tried.is_empty() => {
                self.ready.is_empty() || share.is_of_tried(self.waiting_to_be_tried())
            }
            _ => false,
        }
    }

    /// How many wait to be tried again, as far as is known.
    fn waiting_to_be_tried(&self) -> u64 {
        let known = if self.more_due { 2 * self.window } else { self.tried.len() };
        u64::try_from(known).unwrap_or(u64::MAX)
    }

    fn pop(&mut self) -> Option<Delivery> {
        if let Some((place, _)) = self.ranked.first_key_value()
            && self.first()?.id.seq == place.1
        {
            return self.ranked.pop_first().map(|(_, delivery)| delivery);
        }
        let (tried, waiting) = (self.tried_is_next(), self.waiting_to_be_tried());
        if let Some(share) = &mut self.share
            && !self.tried.is_empty()
            && !self.ready.is_empty()
        {
            share.started(waiting);
        }
        if tried { self.tried.pop_front() } else { self.ready.pop_front() }
    }

    /// Takes out what is next, which is being ended in the store instead.
    pub(super) fn drop_first(&mut self) {
        let first = self.pop().filter(|first| self.held.contains_key(&first.id.seq));
        self.ending.extend(first.map(|first| first.id.seq));
    }

    /// Takes what is next: one delivery, or a batch, up to one that has `expired`, or before which others may
    /// wait in the store.
    pub(super) fn take(&mut self, expired: impl Fn(&Delivery) -> bool) -> Deliveries {
        let mut taken = Deliveries::new();
        let Some(first) = self.pop() else { return taken };
        self.taken += 1;
        let most = self.batch.map_or(1, |batching| batching.size.get() as usize);
        // What failed before is tried alone, so that it takes no other with it.
        let alone = first.attempts > 0;
        taken.push(first);
        while !alone
            && taken.len() < most
            && self.takeable() > 0
            && self.first().is_some_and(|next| next.attempts == 0 && !expired(next))
            && let Some(next) = self.pop()
        {
            taken.push(next);
        }
        taken
    }

    /// Lets go of a delivery; gives the time at which to look for it, if it came in again.
    pub(super) fn done(&mut self, delivery: &Delivery) -> Option<Timestamp> {
        if delivery.due.is_none() && delivery.event.priority.is_normal() {
            // It was not held; if it came in again, it may be held by somebody else by now.
            return None;
        }
        self.release(delivery.id.seq)
    }

    fn release(&mut self, seq: u64) -> Option<Timestamp> {
        let came_again = self.held.remove(&seq).flatten();
        if self.reading {
            self.released.insert(seq);
        }
        came_again.and_then(|due| self.expect(seq, due))
    }

    /// Forgets a delivery that ended without being taken.
    pub(super) fn forget(&mut self, seq: u64) -> Gone {
        if self.strays.remove(seq) {
            return Gone::Waited;
        }
        if self.ending.remove(&seq) {
            self.release(seq);
            return Gone::Waited;
        }
        let is_meant = |delivery: &Delivery| delivery.id.seq == seq;
        let ready = self.ready.iter().position(is_meant);
        let tried = self.tried.iter().position(is_meant);
        let ranked = self.ranked.iter().find(|(place, _)| place.1 == seq).map(|(place, _)| *place);
        let delivery = ready
            .and_then(|index| self.ready.remove(index))
            .or_else(|| self.tried.remove(tried?))
            .or_else(|| self.ranked.remove(&ranked?));
        match delivery {
            Some(delivery) => {
                self.done(&delivery);
                Gone::Waited
            }
            None => {
                if self.reading {
                    self.released.insert(seq);
                }
                Gone::Unknown
            }
        }
    }
}
