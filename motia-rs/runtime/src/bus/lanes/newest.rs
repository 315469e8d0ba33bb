//! What is of use of a queue whose keys are debounced: the newest delivery of each, and nothing that is older.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use motia_core::store::{Delivery, DeliveryId};

use super::{
    super::{debounced::Superseded, lane::Lane},
    Lanes, key_of,
};

impl Lanes {
    /// Since when keys were waited for before the app was started, by the last delivery of each.
    pub(in super::super) fn remember_begun(&mut self, begun: HashMap<u64, Timestamp>) {
        self.begun = begun;
    }

    /// Deliveries that a newer one of their key took the place of.
    pub(in super::super) fn take_superseded(&mut self) -> Vec<Superseded> {
        std::mem::take(&mut self.superseded)
    }

    /// Deliveries that wait again, though a newer one of their key was started.
    pub(in super::super) fn take_overtaken(&mut self) -> Vec<DeliveryId> {
        std::mem::take(&mut self.overtaken)
    }

    /// Whether it takes the place of one that waits in memory, for its key is debounced.
    pub(super) fn takes_a_place(&self, delivery: &Delivery) -> bool {
        let waits = || self.lanes.get(&key_of(delivery)).is_some_and(Lane::has_waiting);
        self.rules.debounce.is_some() && waits()
    }

    /// What is older in the lane of a delivery that was started is being ended in the store; gives its key.
    pub(in super::super) fn ends_older(&mut self, newer: &Delivery) -> Arc<str> {
        let key = key_of(newer);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.ends_older();
        }
        key
    }

    /// What was older has ended in the store.
    pub(in super::super) fn ended_older(&mut self, key: &Arc<str>, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.ended_older();
        }
        self.refresh(key, now);
    }
}
