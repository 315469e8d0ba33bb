//! Ends work that nobody wants any more, wherever it is.

use std::sync::Arc;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use motia_core::{
    context::{Cancel, CancelError},
    store::{
        Batch, DeliveryId, Ending, Outcome, Store, StoreError, WaitingFilter, Write, every_page,
    },
};

use super::depth::Depths;

/// Looks again so often at most for what running handlers emitted while it was cancelled.
const MOST_ROUNDS: usize = 16;

/// Ends what is meant; gives how many deliveries were ended. What waits is forgotten and what runs is
/// told, once the store has made it known.
pub(crate) async fn cancel(
    store: &Arc<dyn Store>,
    depths: &Depths,
    what: Cancel<'_>,
    by: &str,
    at: Timestamp,
) -> Result<u64, CancelError> {
    let filter = what.filter();
    // What a running handler emits before it is told is found when it is looked for once more.
    let rounds = if matches!(what, Cancel::Trace(_) | Cancel::Key(_)) { MOST_ROUNDS } else { 1 };
    let mut ended = 0;
    for _ in 0..rounds {
        let found = find(&**store, &filter).await?;
        if found.is_empty() {
            break;
        }
        let end = |delivery| {
            let note = format!("cancelled by {by}");
            let end = Write::End { delivery, ending: Ending::Cancelled, at, note };
            depths.commit(store, Batch::of(end))
        };
        for kept in try_join_all(found.into_iter().map(end)).await? {
            ended += u64::from(kept.outcomes.contains(&Outcome::Ended(true)));
        }
    }
    Ok(ended)
}

/// All that is meant.
async fn find(store: &dyn Store, filter: &WaitingFilter) -> Result<Vec<DeliveryId>, StoreError> {
    let mut found = Vec::new();
    let read = |request| store.waiting(filter, request);
    every_page(read, |items| found.extend(items.iter().map(|delivery| delivery.id))).await?;
    Ok(found)
}
