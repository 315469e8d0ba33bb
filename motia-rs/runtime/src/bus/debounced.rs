//! Since when the keys of a debounced step are waited for: kept with the delivery that took the place of the
//! others, so that the longest wait holds over a restart.

use std::collections::HashMap;

use jiff::Timestamp;
use motia_core::{
    config::event::Debounce,
    json::JsonText,
    store::{Batch, DeliveryId, Ending, Store, StoreError, Write, every_page},
};

/// A delivery that a newer one of its key took the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Superseded {
    pub(super) delivery: DeliveryId,
    /// The sequence number of the newer one.
    pub(super) heir: u64,
    /// When the first of those was emitted that the newer one stands for.
    pub(super) first_at: Timestamp,
}

/// Ends a delivery that a newer one of its key took the place of.
pub(super) fn superseded(delivery: DeliveryId, at: Timestamp) -> Write {
    let note = "a newer event of its key came".to_owned();
    Write::End { delivery, ending: Ending::Superseded, at, note }
}

/// The state group of a step's keys that are waited for, by the delivery that is the last of each.
fn group(step: &str) -> String {
    format!("__motia.debounced.{step}")
}

fn key(seq: u64) -> String {
    format!("{seq:020}")
}

impl Superseded {
    /// Ends the delivery, and keeps with the newer one since when its key is waited for: until that has waited for
    /// too long in its own right, for it may have come when the key had, behind a pause.
    pub(super) fn end(self, step: &str, debounce: Debounce, at: Timestamp) -> Batch {
        let Self { delivery, heir, first_at } = self;
        let longest = debounce.at_most.saturating_add(debounce.quiet);
        let group = group(step);
        Batch {
            writes: vec![
                superseded(delivery, at),
                Write::Delete { group: group.clone().into(), key: key(delivery.seq), now: at },
                Write::Set {
                    group: group.into(),
                    key: key(heir),
                    value: JsonText::encode(&first_at).expect("an instant serialises"),
                    expires_at: at.checked_add(longest).ok(),
                },
            ],
            ..Batch::default()
        }
    }
}

/// Since when keys were waited for before the app was started, by the delivery that is the last of each.
pub(super) async fn of_step(
    store: &dyn Store,
    step: &str,
    now: Timestamp,
) -> Result<HashMap<u64, Timestamp>, StoreError> {
    let group = group(step);
    let mut begun = HashMap::new();
    let read = |request| store.page(&group, request, now);
    every_page(read, |items| {
        for (seq, entry) in items {
            if let (Ok(seq), Ok(first_at)) = (seq.parse(), entry.value.decode()) {
                begun.insert(seq, first_at);
            }
        }
    })
    .await?;
    Ok(begun)
}
