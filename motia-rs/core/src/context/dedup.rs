//! Emits that happen once per key: the key is claimed in the commit that publishes.

use std::{borrow::Cow, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{EmitError, Receipt, Run};
use crate::{
    event::EventId,
    json::JsonText,
    store::{Batch, CommitError, Require, Write},
};

/// Commits a batch that publishes an event, unless the key was used on its topic within the window;
/// then gives the receipt of the event that was published.
pub(super) async fn commit_once(
    run: &Arc<Run>,
    id: EventId,
    batch: Batch,
    key: Cow<'_, str>,
    window: Duration,
) -> Result<Receipt, EmitError> {
    let group = group_of(&batch);
    loop {
        let now = run.engine.now();
        let (key, expires_at) = (key.clone().into_owned(), now.checked_add(window));
        let mut claim = batch.clone();
        claim.requires.push(Require::Version {
            group: group.clone().into(),
            key: key.clone(),
            version: None,
            now,
        });
        claim.writes.push(Write::Set {
            group: group.clone().into(),
            key: key.clone(),
            value: JsonText::encode(&id).expect("an id serialises"),
            expires_at: Some(expires_at.unwrap_or(Timestamp::MAX)),
        });
        match run.engine.commit(run, claim).await {
            Ok(kept) => {
                return Ok(Receipt { id, durability: kept.durability, duplicate: false });
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }

        let entry = run.engine.store().get(&group, &key, now).await.map_err(CommitError::Store)?;
        if let Some(first) = entry.and_then(|entry| entry.value.decode::<EventId>().ok()) {
            let durability = run.engine.store().capabilities().durability;
            return Ok(Receipt { id: first, durability, duplicate: true });
        }
        // It ran out in between: the key is free again.
    }
}

/// The state group that holds the keys used on the topic.
fn group_of(batch: &Batch) -> String {
    let topic = batch.writes.iter().find_map(|write| match write {
        Write::Publish { event, .. } => Some(&*event.topic),
        _ => None,
    });
    format!("__motia.dedup.{}", topic.unwrap_or_default())
}
