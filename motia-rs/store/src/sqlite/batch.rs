//! A batch happens whole or not at all, in the file: several share one transaction, and a batch that
//! is refused leaves its neighbours alone.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{
        Arrival, Batch, Committed, Delivery, DeliveryId, Durability, Entry, Outcome, QueueId,
        Require, Settlement, Token, Write,
    },
};
use rusqlite::Connection;

use super::{
    counts::Change,
    dead,
    fault::Stop,
    hot::Hot,
    numbers::Numbers,
    queue::{self, Place},
    state,
};
use crate::rules;

/// The writes of one transaction that is not yet kept.
pub(super) struct Group<'w, 'db> {
    pub(super) db: &'db Connection,
    pub(super) hot: &'w mut Hot<'db>,
    /// How many queues there are.
    pub(super) queues: usize,
    pub(super) numbers: &'w mut Numbers,
    /// Attempts that end in this very transaction, whose start need not be written.
    pub(super) over: Vec<(DeliveryId, Token)>,
    /// How many starts were not written for that reason.
    pub(super) skipped: usize,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) changes: Vec<Change>,
}

impl Group<'_, '_> {
    /// Writes a batch, or changes nothing.
    pub(super) fn write_batch(&mut self, batch: Batch) -> Result<Committed, Stop> {
        self.check(&batch)?;
        if !rules::may_stop_halfway(&batch.writes) {
            return self.write_all(batch.writes);
        }

        let (arrivals, changes) = (self.arrivals.len(), self.changes.len());
        let numbers = self.numbers.mark();
        self.execute("SAVEPOINT batch")?;
        let written = self.write_all(batch.writes);
        match written {
            Ok(_) => {}
            Err(Stop::Refused(_)) => {
                self.execute("ROLLBACK TO batch")?;
                self.numbers.roll_back_to(numbers);
                self.arrivals.truncate(arrivals);
                self.changes.truncate(changes);
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
                Require::Held { delivery, token } => queue::held(self.db, *delivery, *token)?,
            }
        }
        for write in &batch.writes {
            if let Write::Publish { queues, .. } = write
                && let Some(queue) =
                    queues.iter().find(|queue| !(1..=self.queues).contains(&queue.0.into()))
            {
                return Err(rules::unknown_queue(*queue).into());
            }
        }
        Ok(())
    }

    fn write_all(&mut self, writes: Vec<Write>) -> Result<Committed, Stop> {
        let mut outcomes = Vec::new();
        for write in writes {
            outcomes.extend(self.write(write)?);
        }
        Ok(Committed { durability: Durability::Durable, outcomes })
    }

    fn write(&mut self, write: Write) -> Result<Option<Outcome>, Stop> {
        let db = self.db;
        match write {
            Write::Set { group, key, value, expires_at } => {
                let version = self.numbers.take(db)?;
                state::set(db, &group, &key, &Entry { value, version, expires_at })?;
            }
            Write::Delete { group, key, now } => {
                return Ok(Some(state::delete(db, &group, &key, now)?));
            }
            Write::Increment { group, key, by, now } => {
                let version = self.numbers.take(db)?;
                return state::increment(db, (&group, &key), (by, now), version).map(Some);
            }
            Write::Clear { group } => return Ok(Some(state::clear(db, &group)?)),
            Write::Expire { now, limit } => return Ok(Some(state::expire(db, now, limit)?)),
            Write::Publish { event, queues, due } => self.publish(&event, &queues, due)?,
            Write::Start { delivery, attempt, token } => {
                if self.over.binary_search(&(delivery, token)).is_ok() {
                    self.skipped += 1;
                } else {
                    queue::start(self.hot, delivery, attempt, token)?;
                }
            }
            Write::Settle { delivery, token, settlement } => {
                self.settle(delivery, token, settlement)?;
            }
            Write::Redrive { delivery, now } => {
                let due = rules::due(now);
                dead::redrive(db, delivery, due)?;
                self.change(delivery.queue, 0, -1);
                self.arrivals.push(Arrival::Due { id: delivery, due });
            }
            Write::Purge { delivery } => {
                dead::purge(db, delivery)?;
                self.change(delivery.queue, 0, -1);
            }
        }
        Ok(None)
    }

    fn publish(
        &mut self,
        event: &Arc<Event>,
        queues: &[QueueId],
        due: Option<Timestamp>,
    ) -> Result<(), Stop> {
        let due = due.map(rules::due);
        for queue in queues {
            let id = DeliveryId { queue: *queue, seq: self.numbers.take(self.db)? };
            queue::publish(self.hot, id, event, due)?;

            if due.is_none() {
                self.change(*queue, 1, 0);
            }
            self.arrivals.push(match due {
                None => Arrival::Ready(Delivery { id, event: event.clone(), attempts: 0, due }),
                Some(due) => Arrival::Due { id, due },
            });
        }
        Ok(())
    }

    fn settle(&mut self, id: DeliveryId, token: Token, settlement: Settlement) -> Result<(), Stop> {
        let (place, due, died) = match settlement {
            Settlement::Done => (queue::done(self.db, self.hot, id, token)?, None, 0),
            Settlement::Retry { due, failure } => {
                let due = rules::due(due);
                (queue::retry(self.db, id, token, due, &failure)?, Some(due), 0)
            }
            Settlement::Dead { reason, at, failure } => {
                (dead::bury(self.db, id, token, (&reason, at), failure.as_ref())?, None, 1)
            }
            Settlement::Return { now } => {
                let due = rules::due(now);
                (queue::give_back(self.db, id, token, due)?, Some(due), 0)
            }
        };
        self.change(id.queue, if place == Place::Ready { -1 } else { 0 }, died);
        self.arrivals.extend(due.map(|due| Arrival::Due { id, due }));
        Ok(())
    }

    fn change(&mut self, queue: QueueId, ready: i64, dead: i64) {
        self.changes.push(Change { queue, ready, dead });
    }
}

/// Finds the attempts that a group ends for certain, in a batch that does nothing but say so. Sorted.
pub(super) fn over<'b>(
    batches: impl Iterator<Item = &'b Batch> + Clone,
) -> Vec<(DeliveryId, Token)> {
    if !batches.clone().any(|batch| matches!(batch.writes.as_slice(), [Write::Start { .. }])) {
        return Vec::new();
    }
    let ends =
        batches.filter_map(|batch| match (batch.requires.as_slice(), batch.writes.as_slice()) {
            ([], [Write::Settle { delivery, token, settlement: Settlement::Done }]) => {
                Some((*delivery, *token))
            }
            _ => None,
        });
    let mut over: Vec<_> = ends.collect();
    over.sort_unstable();
    over
}
