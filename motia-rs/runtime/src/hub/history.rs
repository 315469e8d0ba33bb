//! The last changes, for readers that were away for a moment.

use std::{collections::VecDeque, sync::Arc};

use super::room::Told;

/// The last changes of all streams, as many as may be kept.
pub(super) struct History {
    changes: VecDeque<Arc<Told>>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    /// All changes after this one are there.
    complete_since: u64,
    /// The last that was heard of.
    heard: u64,
}

impl History {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        // Until it is known where it begins, it goes back to nowhere.
        let complete_since = u64::MAX;
        Self { changes: VecDeque::new(), bytes: 0, most, most_bytes, complete_since, heard: 0 }
    }

    /// Everything after `seq` is heard of.
    pub(super) fn begin(&mut self, seq: u64) {
        self.complete_since = seq;
        self.heard = self.heard.max(seq);
    }

    pub(super) fn push(&mut self, told: Arc<Told>) {
        self.heard = told.change.seq;
        self.bytes += told.weight();
        self.changes.push_back(told);
        while self.changes.len() > self.most || self.bytes > self.most_bytes {
            let Some(forgotten) = self.changes.pop_front() else { break };
            self.bytes -= forgotten.weight();
            if self.complete_since != u64::MAX {
                self.complete_since = self.complete_since.max(forgotten.change.seq);
            }
        }
    }

    /// What came to a group, or to an item of it, after `seq`; `None` if that is not known.
    pub(super) fn since(
        &self,
        seq: u64,
        group: &Arc<str>,
        key: Option<&Arc<str>>,
    ) -> Option<Vec<Arc<Told>>> {
        if !(self.complete_since..=self.heard).contains(&seq) {
            return None;
        }
        let wanted = |told: &&Arc<Told>| {
            let change = &told.change;
            change.seq > seq
                && change.group == *group
                && key.is_none_or(|key| change.key.as_ref() == Some(key))
        };
        Some(self.changes.iter().filter(wanted).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::room::tests::told, *};

    fn since(history: &History, seq: u64) -> Option<Vec<u64>> {
        let found = history.since(seq, &told(0, "a").change.group, None)?;
        Some(found.iter().map(|told| told.change.seq).collect())
    }

    #[test]
    fn it_goes_back_as_far_as_it_is_kept_and_says_where_it_does_not() {
        let mut history = History::new(2, usize::MAX);
        history.begin(10);
        assert_eq!(since(&history, 10), Some(vec![]));
        assert_eq!(since(&history, 9), None, "that was before it began");
        assert_eq!(since(&history, 11), None, "that is from another store");

        for seq in [12, 15, 17] {
            history.push(told(seq, "a"));
        }

        assert_eq!(since(&history, 17), Some(vec![]));
        assert_eq!(since(&history, 13), Some(vec![15, 17]));
        assert_eq!(since(&history, 12), Some(vec![15, 17]));
        assert_eq!(since(&history, 11), None);
    }

    #[test]
    fn large_changes_are_forgotten_sooner() {
        let mut history = History::new(1000, 3 * told(0, "a").weight());
        history.begin(0);

        (1..=9).for_each(|seq| history.push(told(seq, "a")));

        assert_eq!(since(&history, 6), Some(vec![7, 8, 9]));
        assert_eq!(since(&history, 5), None);
    }
}
