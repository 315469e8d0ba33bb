//! What a debounced step promises: the last event of a key, once that is silent, and no older one.

use std::time::Duration;

use jiff::Timestamp;
use motia_core::{config::event::Debounce, store::DeliveryId};

use super::{KEYS, Known, State, World};

/// What is asked of the store is there a moment later, and a timer rings at whole milliseconds.
const MOMENT: Duration = Duration::from_millis(3);

/// What counts of an event when its key is debounced.
#[derive(Debug)]
pub(super) struct Standing {
    emitted_at: Timestamp,
    delayed: bool,
    /// When it took its place: at once, or when its delay was over.
    came_at: Timestamp,
    /// From when on it can be started, as far as its own time goes.
    lies_since: Timestamp,
    /// When its last attempt was begun.
    begun_at: Option<Timestamp>,
    /// The newer one that was started in its place, and when.
    heir: Option<(u64, Timestamp)>,
    /// Whether a newer one had taken its place when that was cancelled.
    forgotten: bool,
    /// Whether a newer one had taken its place when it was cancelled itself.
    outdone: bool,
}

impl Standing {
    pub(super) fn new(emitted_at: Timestamp, delay: Option<Duration>) -> Self {
        let came_at = emitted_at + delay.unwrap_or_default();
        Self {
            emitted_at,
            delayed: delay.is_some(),
            came_at,
            lies_since: came_at,
            begun_at: None,
            heir: None,
            forgotten: false,
            outdone: false,
        }
    }

    /// It waits as if nothing had been made of it, and is delayed until now.
    pub(super) fn falls_due(&mut self, now: Timestamp) {
        (self.delayed, self.lies_since) = (true, now);
        (self.begun_at, self.heir) = (None, None);
    }
}

impl Known {
    /// Whether it was there for the queue to be seen as soon as it was emitted.
    fn came_at_once(&self) -> bool {
        self.standing.begun_at.is_none() && !self.standing.delayed
    }

    fn waits(&self, now: Timestamp) -> bool {
        let leaves = self.cancelling || self.doomed || self.is_overdue(now);
        self.state == State::Waiting && self.id != DeliveryId::default() && !leaves
    }
}

fn is_of_key_of(n: u64) -> impl Fn(&(&u64, &Known)) -> bool {
    move |(other, _)| **other % KEYS == n % KEYS
}

impl World {
    /// Those of its key that were emitted before.
    fn older(&self, n: u64) -> impl DoubleEndedIterator<Item = (u64, &Known)> {
        self.known.range(..n).filter(is_of_key_of(n)).map(|(n, known)| (*n, known))
    }

    /// Those of its key that were emitted later.
    fn newer(&self, n: u64) -> impl DoubleEndedIterator<Item = (u64, &Known)> {
        self.known.range(n + 1..).filter(is_of_key_of(n)).map(|(n, known)| (*n, known))
    }

    /// Whether the queue must have seen by now that it can be started.
    fn is_seen(&self, known: &Known, now: Timestamp) -> bool {
        let Standing { lies_since, .. } = known.standing;
        // What falls due is read as soon as there is room.
        let read = || self.promise.prompt && lies_since + MOMENT <= now;
        if known.came_at_once() { lies_since <= now } else { read() }
    }

    /// Whether it may have been superseded by now, though nothing was started in its place.
    pub(super) fn is_outdone(&self, n: u64, now: Timestamp) -> bool {
        let came = |(_, newer): (u64, &Known)| newer.standing.came_at <= now;
        let waits = self.known[&n].state == State::Waiting;
        self.promise.debounce.is_some() && waits && self.newer(n).any(came)
    }

    pub(super) fn keeps_its_quiet(&mut self, n: u64, now: Timestamp, broken: &mut Vec<String>) {
        let Some(debounce) = self.promise.debounce else { return };
        let known = &self.known[&n];
        if let Some((heir, at)) = known.standing.heir {
            broken
                .push(format!("{n} was started at {now}, though {heir} was in its place at {at}"));
        }
        let lies = |(newer, other): &(u64, &Known)| {
            let outdone = other.standing.heir.is_some() || self.is_outdone(*newer, now);
            other.waits(now) && self.is_seen(other, now) && !outdone
        };
        if let Some((newer, _)) = self.newer(n).find(lies) {
            broken.push(format!("{n} was started at {now}, though {newer} is newer"));
        }
        let first_at = self.first_at_the_earliest(n);
        let until = silent_at(known.standing.emitted_at, first_at, debounce);
        if known.standing.begun_at.is_none() && now < until {
            broken.push(format!("{n} was started at {now}, before its key was silent at {until}"));
        }
        self.takes_their_place(n, now);
    }

    /// It is started: what is older is superseded, but for what runs.
    fn takes_their_place(&mut self, n: u64, now: Timestamp) {
        let superseded = |(_, older): &(u64, &Known)| {
            let was_tried = older.standing.begun_at.is_some();
            older.waits(now) && (was_tried || self.is_seen(older, now))
        };
        let superseded: Vec<u64> = self.older(n).filter(superseded).map(|(n, _)| n).collect();
        for older in superseded {
            let standing = &mut self.get(older).standing;
            standing.heir = standing.heir.or(Some((n, now)));
        }
        self.get(n).standing.begun_at = Some(now);
    }

    /// It failed: it is superseded, if a newer one was started while it ran.
    pub(super) fn failed(&mut self, n: u64, due: Timestamp, now: Timestamp) {
        let begun_at = self.known[&n].standing.begun_at;
        let later = |(_, newer): &(u64, &Known)| newer.standing.begun_at > begun_at;
        let heir = self.newer(n).find(later).map(|(heir, _)| (heir, now));
        let standing = &mut self.get(n).standing;
        (standing.lies_since, standing.heir) = (due, heir);
    }

    /// It is cancelled: if it had taken the place of others, they are not waited for any more.
    pub(super) fn forgets(&mut self, n: u64, outdone: bool) {
        self.get(n).standing.outdone = outdone;
        let older: Vec<u64> = self.older(n).map(|(n, _)| n).collect();
        older.into_iter().for_each(|older| self.get(older).standing.forgotten = true);
    }

    /// The process is another one, and what the last one did since `end` may not have been kept.
    pub(crate) fn began_again(&mut self, end: Timestamp, now: Timestamp) {
        self.room_since = now;
        for known in self.known.values_mut().filter(|known| known.state == State::Waiting) {
            let standing = &mut known.standing;
            standing.lies_since = standing.lies_since.max(now);
            standing.heir = standing.heir.filter(|(_, at)| *at < end);
        }
    }

    /// When the first was emitted that it may stand for.
    fn first_at_the_earliest(&self, n: u64) -> Timestamp {
        let own = self.known[&n].standing.emitted_at;
        let stood_for = self.older(n).filter(|(older, _)| self.still_counts(*older));
        stood_for.map(|(_, older)| older.standing.emitted_at).fold(own, Timestamp::min)
    }

    /// Whether nothing came of an event, nor of those that took its place.
    fn still_counts(&self, n: u64) -> bool {
        let known = &self.known[&n];
        let heir = known.standing.heir;
        let nothing_came = known.state == State::Waiting || known.standing.outdone;
        nothing_came && heir.is_none_or(|(heir, _)| self.still_counts(heir))
    }

    /// When the first was emitted that it stands for at least.
    fn first_at_the_latest(&self, n: u64, now: Timestamp) -> Timestamp {
        let own = self.known[&n].standing.emitted_at;
        let stands_for = |(_, older): &(u64, &Known)| {
            let Standing { heir, forgotten, .. } = older.standing;
            older.waits(now) && older.came_at_once() && heir.is_none() && !forgotten
        };
        let in_a_row = self.older(n).rev().take_while(stands_for);
        in_a_row.map(|(_, older)| older.standing.emitted_at).fold(own, Timestamp::min)
    }

    /// Notes which keys wait for longer than they may.
    pub(crate) fn look_for_late_ones(&mut self, now: Timestamp) {
        let Some(debounce) = self.promise.debounce.filter(|_| self.promise.prompt) else { return };
        if self.paused || self.is_full() {
            return;
        }
        for key in 0..KEYS {
            let of_key = self.known.iter().rev().filter(is_of_key_of(key));
            let Some((n, last)) = of_key.map(|(n, last)| (*n, last)).find(|(_, it)| it.waits(now))
            else {
                continue;
            };
            let Standing { emitted_at, lies_since, begun_at, heir, .. } = last.standing;
            let silent_at = silent_at(emitted_at, self.first_at_the_latest(n, now), debounce);
            let silent_at = if begun_at.is_some() { lies_since } else { silent_at };
            let due = silent_at.max(lies_since).max(self.room_since);
            if due + MOMENT <= now && heir.is_none() && !self.is_outdone(n, now) {
                self.broken.push(format!("{n} still waits at {now}, and was to start at {due}"));
            }
        }
    }
}

fn silent_at(emitted_at: Timestamp, first_at: Timestamp, debounce: Debounce) -> Timestamp {
    (emitted_at + debounce.quiet).min(first_at + debounce.at_most)
}
