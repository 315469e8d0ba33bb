//! How the lanes of a queue stand: which may start something, and which wait for what.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    super::lane::{Blocked, Stand},
    Lanes,
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
        // What has fallen due already is read as soon as there is room.
        let next_due = self.next_due.filter(|due| *due > now);
        min_of(next_due, self.parked.first().map(|(until, _)| *until))
    }

    /// Finds out how a lane stands, after anything about it has changed.
    pub(super) fn refresh(&mut self, key: &Arc<str>, now: Timestamp) {
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
        self.restand(key, stand);
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
