//! Deliveries that were given up, in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
};

use jiff::Timestamp;
use motia_core::store::{
    CommitError, DeadFilter, DeadLetter, DeliveryId, Page, PageRequest, QueueId,
};

use super::{
    batch::{Journal, Undo},
    queue::{Queues, Row},
};
use crate::rules;

/// A dead letter as it is kept.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) row: Row,
    pub(super) reason: String,
    pub(super) died_at: Timestamp,
}

/// All dead letters, by sequence number, and which belong to which queue.
#[derive(Default)]
pub(super) struct Letters {
    letters: BTreeMap<u64, (QueueId, Letter)>,
    of_queue: BTreeMap<QueueId, BTreeSet<u64>>,
}

// Reads.
impl Letters {
    pub(super) fn get(&self, queues: &Queues, id: DeliveryId) -> Option<DeadLetter> {
        let (queue, letter) = self.letters.get(&id.seq)?;
        (*queue == id.queue).then(|| told(queues, id, letter))
    }

    pub(super) fn page(
        &self,
        queues: &Queues,
        filter: &DeadFilter,
        request: &PageRequest,
    ) -> Page<DeadLetter> {
        let letters = self
            .meant(queues, filter, rules::after_seq(request))
            .take(rules::fetch(request))
            .map(|(id, letter)| told(queues, id, letter));
        rules::page(request, letters.collect(), |letter| letter.id.seq.to_string())
    }

    pub(super) fn count(&self, queues: &Queues, filter: &DeadFilter) -> u64 {
        self.meant(queues, filter, 0).count() as u64
    }

    /// The letters beyond a sequence number to which all that the filter says applies.
    fn meant<'l>(
        &'l self,
        queues: &Queues,
        filter: &'l DeadFilter,
        after: u64,
    ) -> impl Iterator<Item = (DeliveryId, &'l Letter)> {
        let behind = (Excluded(after), Unbounded);
        let seqs: Box<dyn Iterator<Item = u64>> = match &filter.queue {
            None => Box::new(self.letters.range(behind).map(|(seq, _)| *seq)),
            Some(step) => {
                let of = self.of_queue.iter().find(|(id, _)| queues.step(**id) == step);
                Box::new(of.into_iter().flat_map(move |(_, seqs)| seqs.range(behind)).copied())
            }
        };
        let letters = seqs.map(|seq| {
            let (queue, letter) = &self.letters[&seq];
            (DeliveryId { queue: *queue, seq }, letter)
        });
        letters.filter(|(_, letter)| letter.is_meant(filter))
    }
}

// Writes.
impl Letters {
    pub(super) fn bury(&mut self, journal: &mut Journal, id: DeliveryId, letter: Letter) {
        self.put(journal, id, Some(letter));
    }

    /// Takes a dead letter out, to be put back into its queue or to be forgotten.
    pub(super) fn take(
        &mut self,
        journal: &mut Journal,
        id: DeliveryId,
    ) -> Result<Letter, CommitError> {
        self.put(journal, id, None).ok_or(CommitError::NoSuchDeadLetter(id))
    }

    /// Puts a dead letter in its place, or none, and gives what was there.
    pub(super) fn put(
        &mut self,
        journal: &mut Journal,
        id: DeliveryId,
        letter: Option<Letter>,
    ) -> Option<Letter> {
        let was = match self.letters.get(&id.seq) {
            Some((queue, _)) if *queue == id.queue => self.letters.remove(&id.seq),
            _ => None,
        };
        let was = was.map(|(_, letter)| letter);

        let seqs = self.of_queue.entry(id.queue).or_default();
        if let Some(letter) = letter {
            seqs.insert(id.seq);
            self.letters.insert(id.seq, (id.queue, letter));
        } else if was.is_some() {
            seqs.remove(&id.seq);
        }
        journal.note_with(|| Undo::Letter { id, was: was.clone() });
        was
    }
}

impl Letter {
    /// Whether all that the filter says applies, except for the queue.
    fn is_meant(&self, filter: &DeadFilter) -> bool {
        let DeadFilter { queue: _, topic, event, trace, lane, reason, since, until } = filter;
        let Row { event: of, lane: lies_in, .. } = &self.row;
        topic.as_ref().is_none_or(|topic| *topic == of.topic)
            && event.is_none_or(|event| event == of.id)
            && trace.is_none_or(|trace| trace == of.trace.trace_id)
            && (lane.is_none() || lane.as_deref() == lies_in.as_ref().map(|lane| &*lane.key))
            && reason.as_ref().is_none_or(|text| self.reason.contains(text))
            && since.is_none_or(|since| self.died_at >= since)
            && until.is_none_or(|until| self.died_at < until)
    }
}

fn told(queues: &Queues, id: DeliveryId, letter: &Letter) -> DeadLetter {
    DeadLetter {
        id,
        queue: queues.step(id.queue).to_owned(),
        key: letter.row.lane.as_ref().map(|lane| lane.key.clone()),
        event: (*letter.row.event).clone(),
        attempts: letter.row.attempts,
        reason: letter.reason.clone(),
        died_at: letter.died_at,
        failures: letter.row.failures.clone(),
    }
}
