//! Where deliveries lie.
//!
//! What many publish together lies in [segments](super::segment), which are asked before these. Others lie in
//! the table `delivery`, which has the columns and the one index that every delivery needs. Those with a lane, a priority, an end or a key
//! lie in `special`, which has columns and indexes for these. In either, those that may start at once
//! are one range and those that are delayed another.

use motia_core::store::{CommitError, DeliveryId};

use super::{
    fault::Stop,
    row::{delayed, ready},
};

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Plain,
    Special,
}

/// A table, and which of its two ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) table: Table,
    pub(super) ready: bool,
}

impl Place {
    /// All places, the most likely first.
    pub(super) const ALL: [Self; 4] = [
        Self { table: Table::Plain, ready: true },
        Self { table: Table::Plain, ready: false },
        Self { table: Table::Special, ready: true },
        Self { table: Table::Special, ready: false },
    ];

    /// The row of a delivery that lies here.
    pub(super) fn row(self, id: DeliveryId) -> i64 {
        if self.ready { ready(id) } else { delayed(id) }
    }
}

/// A statement as it reads for each of the two tables.
pub(super) type ForEach = [&'static str; 2];

impl Table {
    pub(super) const ALL: [Self; 2] = [Self::Plain, Self::Special];

    /// What is for this table.
    pub(super) fn of<T: Copy>(self, each: [T; 2]) -> T {
        match self {
            Self::Plain => each[0],
            Self::Special => each[1],
        }
    }
}

/// Makes a statement for each of the tables out of a macro that takes a table's name.
macro_rules! for_each {
    ($statement:ident) => {
        [$statement!(delivery), $statement!(special)]
    };
}
pub(super) use for_each;

/// What moves with a delivery: the columns `lane, ordered`, then those of an
/// [`event`](super::row::event). Under the name of any other table they are all there.
macro_rules! content {
    (delivery) => {
        "NULL, NULL, emitted_at, event, trace, topic, payload, NULL, NULL, NULL"
    };
    ($any:ident) => {
        "lane, ordered, emitted_at, event, trace, topic, payload, priority, expires_at, cancel_key"
    };
}
pub(super) use content;

/// The key of the lane, if that is ordered.
macro_rules! ordered {
    (delivery) => {
        "NULL"
    };
    ($any:ident) => {
        "iif(ordered, lane, NULL)"
    };
}
pub(super) use ordered;

/// Tries a write where a delivery may lie that is in no segment, and says where it did.
pub(super) fn find<T>(
    id: DeliveryId,
    mut write: impl FnMut(Table, i64) -> rusqlite::Result<Option<T>>,
) -> Result<(Place, T), Stop> {
    for place in Place::ALL {
        if let Some(written) = write(place.table, place.row(id))? {
            return Ok((place, written));
        }
    }
    Err(CommitError::Superseded(id).into())
}
