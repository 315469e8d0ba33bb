//! Lanes that wait for a time, and of which nothing is in memory: there may be a million of them, so each costs
//! no more than a hundred bytes, with a short key.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    hash::{BuildHasher, RandomState},
};

use hashbrown::HashTable;
use jiff::Timestamp;
use slab::Slab;

/// Lanes that are asleep, by key, by what would wake them, and by the time.
#[derive(Debug, Default)]
pub(super) struct Asleep {
    lanes: Slab<Sleeper>,
    /// Places in `lanes`, as all that follows.
    by_key: HashTable<u32>,
    by_head: HashTable<u32>,
    /// Also of some that have been woken since; the first one sleeps.
    by_time: BinaryHeap<Reverse<(i64, u32)>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Sleeper {
    key: Box<str>,
    /// In microseconds since 1970.
    until: i64,
    after: u64,
}

impl Sleeper {
    fn head(&self) -> u64 {
        self.after.saturating_add(1)
    }
}

/// A lane that woke up: its key, and beyond which sequence number the store is to be read for it.
pub(super) type Woken = (Box<str>, u64);

impl Asleep {
    /// Lets a lane sleep until a time has come, or the delivery right behind `after` has ended, if that is its `head`.
    /// Says whether it does.
    pub(super) fn put(&mut self, key: &str, until: Timestamp, after: u64, head: bool) -> bool {
        let Ok(place) = u32::try_from(self.lanes.vacant_key()) else { return false };
        self.make_room();
        let sleeper = Sleeper { key: key.into(), until: micros(until), after };
        self.by_time.push(Reverse((sleeper.until, place)));
        let (lanes, hasher) = (&self.lanes, &self.hasher);
        if head {
            let hash_of = |place: &u32| hasher.hash_one(lanes[*place as usize].head());
            self.by_head.insert_unique(hasher.hash_one(sleeper.head()), place, hash_of);
        }
        let hash_of = |place: &u32| hasher.hash_one(&*lanes[*place as usize].key);
        self.by_key.insert_unique(hasher.hash_one(key), place, hash_of);
        self.lanes.insert(sleeper);
        true
    }

    /// Makes room for one more, and not for twice as many, as would be made by itself.
    fn make_room(&mut self) {
        if self.lanes.len() == self.lanes.capacity() {
            self.lanes.reserve_exact(self.lanes.len() / 8 + 16);
        }
        if self.by_time.len() == self.by_time.capacity() {
            let times = |(place, sleeper): (usize, &Sleeper)| (sleeper.until, place as u32);
            self.by_time = self.lanes.iter().map(times).map(Reverse).collect();
            self.by_time.reserve_exact(self.lanes.len() / 8 + 16);
        }
    }

    /// Beyond which sequence number a lane is to be read for, if it sleeps.
    pub(super) fn after(&self, key: &str) -> Option<u64> {
        if self.lanes.is_empty() {
            return None;
        }
        let is_it = |place: &u32| *self.lanes[*place as usize].key == *key;
        let place = self.by_key.find(self.hasher.hash_one(key), is_it)?;
        Some(self.lanes[*place as usize].after)
    }

    pub(super) fn wake(&mut self, key: &str) -> Option<Woken> {
        let is_it = |place: &u32| *self.lanes[*place as usize].key == *key;
        let place = *self.by_key.find(self.hasher.hash_one(key), is_it)?;
        self.remove(place)
    }

    /// Wakes the lane whose first delivery this was.
    pub(super) fn wake_head(&mut self, seq: u64) -> Option<Woken> {
        let is_it = |place: &u32| self.lanes[*place as usize].head() == seq;
        let place = *self.by_head.find(self.hasher.hash_one(seq), is_it)?;
        self.remove(place)
    }

    /// Wakes a lane whose time has come.
    pub(super) fn wake_due(&mut self, now: Timestamp) -> Option<Woken> {
        let Reverse((until, place)) = *self.by_time.peek()?;
        if until > now.as_microsecond() { None } else { self.remove(place) }
    }

    /// When the first of them wakes up.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let Reverse((until, _)) = self.by_time.peek()?;
        Some(Timestamp::from_microsecond(*until).unwrap_or(Timestamp::MAX))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    fn remove(&mut self, place: u32) -> Option<Woken> {
        let sleeper = self.lanes.try_remove(place as usize)?;
        let of_key = self.hasher.hash_one(&*sleeper.key);
        let of_head = self.hasher.hash_one(sleeper.head());
        for (index, hash) in [(&mut self.by_key, of_key), (&mut self.by_head, of_head)] {
            if let Ok(found) = index.find_entry(hash, |other| *other == place) {
                found.remove();
            }
        }
        if self.lanes.is_empty() {
            *self = Self::default(); // gives back what so many took
        }
        while let Some(Reverse((until, place))) = self.by_time.peek()
            && self.lanes.get(*place as usize).is_none_or(|sleeper| sleeper.until != *until)
        {
            self.by_time.pop();
        }
        Some((sleeper.key, sleeper.after))
    }
}

/// Microseconds since 1970, not before the instant.
fn micros(at: Timestamp) -> i64 {
    let before = at.as_microsecond();
    if at.as_nanosecond() > i128::from(before) * 1_000 { before + 1 } else { before }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_lane_wakes_by_its_key_by_its_first_delivery_or_when_its_time_has_come_and_once() {
        let mut asleep = Asleep::default();
        for (key, until) in [("a", 3), ("b", 2), ("c", 1), ("d", 4)] {
            assert!(asleep.put(key, second(until), until as u64 * 10, true));
        }
        assert_eq!((asleep.after("a"), asleep.after("e")), (Some(30), None));

        assert_eq!(asleep.wake("a"), Some(("a".into(), 30)));
        assert_eq!(asleep.wake_head(21), Some(("b".into(), 20)));
        assert_eq!(asleep.wake_due(second(1)), Some(("c".into(), 10)));

        assert_eq!((asleep.wake("a"), asleep.wake_head(21)), (None, None));
        assert_eq!((asleep.wake_due(second(3)), asleep.next()), (None, Some(second(4))));
    }

    #[test]
    fn what_is_no_first_delivery_wakes_nobody() {
        let mut asleep = Asleep::default();
        asleep.put("a", Timestamp::MAX, 10, false);
        assert_eq!((asleep.wake_head(11), asleep.len()), (None, 1));
    }

    #[test]
    fn nobody_wakes_before_the_time() {
        let mut asleep = Asleep::default();
        let until = second(1) + std::time::Duration::from_nanos(1);
        asleep.put("a", until, 0, true);
        assert_eq!(asleep.wake_due(until), None);
        assert!(asleep.next().unwrap() > until);
        assert!(asleep.wake_due(asleep.next().unwrap()).is_some());
    }

    #[test]
    fn a_lane_that_sleeps_is_small_and_gives_back_its_room() {
        assert!(size_of::<Sleeper>() <= 32);
        assert_eq!(size_of::<Sleeper>(), size_of::<Option<Sleeper>>());
        let mut asleep = Asleep::default();
        for seq in 0..10_000 {
            asleep.put(&seq.to_string(), second(1), seq, true);
        }
        assert!(asleep.lanes.capacity() < 12_000);

        while asleep.wake_due(second(1)).is_some() {}

        assert_eq!((asleep.lanes.capacity(), asleep.by_key.capacity()), (0, 0));
    }
}
