//! Emits that happen once per key: the key is claimed in the commit that publishes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{EmitError, Receipt, Run};
use crate::{
    event::EventId,
    json::JsonText,
    store::{Batch, CommitError, Require, StoreError, Write},
};

/// A deduplication key that an event is to have for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The event.
    pub(super) id: EventId,
    /// The state group that holds the keys used on its topic.
    group: String,
    key: String,
    window: Duration,
}

impl Claim {
    pub(super) fn new(id: EventId, topic: &str, key: &str, window: Duration) -> Self {
        Self { id, group: format!("__motia.dedup.{topic}"), key: key.to_owned(), window }
    }

    /// Whether both are for the same key.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        self.is_for(&other.group, &other.key)
    }

    pub(super) fn is_for(&self, group: &str, key: &str) -> bool {
        self.group == group && self.key == key
    }

    /// Lets the batch happen only if the key is free, and takes it.
    pub(super) fn add_to(&self, batch: &mut Batch, now: Timestamp) {
        batch.requires.push(Require::Version {
            group: self.group.clone().into(),
            key: self.key.clone(),
            version: None,
            now,
        });
        batch.writes.push(Write::Set {
            group: self.group.clone().into(),
            key: self.key.clone(),
            value: JsonText::encode(&self.id).expect("an id serialises"),
            expires_at: Some(now.checked_add(self.window).unwrap_or(Timestamp::MAX)),
        });
    }

    /// The event that has the key, if one has it still.
    pub(super) async fn holder(
        &self,
        run: &Run,
        now: Timestamp,
    ) -> Result<Option<EventId>, StoreError> {
        let entry = run.engine.store().get(&self.group, &self.key, now).await?;
        Ok(entry.and_then(|entry| entry.value.decode().ok()))
    }
}

/// Commits a batch that publishes an event, unless the key was used on its topic within the window;
/// then gives the receipt of the event that was published.
pub(super) async fn commit_once(
    run: &Arc<Run>,
    batch: Batch,
    claim: Claim,
) -> Result<Receipt, EmitError> {
    loop {
        let now = run.engine.now();
        let mut claiming = batch.clone();
        claim.add_to(&mut claiming, now);
        match run.engine.commit(run, claiming).await {
            Ok(kept) => {
                let durability = kept.durability;
                return Ok(Receipt { id: claim.id, durability, duplicate: false });
            }
            Err(CommitError::Conflict { .. }) => {}
            // What was emitted before needs no room.
            Err(full @ CommitError::QueueFull { .. })
                if claim.holder(run, now).await.map_err(CommitError::Store)?.is_none() =>
            {
                return Err(full.into());
            }
            Err(CommitError::QueueFull { .. }) => {}
            Err(error) => return Err(error.into()),
        }

        if let Some(first) = claim.holder(run, now).await.map_err(CommitError::Store)? {
            let durability = run.engine.store().capabilities().durability;
            return Ok(Receipt { id: first, durability, duplicate: true });
        }
        // It ran out in between: the key is free again.
    }
}
