//! Deliveries that wait, in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{
        CommitError, Delivery, DeliveryId, Depth, Failure, Lane, Page, PageRequest, Pull, PullLane,
        Pulled, QueueId, StoreError, Token, WaitingFilter,
    },
};

use super::batch::{Journal, Undo};
use crate::rules::{self, HELD};

/// A delivery as it is kept.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) event: Arc<Event>,
    pub(super) lane: Option<Lane>,
    pub(super) attempts: u32,
    /// No attempt with a lower token may write any more.
    pub(super) token: Token,
    pub(super) due: Option<Timestamp>,
    /// Whether it lies among the delayed.
    pub(super) delayed: bool,
    pub(super) failures: Vec<Failure>,
}

/// One step's queue: what may start at once by sequence number, what waits for its time by that.
#[derive(Default)]
struct Queue {
    step: String,
    ready: BTreeMap<u64, Row>,
    due: BTreeMap<(Timestamp, u64), Row>,
    due_at: HashMap<u64, Timestamp>,
    /// What is ready and of another priority than the normal one, by rank.
    ranked: BTreeSet<(Timestamp, u64)>,
    lanes: Keyed,
    cancel_keys: Keyed,
    /// How many of those that are ready are held.
    held_in_place: u64,
}

/// Sequence numbers by a key that only some deliveries have.
#[derive(Default)]
struct Keyed(HashMap<Box<str>, BTreeSet<u64>>);

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
        let delivery = |seq: u64, row: &Row| delivery(DeliveryId { queue: pull.queue, seq }, row);

        let ready = queue.ready.range((Excluded(pull.after), Unbounded));
        let ready = ready.filter(|(_, row)| pull.ranked_after.is_none() || !row.is_ranked());
        pulled.ready = ready.take(pull.limit).map(|(seq, row)| delivery(*seq, row)).collect();

        if let Some((rank, seq)) = pull.ranked_after {
            let ranked = queue.ranked.range((Excluded((rules::cut(rank), seq)), Unbounded));
            let ranked = ranked.take(pull.limit).map(|(_, seq)| delivery(*seq, &queue.ready[seq]));
            pulled.ranked = ranked.collect();
        }

        for ((due, seq), row) in queue.due.range((Excluded(pull.due_after), Unbounded)) {
            if *due == HELD {
                break;
            }
            if *due > pull.now || pulled.due.len() == pull.limit {
                pulled.next_due = Some(*due);
                break;
            }
            pulled.due.push(delivery(*seq, row));
        }
        pulled
    }

    pub(super) fn pull_lane(&self, pull: &PullLane) -> Vec<Delivery> {
        let Some(queue) = self.queue(pull.queue) else { return Vec::new() };
        let found = |seq| match queue.due_at(seq) {
            None => queue.ready.get(&seq).map(|row| (seq, row)),
            Some(due) if due == HELD || pull.due_by.is_none_or(|by| due > by) => None,
            Some(due) => queue.due.get(&(due, seq)).map(|row| (seq, row)),
        };
        let lane = queue.lanes.of(&pull.key).filter(|seq| *seq > pull.after);
        lane.filter_map(found)
            .map(|(seq, row)| delivery(DeliveryId { queue: pull.queue, seq }, row))
            .take(pull.limit)
            .collect()
    }

    /// How much waits in each queue; the dead are counted elsewhere.
    pub(super) fn depths(&self, now: Timestamp) -> Vec<Depth> {
        let depth = |(index, queue): (usize, &Queue)| {
            let later = |after| queue.due.range((Excluded((after, u64::MAX)), Unbounded)).count();
            let held = queue.due.range((HELD, 0)..).count();
            let delayed = later(now).saturating_sub(held);
            let due = queue.due.len() - delayed - held;
            Depth {
                id: QueueId(index as u16 + 1),
                queue: queue.step.clone(),
                waiting: (queue.ready.len() + due) as u64 - queue.held_in_place,
                delayed: delayed as u64,
                held: held as u64 + queue.held_in_place,
                dead: 0,
            }
        };
        self.0.iter().enumerate().map(depth).collect()
    }

    pub(super) fn waiting(&self, filter: &WaitingFilter, request: &PageRequest) -> Page<Delivery> {
        let (after, limit) = (rules::after_seq(request), rules::fetch(request));
        let mut found = Vec::new();
        for (index, queue) in self.0.iter().enumerate() {
            let id = |seq| DeliveryId { queue: QueueId(index as u16 + 1), seq };
            if filter.queue.is_some_and(|only| only != id(0).queue) {
                continue;
            }
            let of_queue = queue
                .candidates(filter)
                .filter(|(seq, row)| *seq > after && row.is_meant(id(*seq), filter));
            found.extend(of_queue.map(|(seq, row)| (id(seq), row)));
        }
        found.sort_unstable_by_key(|(id, _)| id.seq);
        found.truncate(limit);

        let items = found.into_iter().map(|(id, row)| delivery(id, row)).collect();
        rules::page(request, items, |delivery: &Delivery| delivery.id.seq.to_string())
    }

    pub(super) fn failures(&self, id: DeliveryId) -> Option<Vec<Failure>> {
        Some(self.queue(id.queue)?.find(id.seq)?.failures.clone())
    }

    pub(super) fn ahead(&self, id: DeliveryId) -> u64 {
        let Some(queue) = self.queue(id.queue) else { return 0 };
        let ahead = match queue.find(id.seq) {
            None => 0,
            Some(row @ Row { lane: None, .. }) => queue.ahead(id.seq, row),
            Some(Row { lane: Some(lane), .. }) => {
                queue.lane(&lane.key).take_while(|(seq, _)| *seq < id.seq).count()
            }
        };
        ahead as u64
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
        let superseded = || CommitError::Superseded(id);
        let queue = self.queue_mut(id.queue).ok_or_else(superseded)?;
        let row = queue.remove(id.seq).ok_or_else(superseded)?;
        if row.token > token {
            queue.insert(id.seq, row);
            return Err(superseded());
        }
        journal.note_with(|| Undo::Delivery { id, was: Some(row.clone()) });
        Ok(row)
    }

    /// Takes a delivery out that is held until it is released.
    pub(super) fn release(&mut self, journal: &mut Journal, id: DeliveryId) -> Option<Row> {
        let row = self.queue(id.queue)?.find(id.seq)?;
        if row.due == Some(HELD) { self.put(journal, id, None) } else { None }
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
        match self.due_at(seq) {
            Some(due) => self.due.get_mut(&(due, seq)),
            None => self.ready.get_mut(&seq),
        }
    }

    /// When a delayed delivery is due; mostly there are none.
    fn due_at(&self, seq: u64) -> Option<Timestamp> {
        if self.due_at.is_empty() { None } else { self.due_at.get(&seq).copied() }
    }

    /// How many start before a delivery without a lane: those of normal priority in their order, those
    /// of another as soon as the first of them is of a later rank.
    fn ahead(&self, seq: u64, row: &Row) -> usize {
        let place = (row.rank(), seq);
        let normal = self.ready.iter().filter(|(_, row)| !row.is_ranked());
        let starts_before = |(other, before): &(&u64, &Row)| match row.is_ranked() {
            true => (before.rank(), **other) < place,
            false => **other < seq,
        };
        let ranked = self.ranked.range(..place).count();
        ranked + normal.take_while(starts_before).count()
    }

    /// What is ready of a lane.
    fn lane(&self, key: &str) -> impl Iterator<Item = (u64, &Row)> {
        self.lanes.of(key).filter_map(|seq| Some((seq, self.ready.get(&seq)?)))
    }

    /// All that could be meant by a filter, by the narrowest list there is.
    fn candidates<'q>(
        &'q self,
        filter: &'q WaitingFilter,
    ) -> Box<dyn Iterator<Item = (u64, &'q Row)> + 'q> {
        let found = |seq| Some((seq, self.find(seq)?));
        match (filter.delivery, &filter.cancel_key, &filter.lane) {
            (Some(only), ..) => Box::new(found(only.seq).into_iter()),
            (_, Some(key), _) => Box::new(self.cancel_keys.of(key).filter_map(found)),
            (.., Some(key)) => Box::new(self.lanes.of(key).filter_map(found)),
            _ => {
                let ready = self.ready.iter().map(|(seq, row)| (*seq, row));
                Box::new(ready.chain(self.due.iter().map(|((_, seq), row)| (*seq, row))))
            }
        }
    }

    fn insert(&mut self, seq: u64, row: Row) {
        if let Some(lane) = &row.lane {
            self.lanes.insert(&lane.key, seq);
        }
        if let Some(key) = &row.event.cancel_key {
            self.cancel_keys.insert(key, seq);
        }
        match row.due {
            Some(due) if row.delayed => {
                self.due_at.insert(seq, due);
                self.due.insert((due, seq), row);
            }
            due => {
                if row.is_ranked() {
                    self.ranked.insert((row.rank(), seq));
                }
                self.held_in_place += u64::from(due == Some(HELD));
                self.ready.insert(seq, row);
            }
        }
    }

    fn remove(&mut self, seq: u64) -> Option<Row> {
        let row = match self.due_at(seq) {
            Some(due) => {
                self.due_at.remove(&seq);
                self.due.remove(&(due, seq))?
            }
            None => {
                let row = self.ready.remove(&seq)?;
                if row.is_ranked() {
                    self.ranked.remove(&(row.rank(), seq));
                }
                self.held_in_place -= u64::from(row.due == Some(HELD));
                row
            }
        };
        if let Some(lane) = &row.lane {
            self.lanes.remove(&lane.key, seq);
        }
        if let Some(key) = &row.event.cancel_key {
            self.cancel_keys.remove(key, seq);
        }
        Some(row)
    }
}

impl Keyed {
    fn of(&self, key: &str) -> impl Iterator<Item = u64> {
        self.0.get(key).into_iter().flatten().copied()
    }

    fn insert(&mut self, key: &str, seq: u64) {
        match self.0.get_mut(key) {
            Some(seqs) => drop(seqs.insert(seq)),
            None => drop(self.0.insert(key.into(), BTreeSet::from([seq]))),
        }
    }

    fn remove(&mut self, key: &str, seq: u64) {
        if let Some(seqs) = self.0.get_mut(key) {
            seqs.remove(&seq);
            if seqs.is_empty() {
                self.0.remove(key);
            }
        }
    }
}

impl Row {
    fn is_ranked(&self) -> bool {
        !self.event.priority.is_normal()
    }

    fn rank(&self) -> Timestamp {
        rules::cut(self.event.rank())
    }

    fn is_meant(&self, id: DeliveryId, filter: &WaitingFilter) -> bool {
        let WaitingFilter { queue, delivery, event, trace, cancel_key, lane, held } = filter;
        queue.is_none_or(|queue| queue == id.queue)
            && delivery.is_none_or(|delivery| delivery == id)
            && event.is_none_or(|event| event == self.event.id)
            && trace.is_none_or(|trace| trace == self.event.trace.trace_id)
            && (cancel_key.is_none() || cancel_key.as_deref() == self.event.cancel_key.as_deref())
            && (lane.is_none() || lane.as_deref() == self.lane.as_ref().map(|lane| &*lane.key))
            && (!held || self.due == Some(HELD))
    }
}

fn delivery(id: DeliveryId, row: &Row) -> Delivery {
    Delivery {
        id,
        event: row.event.clone(),
        lane: row.lane.clone(),
        attempts: row.attempts,
        begun: row.token > Token(0),
        due: row.due,
    }
}
