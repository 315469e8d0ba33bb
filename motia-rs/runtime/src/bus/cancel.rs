//! Ends work that nobody wants any more, wherever it is.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures_util::future::try_join_all;
use motia_core::{
    context::{Cancel, CancelError, Engine},
    event::EventId,
    registry::Step,
    store::{Batch, CommitError, Delivery, Ending, Outcome, PageRequest, QueueId, Write},
};

use super::{announce, depth::Depths};
use crate::metrics::Metrics;

/// Looks again so often at most for what running handlers emitted while it was cancelled.
const MOST_ROUNDS: usize = 16;

/// Ends what is meant, and tells those who want to hear of it.
pub(crate) struct Canceller {
    steps: HashMap<QueueId, Arc<Step>>,
    depths: Arc<Depths>,
    metrics: Metrics,
}

impl Canceller {
    pub(crate) fn new(
        steps: HashMap<QueueId, Arc<Step>>,
        depths: Arc<Depths>,
        metrics: Metrics,
    ) -> Self {
        Self { steps, depths, metrics }
    }

    /// Ends what is meant; gives how many deliveries were ended. What waits is forgotten and what runs is
    /// told, once the store has made it known.
    pub(crate) async fn cancel(
        &self,
        engine: &Arc<dyn Engine>,
        what: Cancel<'_>,
        by: &str,
    ) -> Result<u64, CancelError> {
        let (filter, note) = (what.filter(), format!("cancelled by {by}"));
        // What a running handler emits before it is told is found when it is looked for once more.
        let rounds =
            if matches!(what, Cancel::Trace(_) | Cancel::Key(_)) { MOST_ROUNDS } else { 1 };
        let (mut ended, mut told) = (0, HashSet::new());
        for _ in 0..rounds {
            let ended_before = ended;
            let mut request = PageRequest::first(PageRequest::MAX);
            loop {
                let page = engine.store().waiting(&filter, request.clone()).await?;
                // What is told of the end of a run is of the same run, and is to be heard.
                let meant = page.items.iter().filter(|found| !told.contains(&found.event.id));
                let ends: Vec<_> = meant.map(|found| self.end(engine, found, &note)).collect();
                told.extend(ends.iter().filter_map(announced));
                let kept = ends.into_iter().map(|end| self.commit(engine, end));
                ended += try_join_all(kept).await?.into_iter().filter(|ended| *ended).count();
                if page.next.is_none() {
                    break;
                }
                request = request.after(page.next);
            }
            if ended == ended_before {
                break;
            }
        }
        Ok(ended as u64)
    }

    fn end(&self, engine: &Arc<dyn Engine>, delivery: &Delivery, note: &str) -> Batch {
        let step = self.steps.get(&delivery.id.queue).map(|step| &**step);
        announce::end(engine, step, delivery, (Ending::Cancelled, engine.now(), note))
    }

    /// Commits the end of a delivery; says whether it was there to be ended.
    async fn commit(&self, engine: &Arc<dyn Engine>, end: Batch) -> Result<bool, CommitError> {
        match self.depths.commit_settlement(engine.store(), end.clone()).await {
            Ok(kept) => {
                self.metrics.emitted(&end.writes);
                Ok(kept.outcomes.contains(&Outcome::Ended(true)))
            }
            Err(CommitError::Superseded(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The event that a batch tells with.
fn announced(end: &Batch) -> Option<EventId> {
    end.writes.iter().find_map(|write| match write {
        Write::Publish { event, .. } => Some(event.id),
        _ => None,
    })
}
