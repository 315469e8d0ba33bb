//! What a queue has in memory, with keys or without.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::store::{Arrival, Delivery, Pull, Pulled, QueueId};

use super::{at_work::Deliveries, lanes::Lanes, line::Line, reason::Reason};

/// Deliveries of one queue in memory.
#[derive(Debug)]
pub(super) enum Shelf {
    Line(Line),
    Lanes(Lanes),
}

/// Where a delivery was that ended without being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Waited,
    Unknown,
}

/// What to read from the store.
#[derive(Debug, Clone)]
pub(super) enum Read {
    /// What comes next in the queue; with the last arrival known of that waits in the store.
    Page { pull: Pull, tail: u64 },
    /// What comes next in these lanes, and has fallen due if it was delayed.
    Lanes(Vec<LaneRead>, Option<Timestamp>),
}

/// What to read of one lane.
#[derive(Debug, Clone)]
pub(super) struct LaneRead {
    pub(super) key: Arc<str>,
    pub(super) after: u64,
    pub(super) limit: usize,
    /// The last delivery known of that waits in the store.
    pub(super) upto: u64,
}

/// What was read.
pub(super) enum Found {
    Page { pull: Pull, tail: u64, pulled: Pulled },
    Lanes(Vec<(LaneRead, Vec<Delivery>)>),
}

impl Shelf {
    /// Deliveries that may be taken as far as keys and memory are concerned.
    pub(super) fn takeable(&self) -> usize {
        match self {
            Self::Line(line) => line.takeable(),
            Self::Lanes(lanes) => lanes.open(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Line(line) => line.takeable() == 0,
            Self::Lanes(lanes) => lanes.open() == 0,
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Line(line) => line.clear(),
            Self::Lanes(lanes) => lanes.clear(),
        }
    }

    /// Takes what a commit put into the queue; gives the time at which to look again.
    pub(super) fn arrived(
        &mut self,
        arrival: Arrival,
        now: impl Fn() -> Timestamp,
    ) -> Option<Timestamp> {
        match self {
            Self::Line(line) => line.arrived(arrival),
            Self::Lanes(lanes) => lanes.arrived(arrival, now()),
        }
    }

    /// Why nothing may be taken yet of what is there.
    pub(super) fn closed(&self, now: Timestamp) -> Option<Reason> {
        match self {
            Self::Line(line) => line.closed(now),
            Self::Lanes(_) => None,
        }
    }

    /// What is taken next.
    pub(super) fn first(&self) -> Option<&Delivery> {
        match self {
            Self::Line(line) => line.first(),
            Self::Lanes(lanes) => lanes.first(),
        }
    }

    /// Takes out what is next, which is being ended in the store instead.
    pub(super) fn drop_first(&mut self, now: Timestamp) {
        match self {
            Self::Line(line) => line.drop_first(),
            Self::Lanes(lanes) => lanes.drop_first(now),
        }
    }

    /// Takes what is next, of a batch up to a delivery that has `expired`.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        expired: impl Fn(&Delivery) -> bool,
    ) -> Deliveries {
        match self {
            Self::Line(line) => line.take(expired),
            Self::Lanes(lanes) => lanes.take(now).into_iter().collect(),
        }
    }

    /// Lets go of a delivery; gives the time at which to look again.
    pub(super) fn done(
        &mut self,
        delivery: &Delivery,
        now: impl Fn() -> Timestamp,
    ) -> Option<Timestamp> {
        match self {
            Self::Line(line) => line.done(delivery),
            Self::Lanes(lanes) => lanes.done(delivery, now()),
        }
    }

    /// Forgets a delivery that ended without being taken.
    pub(super) fn forget(&mut self, seq: u64, now: Timestamp) -> Gone {
        match self {
            Self::Line(line) => line.forget(seq),
            Self::Lanes(lanes) => lanes.forget(seq, now),
        }
    }

    /// Looks again at what waited for a time; gives the next such time.
    pub(super) fn woken(&mut self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Line(line) => line.look_at().filter(|next| *next > now),
            Self::Lanes(lanes) => lanes.woken(now),
        }
    }

    /// When the next of what waits for a time in a lane may start.
    pub(super) fn next_lane(&self, now: impl Fn() -> Timestamp) -> Option<Timestamp> {
        match self {
            Self::Line(_) => None,
            Self::Lanes(lanes) => lanes.next_lane(now()),
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        match self {
            Self::Line(line) => line.is_reading(),
            Self::Lanes(lanes) => lanes.is_reading(),
        }
    }

    /// Whether the store has deliveries that could be taken now.
    pub(super) fn has_more(&self, now: impl Fn() -> Timestamp) -> bool {
        match self {
            Self::Line(line) => line.has_more(now),
            Self::Lanes(lanes) => lanes.has_more(now),
        }
    }

    /// Whether it is time to read on.
    pub(super) fn wants(&self, now: impl Fn() -> Timestamp) -> bool {
        match self {
            Self::Line(line) => line.wants(now),
            Self::Lanes(lanes) => lanes.wants(now),
        }
    }

    /// What to read next, if there is room for it.
    pub(super) fn begin_reading(&mut self, queue: QueueId, now: Timestamp) -> Option<Read> {
        match self {
            Self::Line(line) => line.begin_reading(queue, now),
            Self::Lanes(lanes) => lanes.begin_reading(queue, now),
        }
    }

    /// Takes what was read.
    pub(super) fn read(&mut self, found: Found, now: Timestamp) {
        match self {
            Self::Line(line) => line.read(found, now),
            Self::Lanes(lanes) => lanes.read(found, now),
        }
    }

    /// What was asked for could not be read.
    pub(super) fn reading_failed(&mut self, read: Option<Read>) {
        match self {
            Self::Line(line) => line.reading_failed(read),
            Self::Lanes(lanes) => lanes.reading_is_over(),
        }
    }
}
