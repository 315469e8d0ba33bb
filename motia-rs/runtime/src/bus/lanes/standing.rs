//! How the lanes of a queue stand: which may start something, and which wait for what.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    super::lane::{Blocked, Stand},
    Lanes,
    asleep::Woken,
};
use crate::clock::min_of;

impl Lanes {
    /// Looks again at the lanes that waited for a time; gives the next time to look.
    pub(in super::super) fn woken(&mut self, now: Timestamp) -> Option<Timestamp> {
        while let Some((until, key)) = self.parked.first().cloned()
            && until <= now
        {
            self.unblock(&key);
            self.refresh(&key, now);
            if self.parked.first() == Some(&(until, key)) {
                break; // it waits for the same instant still
            }
        }
        while self.thirsty.len() < self.window
            && let Some(woken) = self.asleep.wake_due(now)
        {
            self.read_for(woken, now);
        }
        // What has fallen due already is read as soon as there is room.
        let next_due = self.next_due.filter(|due| *due > now);
        min_of(next_due, self.next_lane(now))
    }

    /// When to look again at the lanes that wait for a time.
    pub(in super::super) fn next_lane(&self, now: Timestamp) -> Option<Timestamp> {
        // Where very many are to be read for, those that sleep are woken when these were.
        let has_room = self.thirsty.len() < self.window;
        let asleep = self.asleep.next().filter(|until| has_room || *until > now);
        min_of(self.parked.first().map(|(until, _)| *until), asleep)
    }

    /// Finds out how a lane stands, after anything about it has changed.
    pub(super) fn refresh(&mut self, key: &Arc<str>, now: Timestamp) {
        let Some(lane) = self.lanes.get(key) else { return };
        if lane.blocked.as_ref().is_some_and(|blocked| blocked.until <= now) {
            self.unblock(key);
        }
        let Some(lane) = self.lanes.get(key) else { return };
        let crowd = self.count > self.window / 2;
        let used = self.used_of(key);
        let stand = lane.stand(&self.rules, used, crowd, now);
        if crowd && self.rules.debounce.is_none() {
            match stand {
                Stand::Parked(until) => self.shed_until(key, until, now),
                Stand::Busy => self.shed(key),
                _ => {}
            }
        }
        if !self.falls_asleep(key, stand, now) {
            self.restand(key, stand);
        }
    }

    /// Lets a lane sleep of which nothing is in memory, if it waits for a time, or to be read for behind very
    /// many others.
    fn falls_asleep(&mut self, key: &Arc<str>, stand: Stand, now: Timestamp) -> bool {
        let Some(lane) = self.lanes.get(key) else { return false };
        // What has no key in the store is not found there by one.
        if key.is_empty() {
            return false;
        }
        let until = match stand {
            Stand::Parked(until) => until,
            Stand::Thirsty(_) if self.thirsty.len() >= self.window && lane.stand != stand => now,
            _ => return false,
        };
        let Some((after, head)) = lane.in_store(&self.rules) else { return false };
        if !self.asleep.put(key, until, after, head) {
            return false;
        }
        self.unblock(key);
        self.restand(key, Stand::Empty);
        true
    }

    /// Wakes a lane, if it sleeps, to be read for.
    pub(super) fn wake(&mut self, key: &Arc<str>) {
        if let Some((_, after)) = self.asleep.wake(key) {
            self.rouse(key, after);
        }
    }

    /// Has the store read for a lane that woke up.
    pub(super) fn read_for(&mut self, (key, after): Woken, now: Timestamp) {
        let key: Arc<str> = key.into();
        self.rouse(&key, after);
        self.refresh(&key, now);
    }

    fn rouse(&mut self, key: &Arc<str>, after: u64) {
        self.lanes.entry(key.clone()).or_default().wake(after, self.reading);
    }

    /// Forgets what the store has of a lane until a time has come.
    fn shed_until(&mut self, key: &Arc<str>, until: Timestamp, now: Timestamp) {
        let Some(lane) = self.lanes.get(key).filter(|lane| lane.has_waiting()) else { return };
        let first = lane.first().filter(|first| first.due.is_some_and(|due| due > now));
        let head = first.map(|first| first.id.seq);
        self.block(key, until, head);
        self.shed(key);
    }

    pub(super) fn restand(&mut self, key: &Arc<str>, stand: Stand) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let before = std::mem::replace(&mut lane.stand, stand);
        if before == stand && stand != Stand::Empty {
            return;
        }
        match before {
            Stand::Open(rank) => drop(self.open.remove(&(rank, key.clone()))),
            Stand::Parked(until) => drop(self.parked.remove(&(until, key.clone()))),
            Stand::Thirsty(after) => drop(self.thirsty.remove(&(after, key.clone()))),
            Stand::Busy | Stand::Empty => {}
        }
        match stand {
            Stand::Open(rank) => drop(self.open.insert((rank, key.clone()))),
            Stand::Parked(until) => drop(self.parked.insert((until, key.clone()))),
            Stand::Thirsty(after) => drop(self.thirsty.insert((after, key.clone()))),
            Stand::Busy => {}
            Stand::Empty => drop(self.lanes.remove(key)),
        }
    }

    /// Forgets what the store has of a lane, to read it again when its turn comes.
    pub(super) fn shed(&mut self, key: &Arc<str>) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        for seq in lane.shed() {
            self.held.remove(&seq);
            self.count -= 1;
        }
    }

    /// Lets a lane wait, without asking the store, until a time has come or its first delivery has ended.
    pub(super) fn block(&mut self, key: &Arc<str>, until: Timestamp, head: Option<u64>) {
        self.unblock(key);
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.blocked = Some(Blocked { until, head });
            self.heads.extend(head.map(|head| (head, key.clone())));
        }
    }

    pub(super) fn unblock(&mut self, key: &Arc<str>) {
        let blocked = self.lanes.get_mut(key).and_then(|lane| lane.blocked.take());
        if let Some(head) = blocked.and_then(|blocked| blocked.head) {
            self.heads.remove(&head);
        }
    }
}
