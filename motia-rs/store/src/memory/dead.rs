//! Deliveries that were given up, in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
};

use jiff::Timestamp;
use motia_core::store::{CommitError, DeadLetter, DeliveryId, Page, PageRequest, QueueId};

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
        queue: Option<&str>,
        request: &PageRequest,
    ) -> Page<DeadLetter> {
        let behind = (Excluded(rules::after_seq(request)), Unbounded);
        let limit = rules::fetch(request);

        let seqs: Vec<u64> = match queue {
            None => self.letters.range(behind).map(|(seq, _)| *seq).take(limit).collect(),
            Some(step) => {
                let of = self.of_queue.iter().find(|(id, _)| queues.step(**id) == step);
                of.into_iter()
                    .flat_map(|(_, seqs)| seqs.range(behind))
                    .copied()
                    .take(limit)
                    .collect()
            }
        };

        let letters = seqs.iter().map(|seq| {
            let (queue, letter) = &self.letters[seq];
            told(queues, DeliveryId { queue: *queue, seq: *seq }, letter)
        });
        rules::page(request, letters.collect(), |letter| letter.id.seq.to_string())
    }

    pub(super) fn count(&self, queue: QueueId) -> u64 {
        self.of_queue.get(&queue).map_or(0, |seqs| seqs.len() as u64)
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

fn told(queues: &Queues, id: DeliveryId, letter: &Letter) -> DeadLetter {
    DeadLetter {
        id,
        queue: queues.step(id.queue).to_owned(),
        event: (*letter.row.event).clone(),
        attempts: letter.row.attempts,
        reason: letter.reason.clone(),
        died_at: letter.died_at,
        failures: letter.row.failures.clone(),
    }
}
