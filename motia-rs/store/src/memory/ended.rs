//! Deliveries that were neither handled nor given up, in memory.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{DeliveryId, Ended, EndedFilter, Ending, Outcome, Page, PageRequest, QueueId},
};

use super::{
    batch::{Journal, Undo},
    queue::Queues,
};
use crate::rules;

/// An end as it is kept.
#[derive(Clone)]
pub(super) struct End {
    pub(super) queue: QueueId,
    pub(super) event: Arc<Event>,
    pub(super) attempts: u32,
    pub(super) ending: Ending,
    pub(super) note: String,
}

/// What ended, by when it did.
#[derive(Default)]
pub(super) struct History(BTreeMap<(Timestamp, u64), End>);

// Reads.
impl History {
    pub(super) fn page(
        &self,
        queues: &Queues,
        filter: &EndedFilter,
        request: &PageRequest,
    ) -> Page<Ended> {
        let ends = self.0.range(..rules::before_end(request)).rev();
        let ends = ends.map(|((at, seq), end)| told(queues, (*at, *seq), end));
        let meant = ends.filter(|ended| is_meant(ended, filter)).take(rules::fetch(request));
        rules::page(request, meant.collect(), rules::end_cursor)
    }
}

// Writes.
impl History {
    pub(super) fn note(&mut self, journal: &mut Journal, key: (Timestamp, u64), end: End) {
        self.put(journal, key, Some(end));
    }

    pub(super) fn prune(
        &mut self,
        journal: &mut Journal,
        before: Timestamp,
        keep: u64,
        limit: usize,
    ) -> Outcome {
        let early = self.0.range(..(before, 0)).count() as u64;
        let pruned = rules::pruned(self.0.len() as u64, early, keep, limit);
        let keys: Vec<_> = self.0.keys().take(pruned as usize).copied().collect();
        for key in keys {
            self.put(journal, key, None);
        }
        Outcome::Cleared(pruned)
    }

    /// Puts an end in its place, or none.
    pub(super) fn put(&mut self, journal: &mut Journal, key: (Timestamp, u64), end: Option<End>) {
        let was = match end {
            Some(end) => self.0.insert(key, end),
            None => self.0.remove(&key),
        };
        journal.note_with(|| Undo::End { key, was });
    }
}

fn is_meant(ended: &Ended, filter: &EndedFilter) -> bool {
    let EndedFilter { queue, ending, delivery, event, trace } = filter;
    queue.as_ref().is_none_or(|queue| *queue == ended.queue)
        && ending.is_none_or(|ending| ending == ended.ending)
        && delivery.is_none_or(|delivery| delivery == ended.id)
        && event.is_none_or(|event| event == ended.event.id)
        && trace.is_none_or(|trace| trace == ended.event.trace.trace_id)
}

fn told(queues: &Queues, (at, seq): (Timestamp, u64), end: &End) -> Ended {
    Ended {
        id: DeliveryId { queue: end.queue, seq },
        queue: queues.step(end.queue).to_owned(),
        event: (*end.event).clone(),
        attempts: end.attempts,
        ending: end.ending,
        at,
        note: end.note.clone(),
    }
}
