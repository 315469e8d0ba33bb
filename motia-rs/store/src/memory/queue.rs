//! Deliveries that wait, in memory.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{
        CommitError, Delivery, DeliveryId, Depth, Failure, Pull, Pulled, QueueId, StoreError, Token,
    },
};

use super::batch::{Journal, Undo};

/// A delivery as it is kept.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) event: Arc<Event>,
    pub(super) attempts: u32,
    /// No attempt with a lower token may write any more.
    pub(super) token: Token,
    pub(super) due: Option<Timestamp>,
    pub(super) failures: Vec<Failure>,
}

/// One step's queue: what may start at once by sequence number, what waits for its time by that.
#[derive(Default)]
struct Queue {
    step: String,
    ready: BTreeMap<u64, Row>,
    due: BTreeMap<(Timestamp, u64), Row>,
    due_at: HashMap<u64, Timestamp>,
}

/// All queues; the first has the number 1.
#[derive(Default)]
pub(super) struct Queues(Vec<Queue>);

// Reads.
impl Queues {
    pub(super) fn find_or_make(&mut self, step: &str) -> Result<QueueId, StoreError> {
        let index = self.0.iter().position(|queue| queue.step == step).unwrap_or(self.0.len());
        let id = u16::try_from(index + 1)
            .map_err(|_| StoreError::Incompatible("a store has at most 65535 queues".into()))?;
        if index == self.0.len() {
            self.0.push(Queue { step: step.into(), ..Queue::default() });
        }
        Ok(QueueId(id))
    }

    pub(super) fn knows(&self, queue: QueueId) -> bool {
        self.queue(queue).is_some()
    }

    pub(super) fn step(&self, queue: QueueId) -> &str {
        self.queue(queue).map_or("", |queue| &queue.step)
    }

    pub(super) fn pull(&self, pull: &Pull) -> Pulled {
        let mut pulled = Pulled::default();
        let Some(queue) = self.queue(pull.queue) else { return pulled };
        let delivery = |seq: u64, row: &Row| Delivery {
            id: DeliveryId { queue: pull.queue, seq },
            event: row.event.clone(),
            attempts: row.attempts,
            due: row.due,
        };

        let ready = queue.ready.range((Excluded(pull.after), Unbounded)).take(pull.limit);
        pulled.ready = ready.map(|(seq, row)| delivery(*seq, row)).collect();

        for ((due, seq), row) in queue.due.range((Excluded(pull.due_after), Unbounded)) {
            if *due > pull.now || pulled.due.len() == pull.limit {
                pulled.next_due = Some(*due);
                break;
            }
            pulled.due.push(delivery(*seq, row));
        }
        pulled
    }

    /// How much waits in each queue; the dead are counted elsewhere.
    pub(super) fn depths(&self, now: Timestamp) -> Vec<Depth> {
        let depth = |(index, queue): (usize, &Queue)| {
            let delayed = queue.due.range((Excluded((now, u64::MAX)), Unbounded)).count() as u64;
            Depth {
                id: QueueId(index as u16 + 1),
                queue: queue.step.clone(),
                waiting: (queue.ready.len() + queue.due.len()) as u64 - delayed,
                delayed,
                dead: 0,
            }
        };
        self.0.iter().enumerate().map(depth).collect()
    }
}

// Writes.
impl Queues {
    pub(super) fn held(&self, id: DeliveryId, token: Token) -> Result<(), CommitError> {
        let row = self.queue(id.queue).and_then(|queue| queue.find(id.seq));
        row.filter(|row| row.token <= token).map(|_| ()).ok_or(CommitError::Superseded(id))
    }

    pub(super) fn publish(&mut self, journal: &mut Journal, id: DeliveryId, row: Row) {
        journal.note_with(|| Undo::Delivery { id, was: None });
        if let Some(queue) = self.queue_mut(id.queue) {
            queue.insert(id.seq, row);
        }
    }

    pub(super) fn start(
        &mut self,
        journal: &mut Journal,
        id: DeliveryId,
        attempt: u32,
        token: Token,
    ) {
        let row = self.queue_mut(id.queue).and_then(|queue| queue.find_mut(id.seq));
        if let Some(row) = row.filter(|row| row.token <= token) {
            journal.note_with(|| Undo::Delivery { id, was: Some(row.clone()) });
            row.attempts = attempt;
            row.token = token;
        }
    }

    /// Takes a delivery out under a token that still holds it.
    pub(super) fn take(
        &mut self,
        journal: &mut Journal,
        id: DeliveryId,
        token: Token,
    ) -> Result<Row, CommitError> {
        self.held(id, token)?;
        self.put(journal, id, None).ok_or(CommitError::Superseded(id))
    }

    /// Puts a delivery in its place, or none, and gives what was there.
    pub(super) fn put(
        &mut self,
        journal: &mut Journal,
        id: DeliveryId,
        row: Option<Row>,
    ) -> Option<Row> {
        let queue = self.queue_mut(id.queue)?;
        let was = queue.remove(id.seq);
        if let Some(row) = row {
            queue.insert(id.seq, row);
        }
        journal.note_with(|| Undo::Delivery { id, was: was.clone() });
        was
    }

    fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.0.get(usize::from(id.0).checked_sub(1)?)
    }

    fn queue_mut(&mut self, id: QueueId) -> Option<&mut Queue> {
        self.0.get_mut(usize::from(id.0).checked_sub(1)?)
    }
}

impl Queue {
    fn find(&self, seq: u64) -> Option<&Row> {
        self.ready.get(&seq).or_else(|| self.due.get(&(*self.due_at.get(&seq)?, seq)))
    }

    fn find_mut(&mut self, seq: u64) -> Option<&mut Row> {
        match self.due_at.get(&seq) {
            Some(due) => self.due.get_mut(&(*due, seq)),
            None => self.ready.get_mut(&seq),
        }
    }

    fn insert(&mut self, seq: u64, row: Row) {
        match row.due {
            None => {
                self.ready.insert(seq, row);
            }
            Some(due) => {
                self.due_at.insert(seq, due);
                self.due.insert((due, seq), row);
            }
        }
    }

    fn remove(&mut self, seq: u64) -> Option<Row> {
        match self.due_at.remove(&seq) {
            Some(due) => self.due.remove(&(due, seq)),
            None => self.ready.remove(&seq),
        }
    }
}
