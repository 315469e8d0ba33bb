//! What is read of the store for a queue without keys: each kind of delivery before it runs dry.

use std::collections::hash_map::Entry;

use jiff::Timestamp;
use motia_core::store::{Delivery, Pull, Pulled, QueueId};

use super::{
    super::shelf::{Found, LaneRead, Read},
    Line,
};
use crate::clock::min_of;

impl Line {
    /// Whether the store has deliveries that could be taken now.
    pub(in super::super) fn has_more(&self, now: impl FnOnce() -> Timestamp) -> bool {
        self.spilled || self.rank_spilled || self.look_at().is_some_and(|due| due <= now())
    }

    /// Whether it is time to read on: each kind for itself, so that what is less urgent is not started
    /// for the only reason that it is in memory.
    pub(in super::super) fn wants(&self, now: impl FnOnce() -> Timestamp) -> bool {
        let half = self.window / 2;
        let (ready_low, ranked_low) = (self.ready.len() <= half, self.ranked.len() <= half);
        // What fell due has its turn also where as much keeps coming in as is started.
        let turn_of_due = ranked_low || self.taken >= half;
        (self.spilled && ready_low)
            || (self.rank_spilled && (ranked_low || self.ranked_ran_dry()))
            || (self.has_room_for_due()
                && turn_of_due
                && self.look_at().is_some_and(|next| next <= now()))
    }

    /// Whether what fell due may be read: before what was tried runs dry, where the starts are shared.
    fn has_room_for_due(&self) -> bool {
        match self.share {
            None => self.ready.len() <= self.window,
            Some(_) => self.tried.len() <= self.window / 2 && self.ready.len() <= self.window,
        }
    }

    /// When to look again for what waits for its time.
    pub(in super::super) fn look_at(&self) -> Option<Timestamp> {
        min_of(self.next_due, self.strays.next())
    }

    pub(in super::super) fn is_reading(&self) -> bool {
        self.reading
    }

    /// What to read next, if there is room for it.
    pub(in super::super) fn begin_reading(
        &mut self,
        queue: QueueId,
        now: Timestamp,
    ) -> Option<Read> {
        if self.reading {
            return None;
        }
        (self.reading, self.taken) = (true, 0);
        let strays = self.strays.take_due(now);
        if !strays.is_empty() {
            return Some(Read::Lanes(strays, None));
        }
        self.next_due = None;
        let room = self.window.saturating_sub(self.ready.len().min(self.ranked.len()));
        let pull = Pull {
            queue,
            after: self.loaded,
            ranked_after: Some(self.rank.seen),
            due_after: self.due.seen,
            now,
            limit: room.max(1),
        };
        Some(Read::Page { pull, tail: self.tail })
    }

    /// Takes what was read.
    pub(in super::super) fn read(&mut self, found: Found, now: Timestamp) {
        match found {
            Found::Page { pull, tail, pulled } => self.read_page(pull, pulled, tail),
            Found::Lanes(strays) => self.read_strays(strays, now),
        }
        self.page_is_over();
    }

    fn read_strays(&mut self, strays: Vec<(LaneRead, Vec<Delivery>)>, now: Timestamp) {
        for (read, found) in strays {
            let is_meant = |delivery: &Delivery| {
                delivery.id.seq == read.upto && !self.released.contains(&read.upto)
            };
            for delivery in found.into_iter().filter(is_meant) {
                match delivery.due.filter(|due| *due > now) {
                    Some(due) => drop(self.strays.add(read.upto, read.key.clone(), Some(due))),
                    None => self.ready.push_back(delivery),
                }
            }
        }
    }

    /// Takes a page; `tail` is what it was when reading began.
    fn read_page(&mut self, pull: Pull, pulled: Pulled, tail: u64) {
        let mut last_page = pulled.ready.len() < pull.limit;
        for delivery in pulled.ready {
            if self.ready.len() >= self.window {
                last_page = false;
                break;
            }
            if delivery.id.seq > self.loaded {
                self.loaded = delivery.id.seq;
                if self.released.contains(&delivery.id.seq) {
                    continue;
                }
                match (&delivery.lane, delivery.due) {
                    (Some(lane), Some(due)) if due > pull.now => {
                        self.strays.add(delivery.id.seq, lane.key.clone(), Some(due));
                    }
                    _ => self.ready.push_back(delivery),
                }
            }
        }
        if last_page {
            // What was known of when reading began, and is not there, has ended meanwhile.
            self.loaded = self.loaded.max(tail);
        }
        // What arrived since the page was read lies beyond it.
        self.spilled = !last_page || self.tail > self.loaded;

        self.rank_spilled = pulled.ranked.len() == pull.limit;
        for delivery in pulled.ranked {
            self.rank.read((delivery.event.rank(), delivery.id.seq));
            self.insert(delivery);
        }
        self.more_due = pulled.due.len() == pull.limit;
        for delivery in pulled.due {
            self.fell_due(delivery);
        }
        self.rank_spilled |= self.rank.late.is_some();
        self.next_due = min_of(pulled.next_due, self.next_due);
    }

    /// Takes a delayed delivery that has fallen due from a page.
    fn fell_due(&mut self, delivery: Delivery) {
        let (seq, Some(due)) = (delivery.id.seq, delivery.due) else { return };
        self.due.read((due, seq));
        if !delivery.event.priority.is_normal() {
            self.insert(delivery);
        } else if !self.released.contains(&seq)
            && let Entry::Vacant(free) = self.held.entry(seq)
        {
            free.insert(None);
            let shared = self.share.is_some() && delivery.attempts > 0;
            if shared { &mut self.tried } else { &mut self.ready }.push_back(delivery);
        }
    }

    pub(in super::super) fn reading_failed(&mut self, read: Option<Read>) {
        if let Some(Read::Lanes(strays, _)) = read {
            for stray in strays {
                self.strays.add(stray.upto, stray.key, None);
            }
        }
        self.page_is_over();
    }

    /// What came in before a cursor while the page was read is not in it.
    fn page_is_over(&mut self) {
        self.reading = false;
        self.released.clear();
        self.due.page_is_over();
        self.rank.page_is_over();
    }
}
