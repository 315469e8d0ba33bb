//! The last runs, oldest first, within bounds.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::RunRecord;

#[derive(Debug, Default)]
pub(super) struct Ring {
    runs: VecDeque<Arc<RunRecord>>,
    bytes: usize,
}

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn push(&mut self, run: Arc<RunRecord>) {
        self.bytes += run.size();
        self.runs.push_back(run);
    }

    /// Lets go of the oldest until there are no more than this; gives their ids.
    pub(super) fn shrink(&mut self, count: usize, bytes: usize) -> Vec<u64> {
        let mut dropped = Vec::new();
        while self.runs.len() > count || self.bytes > bytes {
            let Some(oldest) = self.pop() else { break };
            dropped.push(oldest);
        }
        dropped
    }

    /// Lets go of those that began before `oldest`; gives their ids.
    pub(super) fn expire(&mut self, oldest: Timestamp) -> Vec<u64> {
        let mut dropped = Vec::new();
        while self.runs.front().is_some_and(|run| run.started_at < oldest) {
            dropped.extend(self.pop());
        }
        dropped
    }

    fn pop(&mut self) -> Option<u64> {
        let run = self.runs.pop_front()?;
        self.bytes -= run.size();
        Some(run.id)
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<RunRecord>> {
        let place = self.runs.binary_search_by_key(&id, |run| run.id).ok()?;
        self.runs.get(place).cloned()
    }

    pub(super) fn oldest(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.runs.iter()
    }

    pub(super) fn newest(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.runs.iter().rev()
    }
}
