//! A batch happens whole or not at all, in memory: what was done is undone when a later write of
//! the same batch is refused.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    json::JsonText,
    store::{
        Arrival, Batch, Change, CommitError, Committed, Delivery, DeliveryId, Durability, Ending,
        Entry, Failure, Outcome, Require, Settlement, Target, Token, What, Write, batch::Name,
        change::is_watched,
    },
};

use super::{
    dead::{Letter, Letters},
    ended::{End, History},
    queue::{Queues, Row},
    state::State,
};
use crate::rules::{self, Until};

/// All that the store keeps.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) state: State,
    pub(super) queues: Queues,
    pub(super) letters: Letters,
    pub(super) history: History,
    pub(super) closed: bool,
    pub(super) commits: u64,
    journal: Journal,
    /// The last sequence number or version that was given out.
    pub(super) last: u64,
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
    End { key: (Timestamp, u64), was: Option<End> },
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
    /// Writes a batch and gives what is to be heard of it, or changes nothing.
    pub(super) fn commit(&mut self, batch: Batch) -> Result<(Committed, News), CommitError> {
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
        Ok((committed, News { arrivals: done.arrivals, changes: done.changes }))
    }

    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        for require in &batch.requires {
            match require {
                Require::Version { .. } => self.state.require(require)?,
                Require::Held { delivery, token } => self.queues.held(*delivery, *token)?,
            }
        }
        for write in &batch.writes {
            if let Write::Publish { targets, .. } = write
                && let Some(queue) = rules::unknown(targets, |queue| self.queues.knows(queue))
            {
                return Err(rules::unknown_queue(queue));
            }
        }
        Ok(())
    }

    fn write(&mut self, write: Write, done: &mut Done) -> Result<(), CommitError> {
        let journal = &mut self.journal;
        match write {
            Write::Set { group, key, value, expires_at } => {
                self.last += 1;
                let expires_at = expires_at.map(rules::cut);
                let entry = Entry { value: value.clone(), version: self.last, expires_at };
                let watched = is_watched(&group).then(|| key.clone());
                let was = self.state.set(journal, &group, key, entry);
                if let Some(key) = watched {
                    done.changes.push(rules::set(self.last, (&group, &key), was.is_some(), value));
                }
            }
            Write::Delete { group, key, now } => {
                let (was, outcome) = self.state.delete(journal, &group, &key, now);
                done.outcomes.push(outcome);
                self.gone(&group, was.map(|was| (key, was)), done);
            }
            Write::Increment { group, key, by, now } => {
                self.last += 1;
                let there = is_watched(&group).then(|| self.state.has(&group, &key));
                let counted =
                    self.state.increment(journal, (&group, key.clone()), (by, now), self.last)?;
                if let (Some(there), Outcome::Counted(sum)) = (there, &counted) {
                    let sum = JsonText::from_trusted(sum.to_string());
                    done.changes.push(rules::set(self.last, (&group, &key), there, sum));
                }
                done.outcomes.push(counted);
            }
            Write::Clear { group } => {
                let cleared = self.state.clear(journal, &group);
                done.outcomes.push(Outcome::Cleared(cleared.len() as u64));
                self.gone(&group, cleared, done);
            }
            Write::Expire { now, limit } => {
                let expired = self.state.expire(journal, now, limit);
                done.outcomes.push(Outcome::Cleared(expired.len() as u64));
                for (group, key, was) in expired {
                    self.gone(&group, [(key, was)], done);
                }
            }
            Write::Send { group, key, event } => {
                self.last += 1;
                let change = Change {
                    seq: self.last,
                    group: (&*group).into(),
                    key: key.map(Into::into),
                    what: What::Sent(event),
                };
                done.changes.push(change);
            }
            Write::Publish { event, targets } => self.publish(&event, &targets, done),
            Write::Start { delivery, attempt, token } => {
                self.queues.start(journal, delivery, attempt, token);
            }
            Write::Settle { delivery, token, settlement } => {
                self.settle(delivery, token, settlement, done)?;
            }
            Write::End { delivery, ending, at, note } => {
                self.end(delivery, ending, (at, note), done);
            }
            Write::Release { delivery, now } => {
                if let Some(row) = self.queues.release(journal, delivery) {
                    self.wait(delivery, row, Until::Now(now), done);
                }
            }
            Write::Prune { before, keep, limit } => {
                done.outcomes.push(self.history.prune(journal, before, keep, limit));
            }
            Write::Redrive { delivery, now } => {
                let mut row = self.letters.take(journal, delivery)?.row;
                row.attempts = 0;
                row.failures.clear();
                self.wait(delivery, row, Until::Now(now), done);
            }
            Write::Purge { delivery } => {
                self.letters.take(journal, delivery)?;
            }
        }
        Ok(())
    }

    /// Notes entries that went from a group, if it is watched.
    fn gone(
        &mut self,
        group: &Name,
        entries: impl IntoIterator<Item = (String, Entry)>,
        done: &mut Done,
    ) {
        if is_watched(group) {
            for (key, was) in entries {
                self.last += 1;
                done.changes.push(rules::gone(self.last, (group, &key), was.value));
            }
        }
    }

    fn publish(&mut self, event: &Arc<Event>, targets: &[Target], done: &mut Done) {
        if done.arrivals.is_empty() {
            // Most batches publish once.
            done.arrivals.reserve_exact(targets.len());
        }
        for Target { queue, lane, due } in targets {
            self.last += 1;
            let id = DeliveryId { queue: *queue, seq: self.last };
            let due = due.map(rules::cut);
            let row = Row {
                event: event.clone(),
                lane: lane.clone(),
                attempts: 0,
                token: Token(0),
                due,
                delayed: due.is_some(),
                failures: Vec::new(),
            };
            self.queues.publish(&mut self.journal, id, row);

            let (event, lane) = (event.clone(), lane.clone());
            done.arrivals.push(match due {
                None => {
                    Arrival::Ready(Delivery { id, event, lane, attempts: 0, begun: false, due })
                }
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
        // That there is a token says that the delivery was begun.
        let never_begun =
            matches!(settlement, Settlement::Return { begun: false, .. } | Settlement::Hold { .. });
        if recorded || !never_begun {
            // The attempt is over: from here on its own token is superseded too.
            row.token = Token(token.0 + 1);
        }

        match settlement {
            Settlement::Done => {}
            Settlement::Retry { due, failure } => {
                row.fail(*failure);
                self.wait(id, row, Until::Due(due), done);
            }
            Settlement::Dead { reason, at, failure } => {
                if let Some(failure) = failure {
                    row.fail(*failure);
                }
                let letter = Letter { row, reason, died_at: rules::cut(at) };
                self.letters.bury(&mut self.journal, id, letter);
            }
            Settlement::Return { now, .. } => {
                row.attempts = row.attempts.saturating_sub(recorded.into());
                self.wait(id, row, Until::Now(now), done);
            }
            Settlement::Postpone { due } => {
                row.attempts = row.attempts.saturating_sub(recorded.into());
                self.wait(id, row, Until::Due(due), done);
            }
            Settlement::Hold { failure } => {
                row.attempts = row.attempts.saturating_sub(recorded.into());
                row.note(*failure);
                self.wait(id, row, Until::Released, done);
            }
        }
        Ok(())
    }

    /// Ends a delivery, whoever holds it.
    fn end(
        &mut self,
        id: DeliveryId,
        ending: Ending,
        (at, note): (Timestamp, String),
        done: &mut Done,
    ) {
        let row = self.queues.put(&mut self.journal, id, None);
        done.outcomes.push(Outcome::Ended(row.is_some()));
        if let Some(Row { event, attempts, .. }) = row {
            let end = End { queue: id.queue, event, attempts, ending, note };
            self.history.note(&mut self.journal, (rules::cut(at), id.seq), end);
            done.arrivals.push(Arrival::Gone { id, ending });
        }
    }

    /// Lets a delivery wait: in its place if its lane is ordered, otherwise among the delayed.
    fn wait(&mut self, id: DeliveryId, mut row: Row, until: Until, done: &mut Done) {
        let ordered = rules::ordered(row.lane.as_ref());
        row.delayed = ordered.is_none();
        row.due = if row.delayed { Some(until.due()) } else { until.due_in_place() };
        self.queues.put(&mut self.journal, id, Some(row));
        done.arrivals.push(until.arrival(id, ordered));
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
                Undo::End { key, was } => {
                    self.history.put(journal, key, was);
                }
            }
        }
    }
}

impl Row {
    /// Notes a failed attempt, also one whose start was never recorded.
    fn fail(&mut self, failure: Failure) {
        self.attempts = self.attempts.max(failure.attempt);
        self.note(failure);
    }

    /// Keeps what went wrong, once for each attempt.
    fn note(&mut self, failure: Failure) {
        self.failures.retain(|noted| noted.attempt != failure.attempt);
        let behind = self.failures.partition_point(|noted| noted.attempt < failure.attempt);
        self.failures.insert(behind, failure);
    }
}

/// What a batch has done so far.
#[derive(Default)]
struct Done {
    outcomes: Vec<Outcome>,
    arrivals: Vec<Arrival>,
    changes: Vec<Change>,
}

/// What the listener is to hear of a batch.
#[derive(Default)]
pub(super) struct News {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) changes: Vec<Change>,
}
