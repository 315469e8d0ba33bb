//! What is read of the store for a queue with keys: lanes that ran dry, and what comes next in the queue,
//! by turns.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::store::{Delivery, Pull, Pulled, QueueId};

use super::{
    super::{
        lane::{Lane, More},
        shelf::{Found, LaneRead, Read},
    },
    Lanes, key_of,
};
use crate::clock::min_of;

/// Lanes that are read for at once.
const LANES_READ: usize = 64;

impl Lanes {
    pub(in super::super) fn is_reading(&self) -> bool {
        self.reading
    }

    /// Whether it is time to read on.
    pub(in super::super) fn wants(&self, now: impl Fn() -> Timestamp) -> bool {
        let (dry, half) = (self.wants_lanes(), self.window / 2);
        // What fell due has its turn also where as much keeps coming in as is started.
        let low = self.count <= half || ((dry || self.taken >= half) && self.count < self.window);
        dry || (low && self.wants_page(now))
    }

    /// Whether the store has deliveries that could be taken now.
    pub(in super::super) fn has_more(&self, now: impl Fn() -> Timestamp) -> bool {
        !self.thirsty.is_empty() || self.wants_page(now)
    }

    /// Whether lanes are to be read for and there is room, or nothing else that could be started.
    fn wants_lanes(&self) -> bool {
        !self.thirsty.is_empty() && (self.count < self.window || self.open.is_empty())
    }

    fn wants_page(&self, now: impl Fn() -> Timestamp) -> bool {
        self.spilled || self.next_due.is_some_and(|next| next <= now())
    }

    /// What to read next, if there is room for it.
    pub(in super::super) fn begin_reading(
        &mut self,
        queue: QueueId,
        now: Timestamp,
    ) -> Option<Read> {
        let room = self.window.saturating_sub(self.count);
        let turn_of_page = self.lanes_were_read && room > 0 && self.wants_page(|| now);
        let lanes = self.wants_lanes() && !turn_of_page;
        if self.reading || !(lanes || room > 0) {
            return None;
        }
        self.reading = true;
        self.lanes_were_read = lanes;
        if lanes {
            return Some(Read::Lanes(self.lanes_to_read(room), Some(now)));
        }
        (self.next_due, self.taken) = (None, 0);
        let pull = Pull {
            queue,
            after: self.loaded,
            ranked_after: None,
            due_after: self.due_seen,
            now,
            limit: room,
        };
        Some(Read::Page { pull, tail: self.tail })
    }

    fn lanes_to_read(&mut self, room: usize) -> Vec<LaneRead> {
        let limit = self.rules.prefetch;
        let read = |(_, key): &(u64, Arc<str>)| {
            let lane = self.lanes.get_mut(key)?;
            lane.is_read();
            let More { after, upto, .. } = lane.more?;
            Some(LaneRead { key: key.clone(), after, limit, upto })
        };
        let most = room.div_ceil(limit).clamp(1, LANES_READ);
        self.thirsty.iter().take(most).filter_map(read).collect()
    }

    /// Takes what was read.
    pub(in super::super) fn read(&mut self, found: Found, now: Timestamp) {
        match found {
            Found::Page { pull, tail, pulled } => self.read_page(pull, pulled, tail, now),
            Found::Lanes(lanes) => {
                for (read, deliveries) in lanes {
                    self.read_lane(&read, deliveries, now);
                }
            }
        }
        self.reading_is_over();
    }

    fn read_page(&mut self, pull: Pull, pulled: Pulled, tail: u64, now: Timestamp) {
        let last_page = pulled.ready.len() < pull.limit;
        let last = pulled.ready.last().map_or(0, |delivery| delivery.id.seq);
        let before = self.loaded;
        // What was known of when reading began, and is not there, has ended meanwhile.
        self.loaded = before.max(last).max(if last_page { tail } else { 0 });
        self.spilled = !last_page || self.tail > self.loaded;
        for delivery in pulled.ready {
            if delivery.id.seq > before {
                self.admit(delivery, now);
            }
        }

        for delivery in pulled.due {
            let (seq, Some(due)) = (delivery.id.seq, delivery.due) else { continue };
            self.due_seen = self.due_seen.max((due, seq));
            if !self.held.contains_key(&seq) && !self.released.contains(&seq) {
                self.fell_due(delivery, now);
            }
        }
        self.next_due = min_of(self.next_due, pulled.next_due);
    }

    fn fell_due(&mut self, delivery: Delivery, now: Timestamp) {
        let (seq, key) = (delivery.id.seq, key_of(&delivery));
        self.take_in(&key, delivery);
        let after = self.read_up_to(seq);
        if after + 1 < seq
            && let Some(lane) = self.lanes.get_mut(&key)
        {
            // Those before it, which are not delayed, may not have been read yet.
            lane.may_wait(after, seq);
        }
        self.refresh(&key, now);
    }

    fn read_lane(&mut self, read: &LaneRead, deliveries: Vec<Delivery>, now: Timestamp) {
        let last_page = deliveries.len() < read.limit;
        let last = deliveries.last().map_or(read.after, |delivery| delivery.id.seq);
        let blocked = deliveries.first().and_then(|first| {
            let until = first.due.filter(|due| *due > now)?;
            (!self.held.contains_key(&first.id.seq)).then_some((until, first.id.seq))
        });
        let lane = self.lanes.get_mut(&read.key);
        if let Some((until, head)) = blocked {
            // Nothing of the lane starts before its first one: it is read again then.
            let ended = self.released.contains(&head);
            if let Some(lane) = lane
                && lane.is_current(read)
                && !ended
            {
                lane.begins_with(head);
                self.block(&read.key, until, Some(head));
            }
        } else if lane.is_some_and(|lane: &mut Lane| lane.was_read(read, last, last_page)) {
            for delivery in deliveries {
                let seq = delivery.id.seq;
                if !self.held.contains_key(&seq) && !self.released.contains(&seq) {
                    self.insert(&read.key, delivery);
                }
            }
        }
        self.refresh(&read.key, now);
    }

    pub(in super::super) fn reading_is_over(&mut self) {
        self.reading = false;
        self.released.clear();
        if let Some(late) = self.due_late.take() {
            self.due_seen = self.due_seen.min(late);
        }
    }
}
