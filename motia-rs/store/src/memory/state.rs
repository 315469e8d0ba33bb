//! Groups of entries, in memory.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    store::{CommitError, Entry, Outcome, Page, PageRequest, Require, Slice, Sliced, batch::Name},
};

use super::batch::{Journal, Undo};
use crate::rules;

/// All groups. A group without entries does not exist.
#[derive(Default)]
pub(super) struct State {
    groups: BTreeMap<Name, BTreeMap<String, Entry>>,
    /// Entries that have an end, by it; the version tells apart those that end together.
    ends: BTreeMap<(Timestamp, u64), (Name, String)>,
}

// Reads.
impl State {
    pub(super) fn get(&self, group: &str, key: &str, now: Timestamp) -> Option<&Entry> {
        self.groups.get(group)?.get(key).filter(|entry| lives(entry, now))
    }

    pub(super) fn page(
        &self,
        group: &str,
        request: &PageRequest,
        now: Timestamp,
    ) -> Page<(String, Entry)> {
        let after = request.after.as_deref().map_or(Unbounded, Excluded);
        let items = self
            .groups
            .get(group)
            .into_iter()
            .flat_map(|entries| entries.range::<str, _>((after, Unbounded)))
            .filter(|(_, entry)| lives(entry, now))
            .take(rules::fetch(request))
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect();
        rules::page(request, items, |(key, _)| key.clone())
    }

    pub(super) fn slice(
        &self,
        group: &str,
        slice: Slice,
        now: Timestamp,
    ) -> Sliced<(String, Entry)> {
        let Slice { backwards, skip, limit } = slice;
        let entries = || {
            let all = self.groups.get(group).into_iter().flatten();
            all.filter(|(_, entry)| lives(entry, now))
        };
        let owned = |(key, entry): (&String, &Entry)| (key.clone(), entry.clone());
        let items = if backwards {
            entries().rev().skip(skip).take(rules::at_most(limit)).map(owned).collect()
        } else {
            entries().skip(skip).take(rules::at_most(limit)).map(owned).collect()
        };
        Sliced { items, total: entries().count() as u64 }
    }

    /// All entries, or that of `key`, whether their time has run out or not; one more than the limit tells
    /// that there are more.
    pub(super) fn all(&self, group: &str, key: Option<&str>, limit: usize) -> Vec<(String, Entry)> {
        let entries = self.groups.get(group).into_iter().flatten();
        entries
            .filter(|(found, _)| key.is_none_or(|key| key == *found))
            .take(limit.saturating_add(1))
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect()
    }

    pub(super) fn groups(&self, request: &PageRequest) -> Page<(String, u64)> {
        let after = request.after.as_deref().map_or(Unbounded, Excluded);
        let items = self
            .groups
            .range::<str, _>((after, Unbounded))
            .take(rules::fetch(request))
            .map(|(group, entries)| (group.to_string(), entries.len() as u64))
            .collect();
        rules::page(request, items, |(group, _)| group.clone())
    }
}

// Writes.
impl State {
    pub(super) fn require(&self, require: &Require) -> Result<(), CommitError> {
        let Require::Version { group, key, version, now } = require else { return Ok(()) };
        if self.get(group, key, *now).map(|entry| entry.version) == *version {
            return Ok(());
        }
        Err(CommitError::Conflict { group: group.to_string(), key: key.clone() })
    }

    /// Gives what was there.
    pub(super) fn set(
        &mut self,
        journal: &mut Journal,
        group: &Name,
        key: String,
        entry: Entry,
    ) -> Option<Entry> {
        self.put(journal, group, key, Some(entry))
    }

    /// Whether there is an entry, its time run out or not.
    pub(super) fn has(&self, group: &str, key: &str) -> bool {
        self.groups.get(group).is_some_and(|entries| entries.contains_key(key))
    }

    pub(super) fn delete(
        &mut self,
        journal: &mut Journal,
        group: &Name,
        key: &str,
        now: Timestamp,
    ) -> (Option<Entry>, Outcome) {
        let was = self.put(journal, group, key.to_owned(), None);
        let lived = was.as_ref().filter(|entry| lives(entry, now));
        let outcome = Outcome::Removed(lived.map(|entry| entry.value.clone()));
        (was, outcome)
    }

    pub(super) fn increment(
        &mut self,
        journal: &mut Journal,
        (group, key): (&Name, String),
        (by, now): (i64, Timestamp),
        version: u64,
    ) -> Result<Outcome, CommitError> {
        let kept = self.get(group, &key, now);
        let Some(sum) = rules::counted(kept.map(|entry| entry.value.as_str()), by) else {
            return Err(CommitError::NotACounter { group: group.to_string(), key });
        };
        let expires_at = kept.and_then(|entry| entry.expires_at);

        let value = JsonText::from_trusted(sum.to_string());
        self.put(journal, group, key, Some(Entry { value, version, expires_at }));
        Ok(Outcome::Counted(sum))
    }

    /// Gives what went.
    pub(super) fn clear(&mut self, journal: &mut Journal, group: &Name) -> Vec<(String, Entry)> {
        let keys: Vec<String> = self
            .groups
            .get(group)
            .map(|entries| entries.keys().cloned().collect())
            .unwrap_or_default();
        let gone = |key: String| Some((key.clone(), self.put(journal, group, key, None)?));
        keys.into_iter().filter_map(gone).collect()
    }

    /// Gives what went.
    pub(super) fn expire(
        &mut self,
        journal: &mut Journal,
        now: Timestamp,
        limit: usize,
    ) -> Vec<(Name, String, Entry)> {
        let ended: Vec<_> =
            self.ends.range(..=(now, u64::MAX)).take(limit).map(|(_, at)| at.clone()).collect();
        let gone = |(group, key): (Name, String)| {
            let was = self.put(journal, &group, key.clone(), None)?;
            Some((group, key, was))
        };
        ended.into_iter().filter_map(gone).collect()
    }

    /// Puts an entry in its place, or none, and gives what was there. Every change comes through
    /// here, so that it can be undone.
    pub(super) fn put(
        &mut self,
        journal: &mut Journal,
        group: &Name,
        key: String,
        entry: Option<Entry>,
    ) -> Option<Entry> {
        let place = journal.is_kept().then(|| (group.clone(), key.clone()));
        if let Some((end, version)) = entry.as_ref().and_then(end) {
            self.ends.insert((end, version), (group.clone(), key.clone()));
        }

        let was = match entry {
            Some(entry) => match self.groups.get_mut(group) {
                Some(entries) => entries.insert(key, entry),
                None => self.groups.entry(group.clone()).or_default().insert(key, entry),
            },
            None => self.groups.get_mut(group).and_then(|entries| entries.remove(&key)),
        };

        if let Some(end) = was.as_ref().and_then(end) {
            self.ends.remove(&end);
        }
        if self.groups.get(group).is_some_and(BTreeMap::is_empty) {
            self.groups.remove(group);
        }
        if let Some((group, key)) = place {
            journal.note(Undo::Entry { group, key, was: was.clone() });
        }
        was
    }
}

fn lives(entry: &Entry, now: Timestamp) -> bool {
    entry.expires_at.is_none_or(|end| end > now)
}

fn end(entry: &Entry) -> Option<(Timestamp, u64)> {
    entry.expires_at.map(|end| (end, entry.version))
}
