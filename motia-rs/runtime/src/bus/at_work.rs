//! The attempts of one queue that are at work.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    circuit::Trial,
    store::{Delivery, Ending},
};
use smallvec::SmallVec;
use tokio_util::sync::CancellationToken;

/// The deliveries of one attempt: one, or those of a batch.
pub(super) type Deliveries = SmallVec<[Delivery; 1]>;

/// What a worker is to do.
pub(super) struct Taken {
    pub(super) deliveries: Deliveries,
    pub(super) place: Place,
    pub(super) cancelled: Arc<CancellationToken>,
    /// Whether the process before this one may have begun them, and died before that was written.
    pub(super) unrecorded: bool,
    /// Whether a task was spawned, which is to be on its way before a handler may block this thread.
    pub(super) spawned: bool,
    /// When it was taken.
    pub(super) at: Timestamp,
}

/// An attempt at work.
pub(super) struct Attempt {
    seqs: SmallVec<[u64; 1]>,
    /// Which attempt it is, from 1.
    pub(super) number: u32,
    pub(super) since: Timestamp,
    pub(super) cancelled: Arc<CancellationToken>,
    /// Which trial of its circuit it is, if it is one.
    pub(super) trial: Option<Trial>,
    /// How its delivery ended meanwhile.
    pub(super) ended: Option<Ending>,
}

impl Attempt {
    pub(super) fn of(
        deliveries: &[Delivery],
        since: Timestamp,
        cancelled: Arc<CancellationToken>,
        trial: Option<Trial>,
    ) -> Self {
        Self {
            seqs: deliveries.iter().map(|delivery| delivery.id.seq).collect(),
            number: deliveries.first().map_or(1, |delivery| delivery.attempts.saturating_add(1)),
            since,
            cancelled,
            trial,
            ended: None,
        }
    }

    pub(super) fn seqs(&self) -> &[u64] {
        &self.seqs
    }

    pub(super) fn has(&self, seq: u64) -> bool {
        self.seqs.contains(&seq)
    }
}

/// The place of an attempt at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    index: usize,
    turn: u64,
}

/// The attempts at work, in places that are used again.
#[derive(Default)]
pub(super) struct AtWork {
    places: Vec<Option<(u64, Attempt)>>,
    free: Vec<usize>,
    /// Counts the attempts, so that a place tells whose it is.
    turns: u64,
}

impl AtWork {
    pub(super) fn put(&mut self, attempt: Attempt) -> Place {
        self.turns += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[index] = Some((self.turns, attempt));
        Place { index, turn: self.turns }
    }

    pub(super) fn get(&self, place: Place) -> Option<&Attempt> {
        let (turn, attempt) = self.places.get(place.index)?.as_ref()?;
        (*turn == place.turn).then_some(attempt)
    }

    /// Ends an attempt; says whether it was still at work.
    pub(super) fn remove(&mut self, place: Place) -> bool {
        if self.get(place).is_none() {
            return false;
        }
        self.places[place.index] = None;
        self.free.push(place.index);
        true
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.places.iter().flatten().map(|(_, attempt)| attempt)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Attempt> {
        self.places.iter_mut().flatten().map(|(_, attempt)| attempt)
    }
}
