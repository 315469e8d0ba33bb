//! The deliveries of one key.
//!
//! # Layout
//! - [`rules`]: what holds of a key

mod rules;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use motia_core::{
    config::{event::Debounce, limit::Used},
    store::Delivery,
};

pub(super) use self::rules::{Limits, Rules};
use super::{reason::Reason, shelf::LaneRead};

/// The deliveries of one key.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// In the order in which they are started.
    waiting: BTreeMap<(Timestamp, u64), Waiting>,
    pub(super) running: u32,
    /// What held when the last one was started.
    last: Limits,
    /// The newest that was started, while anything of the key waits or runs, or is ended in its place.
    newest: u64,
    /// How often what is older than a started one is being ended in the store.
    ending_older: u32,
    /// Where undelayed ones of the key may wait in the store.
    pub(super) more: Option<More>,
    /// Why the store need not be read for it yet.
    pub(super) blocked: Option<Blocked>,
    /// When the first of those that were debounced was emitted.
    first_at: Option<Timestamp>,
    pub(super) stand: Stand,
}

/// A delivery that waits in a lane.
#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    limits: Limits,
}

/// What a lane waits for that waits in the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocked {
    pub(super) until: Timestamp,
    /// Its first delivery, if it is that which waits for the time.
    pub(super) head: Option<u64>,
}

/// Where undelayed deliveries of a key may wait in the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct More {
    /// Beyond this sequence number.
    pub(super) after: u64,
    /// The last one that is known of.
    pub(super) upto: u64,
    /// Whether some came back since the store was read last.
    came_back: bool,
}

/// How a lane stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stand {
    /// It has nothing, and can be forgotten.
    #[default]
    Empty,
    /// Its first delivery, of this rank, may start.
    Open((Timestamp, u64)),
    /// It waits for a time.
    Parked(Timestamp),
    /// The store is to be read for it, beyond this sequence number.
    Thirsty(u64),
    /// It waits for what runs to end.
    Busy,
}

impl Lane {
    /// Whether a delivery is left in the store until the lane comes to it.
    pub(super) fn passes_over(&self, rules: &Rules, delivery: &Delivery) -> bool {
        // What has no lane in the store could not be found there by its key.
        let can_be_found = delivery.lane.is_some() && rules.debounce.is_none();
        can_be_found && (self.more.is_some() || self.waiting.len() >= rules.prefetch)
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn pass_over(&mut self, seq: u64) {
        self.may_wait(seq.saturating_sub(1), seq);
    }

    /// Has the store read again beyond `after`, for a delivery that took its old place there.
    pub(super) fn read_again(&mut self, after: u64, seq: u64) {
        self.may_wait(after, seq);
        if let Some(more) = &mut self.more {
            more.came_back = true;
        }
    }

    /// Notes that deliveries beyond `after`, up to `upto`, may wait in the store.
    pub(super) fn may_wait(&mut self, after: u64, upto: u64) {
        let before = self.more.unwrap_or(More { after, upto, came_back: false });
        let (after, upto) = (before.after.min(after), before.upto.max(upto));
        self.more = Some(More { after, upto, ..before });
    }

    /// Whether what was read is not out of date by now; otherwise the next page is.
    pub(super) fn is_current(&mut self, read: &LaneRead) -> bool {
        let Some(more) = &mut self.more else { return false };
        let came_back = std::mem::take(&mut more.came_back);
        !came_back && more.after >= read.after
    }

    /// Takes note of how far the store was read; says whether what was read is of use, or is out of
    /// date by now.
    pub(super) fn was_read(&mut self, read: &LaneRead, last: u64, last_page: bool) -> bool {
        if !self.is_current(read) {
            return false;
        }
        let Some(more) = &mut self.more else { return false };
        if !last_page || more.upto > read.upto {
            more.after = last;
        } else {
            self.more = None;
        }
        true
    }

    /// Notes that its first delivery is this, and waits for a time in the store.
    pub(super) fn begins_with(&mut self, head: u64) {
        if let Some(more) = &mut self.more {
            more.after = more.after.max(head.saturating_sub(1));
        }
    }

    /// If nothing of it is in memory or at work: beyond which sequence number it waits in the store, and whether it
    /// is the delivery right behind it that waits for the time.
    pub(super) fn in_store(&self, rules: &Rules) -> Option<(u64, bool)> {
        let More { after, .. } = self.more?;
        let head = self.blocked.and_then(|blocked| blocked.head);
        let idle = self.running == 0 && !self.has_waiting() && rules.debounce.is_none();
        let is_next = head.is_none_or(|head| head == after.saturating_add(1));
        (idle && is_next).then_some((after, head.is_some()))
    }

    /// The store is to be read for it beyond `after`; `reading`: not what is being read of it already.
    pub(super) fn wake(&mut self, after: u64, reading: bool) {
        self.more = Some(More { after, upto: after.saturating_add(1), came_back: reading });
    }

    /// Notes that the store is being read for it.
    pub(super) fn is_read(&mut self) {
        if let Some(more) = &mut self.more {
            more.came_back = false;
        }
    }

    /// Takes a delivery in; gives those that it takes the place of, itself perhaps. `begun`: since when its key was
    /// waited for before the app was started.
    pub(super) fn insert(
        &mut self,
        rules: &Rules,
        delivery: Delivery,
        begun: Option<Timestamp>,
    ) -> Vec<Delivery> {
        let seq = delivery.id.seq;
        let rank = if rules.fifo { Timestamp::MIN } else { delivery.event.rank() };
        let limits = rules.limits(&delivery);
        if rules.debounce.is_none() {
            self.waiting.insert((rank, seq), Waiting { delivery, limits });
            return Vec::new();
        }
        if delivery.attempts == 0 {
            let emitted_at = delivery.event.emitted_at;
            self.first_at = [self.first_at, begun, Some(emitted_at)].into_iter().flatten().min();
        }
        self.waiting.insert((Timestamp::MIN, seq), Waiting { delivery, limits });
        let last = self.waiting.pop_last();
        let others = std::mem::take(&mut self.waiting).into_values();
        self.waiting.extend(last);
        others.map(|waiting| waiting.delivery).collect()
    }

    /// The first delivery, and since when its key is waited for.
    pub(super) fn waited_for(&self) -> Option<(u64, Timestamp)> {
        let first = self.first()?;
        Some((first.id.seq, self.first_at.unwrap_or(first.event.emitted_at)))
    }

    /// Forgets what can be found in the store by its key; gives what it forgot.
    pub(super) fn shed(&mut self) -> Vec<u64> {
        let (found, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(_, one)| one.delivery.lane.is_some());
        self.waiting = kept;
        let seqs: Vec<u64> = found.into_keys().map(|(_, seq)| seq).collect();
        if let (Some(first), Some(last)) = (seqs.iter().min(), seqs.iter().max()) {
            self.may_wait(first.saturating_sub(1), *last);
        }
        seqs
    }

    /// The delivery that is started next.
    pub(super) fn first(&self) -> Option<&Delivery> {
        self.waiting.first_key_value().map(|(_, waiting)| &waiting.delivery)
    }

    /// What holds of the key now.
    pub(super) fn limits(&self) -> Limits {
        self.waiting.first_key_value().map_or(self.last, |(_, waiting)| waiting.limits)
    }

    /// Starts the first delivery.
    pub(super) fn take(&mut self) -> Option<Delivery> {
        self.last = self.limits();
        let first = self.pop()?;
        self.newest = self.newest.max(first.id.seq);
        self.running += 1;
        Some(first)
    }

    /// Whether a newer one was started meanwhile that is debounced with it.
    pub(super) fn is_overtaken(&self, rules: &Rules, seq: u64) -> bool {
        rules.debounce.is_some() && self.newest > seq
    }

    /// What is older than the one that was started last is being ended in the store.
    pub(super) fn ends_older(&mut self) {
        self.ending_older += 1;
    }

    /// What was older has ended in the store.
    pub(super) fn ended_older(&mut self) {
        self.ending_older = self.ending_older.saturating_sub(1);
    }

    /// Takes the first delivery out.
    pub(super) fn pop(&mut self) -> Option<Delivery> {
        let (_, Waiting { delivery, .. }) = self.waiting.pop_first()?;
        self.forget_first();
        Some(delivery)
    }

    pub(super) fn remove(&mut self, seq: u64) -> bool {
        let place = self.waiting.keys().find(|(_, other)| *other == seq).copied();
        let removed = place.is_some_and(|place| self.waiting.remove(&place).is_some());
        self.forget_first();
        removed
    }

    fn forget_first(&mut self) {
        if self.waiting.is_empty() {
            self.first_at = None;
        }
    }

    /// How the lane stands. Where there is a `crowd` of others, the store is not read ahead for it.
    pub(super) fn stand(
        &self,
        rules: &Rules,
        used: Option<Used>,
        crowd: bool,
        now: Timestamp,
    ) -> Stand {
        let first = self.first();
        let unread = |more: &More| match first {
            Some(first) => rules.fifo && more.after < first.id.seq,
            None => true,
        };
        if let Some(More { after, .. }) = self.more.filter(unread) {
            return match self.blocked {
                Some(Blocked { until, .. }) if until > now => Stand::Parked(until),
                _ if crowd && self.is_busy() => Stand::Busy,
                _ => Stand::Thirsty(after),
            };
        }
        let Some(first) = first else {
            let is_idle = self.running == 0 && self.ending_older == 0;
            return if is_idle { Stand::Empty } else { Stand::Busy };
        };
        if self.is_busy() {
            return Stand::Busy;
        }
        let until = [
            first.due.filter(|due| *due > now),
            self.rate_until(used, now),
            self.quiet_until(rules, first, now),
        ];
        if let Some(until) = until.into_iter().flatten().max() {
            return Stand::Parked(until);
        }
        match self.more.filter(|_| rules.debounce.is_some()) {
            // A newer one may wait in the store, which is handled in its place.
            Some(More { after, .. }) => Stand::Thirsty(after),
            None => Stand::Open((first.event.rank(), first.id.seq)),
        }
    }

    fn is_busy(&self) -> bool {
        self.limits().per_key.is_some_and(|most| self.running >= most)
    }

    /// Until when the key has used up its rate.
    fn rate_until(&self, used: Option<Used>, now: Timestamp) -> Option<Timestamp> {
        self.limits().rate?.take(used, now).err()
    }

    /// Until when the key is to be silent, before its last delivery starts.
    fn quiet_until(&self, rules: &Rules, last: &Delivery, now: Timestamp) -> Option<Timestamp> {
        let Debounce { quiet, at_most } = rules.debounce?;
        if last.attempts > 0 {
            return None;
        }
        let first_at = self.first_at.unwrap_or(last.event.emitted_at);
        let until = last.event.emitted_at.checked_add(quiet).unwrap_or(Timestamp::MAX);
        let until = until.min(first_at.checked_add(at_most).unwrap_or(Timestamp::MAX));
        (until > now).then_some(until)
    }

    /// What keeps a delivery of the lane from starting.
    pub(super) fn reasons(
        &self,
        rules: &Rules,
        used: Option<Used>,
        key: &Arc<str>,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let key = || key.to_string();
        // Where none of the key is in memory, each says what holds when it is read.
        let limits = if self.has_waiting() { self.limits() } else { rules.limits(delivery) };
        if limits.per_key.is_some_and(|most| self.running >= most) {
            reasons.push(Reason::KeyBusy { key: key(), running: self.running });
        }
        if let Some(until) = limits.rate.and_then(|rate| rate.take(used, now).err()) {
            reasons.push(Reason::KeyRateLimited { key: key(), until });
        }
        if let Some(until) = self.quiet_until(rules, delivery, now) {
            reasons.push(Reason::Debounced { until });
        }
        reasons
    }
}
