//! A batch happens whole or not at all, in the file: several share one transaction, and a batch that
//! is refused leaves its neighbours alone.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use motia_core::{
    event::Event,
    json::JsonText,
    store::{
        Arrival, Batch, Change as Watched, CommitError, Committed, Delivery, DeliveryId,
        Durability, Entry, Outcome, QueueId, Require, Settlement, Target, Token, What, Write,
        change::is_watched,
    },
};
use rusqlite::Connection;

use super::{
    counts::Change,
    dead, ended,
    fault::Stop,
    hot::Hot,
    numbers::{self, Numbers},
    queue::{self, Moved},
    segments::Segments,
    state,
};
use crate::rules::{self, Until};

/// The writes of one transaction that is not yet kept.
pub(super) struct Group<'w, 'db> {
    pub(super) db: &'db Connection,
    pub(super) hot: &'w mut Hot<'db>,
    /// How well it will be kept.
    pub(super) durability: Durability,
    /// How many queues there are.
    pub(super) queues: usize,
    pub(super) numbers: &'w mut Numbers,
    pub(super) segments: &'w mut Segments,
    /// Attempts that start, to be written unless they end well in this very transaction.
    pub(super) starts: HashMap<DeliveryId, Start, RandomState>,
    /// How many starts were not written for that reason.
    pub(super) skipped: usize,
    /// What each batch came to.
    pub(super) results: Results,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) changes: Vec<Change>,
    /// What was done to watched groups.
    pub(super) watched: Vec<Watched>,
}

pub(super) type Results = Vec<Result<Committed, CommitError>>;

/// An attempt that starts.
pub(super) struct Start {
    attempt: u32,
    token: Token,
}

impl Group<'_, '_> {
    /// Writes a batch, or changes nothing and notes why it was refused.
    ///
    /// # Errors
    /// The file failed, and the whole group with it.
    pub(super) fn write_batch(&mut self, batch: Batch) -> rusqlite::Result<()> {
        let written = match (batch.requires.as_slice(), batch.writes.as_slice()) {
            ([], &[Write::Start { delivery, attempt, token }]) => {
                if let Some(earlier) = self.starts.insert(delivery, Start { attempt, token }) {
                    self.start(delivery, earlier)?;
                }
                Ok(self.committed(Vec::new()))
            }
            ([], &[Write::Settle { delivery, token, settlement: Settlement::Done }]) => {
                match self.starts.remove(&delivery) {
                    Some(start) if start.token == token => self.skipped += 1,
                    Some(start) => self.start(delivery, start)?,
                    None => {}
                }
                self.write_or_undo(batch)
            }
            _ => {
                if looks_at_attempts(&batch) {
                    self.write_starts()?;
                }
                self.write_or_undo(batch)
            }
        };
        self.results.push(match written {
            Ok(committed) => Ok(committed),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Failed(error)) => return Err(error),
        });
        Ok(())
    }

    /// Writes what was noted of many batches.
    pub(super) fn write_the_rest(&mut self) -> rusqlite::Result<()> {
        self.hot.many.write(self.segments)?;
        self.write_starts()?;
        self.segments.write(&mut self.hot.segments)?;
        match rules::last_kept(&self.watched) {
            Some(seq) => numbers::change(self.db, seq),
            None => Ok(()),
        }
    }

    /// Writes the starts of all attempts that are not over already.
    fn write_starts(&mut self) -> rusqlite::Result<()> {
        let mut starts = std::mem::take(&mut self.starts);
        let written = starts.drain().try_for_each(|(delivery, start)| self.start(delivery, start));
        self.starts = starts;
        written
    }

    fn start(&mut self, id: DeliveryId, Start { attempt, token }: Start) -> rusqlite::Result<()> {
        if self.segments.start(&mut self.hot.segments, id, attempt, token)? {
            return Ok(());
        }
        queue::start(self.hot, id, attempt, token)
    }

    fn write_or_undo(&mut self, batch: Batch) -> Result<Committed, Stop> {
        self.check(&batch)?;
        if !rules::may_stop_halfway(&batch.writes) {
            return self.write_all(batch.writes);
        }

        let (arrivals, changes) = (self.arrivals.len(), self.changes.len());
        let watched = self.watched.len();
        let (numbers, segments) = (self.numbers.mark(), self.segments.mark());
        let many = self.hot.many.len();
        self.execute("SAVEPOINT batch")?;
        let written = self.write_all(batch.writes);
        match written {
            Ok(_) => {}
            Err(Stop::Refused(_)) => {
                self.execute("ROLLBACK TO batch")?;
                self.numbers.roll_back_to(numbers);
                self.segments.roll_back_to(segments);
                self.hot.many.truncate(many);
                self.arrivals.truncate(arrivals);
                self.changes.truncate(changes);
                self.watched.truncate(watched);
            }
            Err(Stop::Failed(_)) => return written,
        }
        self.execute("RELEASE batch")?;
        written
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(())
    }

    fn check(&self, batch: &Batch) -> Result<(), Stop> {
        for require in &batch.requires {
            match require {
                Require::Version { .. } => state::require(self.db, require)?,
                Require::Held { delivery, token } => {
                    if !self.segments.held(self.db, *delivery, *token)? {
                        queue::held(self.db, *delivery, *token)?;
                    }
                }
            }
        }
        for write in &batch.writes {
            let knows = |queue: QueueId| (1..=self.queues).contains(&queue.0.into());
            if let Write::Publish { targets, .. } = write
                && let Some(queue) = rules::unknown(targets, knows)
            {
                return Err(rules::unknown_queue(queue).into());
            }
        }
        Ok(())
    }

    fn write_all(&mut self, writes: Vec<Write>) -> Result<Committed, Stop> {
        let mut outcomes = Vec::new();
        for write in writes {
            outcomes.extend(self.write(write)?);
        }
        Ok(self.committed(outcomes))
    }

    fn committed(&self, outcomes: Vec<Outcome>) -> Committed {
        Committed { durability: self.durability, outcomes }
    }

    fn write(&mut self, write: Write) -> Result<Option<Outcome>, Stop> {
        let db = self.db;
        match write {
            Write::Set { group, key, value, expires_at } => {
                let version = self.numbers.take(db)?;
                let there = self.is_there(&group, &key)?;
                let entry = Entry { value, version, expires_at };
                state::set(db, &group, &key, &entry)?;
                if let Some(there) = there {
                    self.watched.push(rules::set(version, (&group, &key), there, entry.value));
                }
            }
            Write::Delete { group, key, now } => {
                if is_watched(&group) {
                    let was = state::raw(db, &group, &key)?;
                    self.gone(&group, was.map(|was| (key.clone(), was.value)))?;
                }
                return Ok(Some(state::delete(db, &group, &key, now)?));
            }
            Write::Increment { group, key, by, now } => {
                let version = self.numbers.take(db)?;
                let there = self.is_there(&group, &key)?;
                let counted = state::increment(db, (&group, &key), (by, now), version)?;
                if let (Some(there), Outcome::Counted(sum)) = (there, &counted) {
                    let sum = JsonText::from_trusted(sum.to_string());
                    self.watched.push(rules::set(version, (&group, &key), there, sum));
                }
                return Ok(Some(counted));
            }
            Write::Clear { group } => {
                if is_watched(&group) {
                    let all = state::all_of(db, &group, None, usize::MAX)?;
                    self.gone(&group, all.into_iter().map(|(key, was)| (key, was.value)))?;
                }
                return Ok(Some(state::clear(db, &group)?));
            }
            Write::Expire { now, limit } => {
                let expired = state::expire(db, now, limit)?;
                let cleared = Outcome::Cleared(expired.len() as u64);
                for (group, key, was) in expired {
                    if is_watched(&group) {
                        self.gone(&group, [(key, was)])?;
                    }
                }
                return Ok(Some(cleared));
            }
            Write::Send { group, key, event } => {
                let seq = self.numbers.take(db)?;
                let (group, key) = ((&*group).into(), key.map(Into::into));
                self.watched.push(Watched { seq, group, key, what: What::Sent(event) });
            }
            Write::Publish { event, targets } => self.publish(&event, &targets)?,
            Write::Start { delivery, attempt, token } => {
                self.start(delivery, Start { attempt, token })?;
            }
            Write::Settle { delivery, token, settlement } => {
                self.settle(delivery, token, settlement)?;
            }
            Write::End { delivery, ending, at, note } => {
                self.take_out(delivery)?;
                let lay = ended::end(db, delivery, ending, (at, &note))?;
                if let Some(place) = lay {
                    self.change(delivery.queue, -i64::from(place.ready));
                    self.arrivals.push(Arrival::Gone { id: delivery, ending });
                }
                return Ok(Some(Outcome::Ended(lay.is_some())));
            }
            Write::Release { delivery, now } => {
                let until = Until::Now(now);
                if let Some(moved) = queue::release(db, delivery, until)? {
                    self.waits(delivery, until, moved);
                }
            }
            Write::Prune { before, keep, limit } => {
                return Ok(Some(ended::prune(db, before, keep, limit)?));
            }
            Write::Redrive { delivery, now } => {
                let until = Until::Now(now);
                let ordered = dead::redrive(db, delivery, until)?;
                self.change(delivery.queue, ordered.is_some().into());
                self.arrivals.push(until.arrival(delivery, ordered));
            }
            Write::Purge { delivery } => dead::purge(db, delivery)?,
        }
        Ok(None)
    }

    /// Whether an entry of a watched group is there, its time run out or not; `None` for one of another.
    fn is_there(&self, group: &str, key: &str) -> rusqlite::Result<Option<bool>> {
        if is_watched(group) {
            Ok(Some(state::raw(self.db, group, key)?.is_some()))
        } else {
            Ok(None)
        }
    }

    /// Notes entries that go from a watched group.
    fn gone(
        &mut self,
        group: &str,
        entries: impl IntoIterator<Item = (String, JsonText)>,
    ) -> rusqlite::Result<()> {
        for (key, was) in entries {
            let seq = self.numbers.take(self.db)?;
            self.watched.push(rules::gone(seq, (group, &key), was));
        }
        Ok(())
    }

    fn publish(&mut self, event: &Arc<Event>, targets: &[Target]) -> Result<(), Stop> {
        for Target { queue, lane, due } in targets {
            let id = DeliveryId { queue: *queue, seq: self.numbers.take(self.db)? };
            let due = due.map(rules::cut);
            queue::publish(self.hot, id, event, lane.as_ref(), due)?;

            if due.is_none() {
                self.change(*queue, 1);
            }
            let (event, lane) = (event.clone(), lane.clone());
            self.arrivals.push(match due {
                None => {
                    Arrival::Ready(Delivery { id, event, lane, attempts: 0, begun: false, due })
                }
                Some(due) => Arrival::Due { id, due },
            });
        }
        Ok(())
    }

    fn settle(&mut self, id: DeliveryId, token: Token, settlement: Settlement) -> Result<(), Stop> {
        let db = self.db;
        if settlement != Settlement::Done {
            self.take_out(id)?;
        }
        match settlement {
            Settlement::Done if self.segments.done(db, &mut self.hot.segments, id, token)? => {
                self.change(id.queue, -1);
            }
            Settlement::Done => {
                let place = queue::done(db, self.hot, id, token)?;
                self.change(id.queue, -i64::from(place.ready));
            }
            Settlement::Retry { due, failure } => {
                let until = Until::Due(due);
                let moved = queue::retry(db, id, token, until, &failure)?;
                self.waits(id, until, moved);
            }
            Settlement::Dead { reason, at, failure } => {
                let place = dead::bury(db, id, token, (&reason, at), failure.as_deref())?;
                self.change(id.queue, -i64::from(place.ready));
            }
            Settlement::Return { now, begun } => {
                let until = Until::Now(now);
                let moved = queue::give_back(db, id, token, until, begun)?;
                self.waits(id, until, moved);
            }
            Settlement::Postpone { due } => {
                let until = Until::Due(due);
                let moved = queue::give_back(db, id, token, until, true)?;
                self.waits(id, until, moved);
            }
            Settlement::Hold { failure } => {
                let moved = queue::hold(db, id, token, &failure)?;
                self.waits(id, Until::Released, moved);
            }
        }
        Ok(())
    }

    /// Gives a delivery a row of its own, for what nearly all of them are spared.
    fn take_out(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        self.segments.take_out(self.db, &mut self.hot.many, id)
    }

    fn waits(&mut self, id: DeliveryId, until: Until, moved: Moved) {
        self.change(id.queue, moved.ready());
        self.arrivals.push(until.arrival(id, moved.ordered));
    }

    fn change(&mut self, queue: QueueId, ready: i64) {
        self.changes.push(Change { queue, ready });
    }
}

/// Whether it matters to a batch how often a delivery was attempted, and under which token.
fn looks_at_attempts(batch: &Batch) -> bool {
    batch.requires.iter().any(|require| matches!(require, Require::Held { .. }))
        || batch.writes.iter().any(|write| {
            matches!(
                write,
                Write::Start { .. }
                    | Write::Settle { .. }
                    | Write::End { .. }
                    | Write::Release { .. }
            )
        })
}
