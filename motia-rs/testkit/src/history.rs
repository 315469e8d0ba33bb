//! What was asked, what was answered and what was done, and whether it keeps the promises.
//!
//! A test notes what it emitted and what it was told, its handlers note each start and end, and
//! [`History::check`] says what does not fit together:
//! - nothing acknowledged is lost: it is handled, or among what was given up or ended
//! - nothing is done twice unless the attempt says that it may be a second one
//! - the events of one key are started in the order in which they were acknowledged, one by one
//! - fencing tokens rise
//!
//! The events of a key have to be emitted one after the other with rising numbers, each after the answer to
//! the one before.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

/// An event's name in a history: its key, and a number that rises with each emit of the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// The key.
    pub key: String,
    /// The number.
    pub n: u64,
}

/// What came of an emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It was acknowledged.
    Kept,
    /// It was refused: it must not be handled.
    Refused,
    /// No answer came: it may be kept or not.
    Unknown,
}

/// What a handler did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The event.
    #[serde(flatten)]
    pub name: Name,
    /// Which process did it; what ran in one ends with it.
    pub process: u32,
    /// What it did.
    pub act: Act,
    /// Which attempt it was.
    pub attempt: u32,
    /// The attempt's fencing token.
    pub token: u64,
    /// Whether the attempt says that the event may have been handled before.
    pub possible_duplicate: bool,
}

/// What a handler did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// It began.
    Began,
    /// It ended well.
    Done,
    /// It failed, and is to be tried again.
    Failed,
}

/// What was asked, what was answered and what was done.
#[derive(Debug, Default)]
pub struct History {
    emitted: BTreeMap<Name, Answer>,
    entries: Vec<Entry>,
    settled: BTreeSet<Name>,
}

/// What a history comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Events that were acknowledged.
    pub accepted: usize,
    /// Events that no answer came for.
    pub unanswered: usize,
    /// Events that were handled to their end.
    pub handled: usize,
    /// Attempts of events that had been begun before, and had not failed.
    pub duplicates_found: usize,
    /// Those of them that said so.
    pub duplicates_recorded: usize,
    /// Events that were acknowledged, and neither handled nor given up.
    pub lost: Vec<Name>,
    /// Events that were handled though they were refused, or never emitted.
    pub invented: Vec<Name>,
    /// Events that were begun after a later one of their key.
    pub out_of_order: Vec<Name>,
    /// Events that were begun while another of their key ran.
    pub overlapping: Vec<Name>,
    /// Events whose fencing tokens do not rise.
    pub unfenced: Vec<Name>,
}

impl History {
    /// Notes an emit and what came of it.
    pub fn emitted(&mut self, name: Name, answer: Answer) {
        self.emitted.insert(name, answer);
    }

    /// Notes what handlers did, in the order in which they did it.
    pub fn did(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
    }

    /// Notes an event that was given up, or ended without being handled.
    pub fn settled(&mut self, name: Name) {
        self.settled.insert(name);
    }

    /// What it comes to.
    #[must_use]
    pub fn check(&self) -> Verdict {
        let answered = |answer| self.emitted.values().filter(|other| **other == answer).count();
        let mut verdict = Verdict {
            accepted: answered(Answer::Kept),
            unanswered: answered(Answer::Unknown),
            ..Verdict::default()
        };
        let mut events: BTreeMap<&Name, Event> = BTreeMap::new();
        let mut keys: BTreeMap<&str, Key<'_>> = BTreeMap::new();
        for entry in &self.entries {
            let event = events.entry(&entry.name).or_default();
            let key = keys.entry(&entry.name.key).or_default();
            match entry.act {
                Act::Began => {
                    event.begin(entry, &mut verdict);
                    key.begin(entry, &mut verdict);
                }
                Act::Done => event.done = true,
                Act::Failed => event.failed = true,
            }
            if entry.act != Act::Began {
                key.running.remove(&(entry.process, entry.name.n));
            }
        }
        verdict.handled = events.values().filter(|event| event.done).count();
        let done = |name: &Name| events.get(name).is_some_and(|event| event.done);
        let lost = self.emitted.iter().filter(|(name, answer)| {
            **answer == Answer::Kept && !done(name) && !self.settled.contains(name)
        });
        verdict.lost = lost.map(|(name, _)| name.clone()).collect();
        let invented = events
            .keys()
            .filter(|name| matches!(self.emitted.get(**name), None | Some(Answer::Refused)));
        verdict.invented = invented.map(|name| (*name).clone()).collect();
        verdict
    }
}

#[derive(Default)]
struct Event {
    begun: bool,
    /// The last attempt failed: another is due.
    failed: bool,
    done: bool,
    token: u64,
}

impl Event {
    fn begin(&mut self, entry: &Entry, verdict: &mut Verdict) {
        if self.begun && !self.failed {
            verdict.duplicates_found += 1;
            verdict.duplicates_recorded += usize::from(entry.possible_duplicate);
        }
        if self.begun && entry.token <= self.token {
            verdict.unfenced.push(entry.name.clone());
        }
        (self.begun, self.failed, self.token) = (true, false, entry.token);
    }
}

#[derive(Default)]
struct Key<'h> {
    last: Option<&'h Name>,
    running: BTreeSet<(u32, u64)>,
}

impl<'h> Key<'h> {
    fn begin(&mut self, entry: &'h Entry, verdict: &mut Verdict) {
        if self.last.is_some_and(|last| entry.name.n < last.n) {
            verdict.out_of_order.push(entry.name.clone());
        }
        self.running.retain(|(process, _)| *process == entry.process);
        if !self.running.is_empty() {
            verdict.overlapping.push(entry.name.clone());
        }
        self.running.insert((entry.process, entry.name.n));
        self.last = Some(&entry.name);
    }
}

impl Verdict {
    /// Adds what another part of the same run came to; no key may be in both.
    pub fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.unanswered += other.unanswered;
        self.handled += other.handled;
        self.duplicates_found += other.duplicates_found;
        self.duplicates_recorded += other.duplicates_recorded;
        self.lost.extend(other.lost);
        self.invented.extend(other.invented);
        self.out_of_order.extend(other.out_of_order);
        self.overlapping.extend(other.overlapping);
        self.unfenced.extend(other.unfenced);
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken() == 0
    }

    /// How often a promise was broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.lost.len()
            + self.invented.len()
            + self.out_of_order.len()
            + self.overlapping.len()
            + self.unfenced.len()
            + (self.duplicates_found - self.duplicates_recorded)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("accepted", self.accepted),
            ("unanswered", self.unanswered),
            ("handled", self.handled),
            ("duplicates found", self.duplicates_found),
            ("duplicates recorded", self.duplicates_recorded),
            ("lost", self.lost.len()),
            ("invented", self.invented.len()),
            ("order violations", self.out_of_order.len() + self.overlapping.len()),
            ("fencing violations", self.unfenced.len()),
        ];
        for (what, count) in lines {
            writeln!(f, "{what:<20} {count:>9}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u64) -> Name {
        Name { key: "k".into(), n }
    }

    fn entry(n: u64, act: Act, attempt: u32, token: u64) -> Entry {
        Entry { name: name(n), process: 1, act, attempt, token, possible_duplicate: attempt > 1 }
    }

    fn ran(n: u64, token: u64) -> [Entry; 2] {
        [entry(n, Act::Began, 1, token), entry(n, Act::Done, 1, token)]
    }

    fn history(kept: impl IntoIterator<Item = u64>, entries: &[Entry]) -> Verdict {
        let mut history = History::default();
        kept.into_iter().for_each(|n| history.emitted(name(n), Answer::Kept));
        history.did(entries.to_vec());
        history.check()
    }

    #[test]
    fn a_history_in_which_all_is_well_keeps_the_promises() {
        let verdict = history([1, 2], &[ran(1, 1), ran(2, 2)].concat());

        assert!(verdict.is_kept(), "{verdict}");
        assert_eq!((verdict.accepted, verdict.handled), (2, 2));
    }

    #[test]
    fn what_was_acknowledged_and_never_done_is_lost() {
        let verdict = history([1, 2], &ran(1, 1));
        assert_eq!(verdict.lost, [name(2)]);
    }

    #[test]
    fn what_was_given_up_is_not_lost() {
        let mut history = History::default();
        history.emitted(name(1), Answer::Kept);
        history.settled(name(1));
        assert!(history.check().is_kept());
    }

    #[test]
    fn what_was_refused_and_done_all_the_same_is_invented() {
        let mut history = History::default();
        history.emitted(name(1), Answer::Refused);
        history.did(ran(1, 1));
        assert_eq!(history.check().invented, [name(1)]);
    }

    #[test]
    fn a_second_attempt_has_to_say_that_it_is_one() {
        let silent = history([1], &[ran(1, 1), ran(1, 2)].concat());
        assert_eq!((silent.duplicates_found, silent.duplicates_recorded), (1, 0));
        assert!(!silent.is_kept());

        let again = [entry(1, Act::Began, 2, 2), entry(1, Act::Done, 2, 2)];
        let recorded = history([1], &[ran(1, 1), again].concat());
        assert_eq!((recorded.duplicates_found, recorded.duplicates_recorded), (1, 1));
        assert!(recorded.is_kept());
    }

    #[test]
    fn an_attempt_after_a_failed_one_is_no_duplicate() {
        let failed = [entry(1, Act::Began, 1, 1), entry(1, Act::Failed, 1, 1)];
        let verdict = history([1], &[failed, ran(1, 2)].concat());
        assert_eq!((verdict.duplicates_found, verdict.is_kept()), (0, true));
    }

    #[test]
    fn what_starts_after_a_later_one_of_its_key_is_out_of_order() {
        let verdict = history([1, 2], &[ran(2, 1), ran(1, 2)].concat());
        assert_eq!(verdict.out_of_order, [name(1)]);
    }

    #[test]
    fn two_of_one_key_at_once_overlap_unless_the_first_died_with_its_process() {
        let both = [entry(1, Act::Began, 1, 1), entry(2, Act::Began, 1, 2)];
        assert_eq!(history([], &both).overlapping, [name(2)]);

        let [first, second] = both;
        let died = [first, Entry { process: 2, ..second }];
        assert!(history([], &died).overlapping.is_empty());
    }

    #[test]
    fn tokens_that_do_not_rise_are_found() {
        let again = [entry(1, Act::Began, 2, 5), entry(1, Act::Done, 2, 5)];
        assert_eq!(history([1], &[ran(1, 5), again].concat()).unfenced, [name(1)]);
    }
}
