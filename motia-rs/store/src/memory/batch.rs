//! A batch happens whole or not at all, in memory: what was done is undone when a later write of
//! the same batch is refused.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{
        Arrival, Batch, CommitError, Committed, Delivery, DeliveryId, Durability, Entry, Failure,
        Outcome, QueueId, Require, Settlement, Token, Write, batch::Name,
    },
};

use super::{
    dead::{Letter, Letters},
    queue::{Queues, Row},
    state::State,
};
use crate::rules;

/// All that the store keeps.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) state: State,
    pub(super) queues: Queues,
    pub(super) letters: Letters,
    pub(super) closed: bool,
    pub(super) commits: u64,
    journal: Journal,
    /// The last sequence number or version that was given out.
    last: u64,
}

/// How to undo the writes of a batch. Kept only for batches that may need it.
#[derive(Default)]
pub(super) struct Journal {
    kept: bool,
    undo: Vec<Undo>,
}

/// What was in a place before it was written.
pub(super) enum Undo {
    Entry { group: Name, key: String, was: Option<Entry> },
    Delivery { id: DeliveryId, was: Option<Row> },
    Letter { id: DeliveryId, was: Option<Letter> },
}

impl Journal {
    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    pub(super) fn note(&mut self, undo: Undo) {
        self.undo.push(undo);
    }

    pub(super) fn note_with(&mut self, undo: impl FnOnce() -> Undo) {
        if self.kept {
            self.note(undo());
        }
    }
}

impl Kept {
    /// Writes a batch and gives what it put into queues, or changes nothing.
    pub(super) fn commit(
        &mut self,
        batch: Batch,
    ) -> Result<(Committed, Vec<Arrival>), CommitError> {
        self.check(&batch)?;

        self.journal.kept = rules::may_stop_halfway(&batch.writes);
        let mut done = Done::default();
        let written = batch.writes.into_iter().try_for_each(|write| self.write(write, &mut done));
        self.journal.kept = false;
        let undo = std::mem::take(&mut self.journal.undo);
        if let Err(refused) = written {
            self.undo(undo);
            return Err(refused);
        }

        self.commits += 1;
        let committed = Committed { durability: Durability::Volatile, outcomes: done.outcomes };
        Ok((committed, done.arrivals))
    }

    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        for require in &batch.requires {
            match require {
                Require::Version { .. } => self.state.require(require)?,
                Require::Held { delivery, token } => self.queues.held(*delivery, *token)?,
            }
        }
        for write in &batch.writes {
            if let Write::Publish { queues, .. } = write
                && let Some(queue) = queues.iter().find(|queue| !self.queues.knows(**queue))
            {
                return Err(rules::unknown_queue(*queue));
            }
        }
        Ok(())
    }

    fn write(&mut self, write: Write, done: &mut Done) -> Result<(), CommitError> {
        let journal = &mut self.journal;
        match write {
            Write::Set { group, key, value, expires_at } => {
                self.last += 1;
                let entry = Entry { value, version: self.last, expires_at };
                self.state.set(journal, &group, key, entry);
            }
            Write::Delete { group, key, now } => {
                done.outcomes.push(self.state.delete(journal, &group, key, now));
            }
            Write::Increment { group, key, by, now } => {
                self.last += 1;
                let counted = self.state.increment(journal, (&group, key), (by, now), self.last)?;
                done.outcomes.push(counted);
            }
            Write::Clear { group } => done.outcomes.push(self.state.clear(journal, &group)),
            Write::Expire { now, limit } => {
                done.outcomes.push(self.state.expire(journal, now, limit));
            }
            Write::Publish { event, queues, due } => self.publish(&event, &queues, due, done),
            Write::Start { delivery, attempt, token } => {
                self.queues.start(journal, delivery, attempt, token);
            }
            Write::Settle { delivery, token, settlement } => {
                self.settle(delivery, token, settlement, done)?;
            }
            Write::Redrive { delivery, now } => {
                let mut row = self.letters.take(journal, delivery)?.row;
                row.attempts = 0;
                row.failures.clear();
                self.wait_until(now, delivery, row, done);
            }
            Write::Purge { delivery } => {
                self.letters.take(journal, delivery)?;
            }
        }
        Ok(())
    }

    fn publish(
        &mut self,
        event: &Arc<Event>,
        queues: &[QueueId],
        due: Option<Timestamp>,
        done: &mut Done,
    ) {
        let due = due.map(rules::due);
        for queue in queues {
            self.last += 1;
            let id = DeliveryId { queue: *queue, seq: self.last };
            let (attempts, token, failures) = (0, Token(0), Vec::new());
            let row = Row { event: event.clone(), attempts, token, due, failures };
            self.queues.publish(&mut self.journal, id, row);

            done.arrivals.push(match due {
                None => Arrival::Ready(Delivery { id, event: event.clone(), attempts, due }),
                Some(due) => Arrival::Due { id, due },
            });
        }
    }

    fn settle(
        &mut self,
        id: DeliveryId,
        token: Token,
        settlement: Settlement,
        done: &mut Done,
    ) -> Result<(), CommitError> {
        let mut row = self.queues.take(&mut self.journal, id, token)?;
        let recorded = row.token == token;
        // The attempt is over: from here on its own token is superseded too.
        row.token = Token(token.0 + 1);

        match settlement {
            Settlement::Done => {}
            Settlement::Retry { due, failure } => {
                row.fail(failure);
                self.wait_until(due, id, row, done);
            }
            Settlement::Dead { reason, at, failure } => {
                if let Some(failure) = failure {
                    row.fail(failure);
                }
                self.letters.bury(&mut self.journal, id, Letter { row, reason, died_at: at });
            }
            Settlement::Return { now } => {
                row.attempts = row.attempts.saturating_sub(recorded.into());
                self.wait_until(now, id, row, done);
            }
        }
        Ok(())
    }

    fn wait_until(&mut self, due: Timestamp, id: DeliveryId, mut row: Row, done: &mut Done) {
        let due = rules::due(due);
        row.due = Some(due);
        self.queues.put(&mut self.journal, id, Some(row));
        done.arrivals.push(Arrival::Due { id, due });
    }

    fn undo(&mut self, undo: Vec<Undo>) {
        let journal = &mut self.journal;
        for undo in undo.into_iter().rev() {
            match undo {
                Undo::Entry { group, key, was } => {
                    self.state.put(journal, &group, key, was);
                }
                Undo::Delivery { id, was } => {
                    self.queues.put(journal, id, was);
                }
                Undo::Letter { id, was } => {
                    self.letters.put(journal, id, was);
                }
            }
        }
    }
}

impl Row {
    /// Notes a failed attempt, also one whose start was never recorded.
    fn fail(&mut self, failure: Failure) {
        self.attempts = self.attempts.max(failure.attempt);
        self.failures.push(failure);
    }
}

/// What a batch has done so far.
#[derive(Default)]
struct Done {
    outcomes: Vec<Outcome>,
    arrivals: Vec<Arrival>,
}
