//! How much waits for the steps that say how much may: counted with every commit that changes it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use motia_core::{
    registry::Step,
    store::{
        Batch, Commit, CommitError, Committed, Depth, Outcome, QueueId, Settlement, Store,
        StoreError, Write,
    },
};

use crate::tasks::Tasks;

/// How long to wait before trying again an emit that a full queue refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The queues whose depth is limited.
pub struct Depths {
    queues: HashMap<QueueId, Limited>,
    tasks: Tasks,
}

struct Limited {
    step: &'static str,
    limit: u64,
    count: Arc<AtomicU64>,
}

impl Depths {
    /// Those of these event steps that are limited, with what waits in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(
        steps: &[(Arc<Step>, QueueId)],
        store: &dyn Store,
        now: Timestamp,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, StoreError> {
        let limit = |step: &Step| step.event()?.options.max_depth;
        let limited = steps.iter().filter_map(|(step, queue)| Some((*queue, step, limit(step)?)));
        let limited: Vec<_> = limited.collect();
        let depths = if limited.is_empty() { Vec::new() } else { store.depths(now).await? };
        let queues = limited.into_iter().map(|(queue, step, limit)| {
            let depth = depths.iter().find(|depth| depth.id == queue);
            let count = depth.map_or(0, Depth::total);
            let count = Arc::new(AtomicU64::new(count));
            (queue, Limited { step: step.name(), limit, count })
        });
        Ok(Arc::new(Self { queues: queues.collect(), tasks: tasks.clone() }))
    }

    /// Commits a batch, unless it would make a queue deeper than it may be.
    pub fn commit(&self, store: &Arc<dyn Store>, batch: Batch) -> Commit {
        self.commit_as(By::In, store, batch)
    }

    /// Commits how attempts ended, with what is emitted of that: however deep a queue is, for a worker
    /// that waited for room could be the one that makes it.
    pub fn commit_settlement(&self, store: &Arc<dyn Store>, batch: Batch) -> Commit {
        self.commit_as(By::Back, store, batch)
    }

    fn commit_as(&self, publish: By, store: &Arc<dyn Store>, batch: Batch) -> Commit {
        if self.queues.is_empty() {
            return store.commit(batch);
        }
        let changes = self.changes(publish, &batch);
        if changes.is_empty() {
            return store.commit(batch);
        }
        if let Err(full) = reserve(&changes) {
            return Commit::ready(Err(full));
        }
        // In a task of its own, for who emits may lose interest before the commit is over.
        let (commit, (answer, told)) = (store.commit(batch), tokio::sync::oneshot::channel());
        let changes: Vec<_> = changes.into_iter().map(Change::counted).collect();
        self.tasks.spawn(async move {
            let result = commit.await;
            settle(&changes, &result);
            let _ = answer.send(result);
        });
        Commit::waiting(told)
    }

    fn changes(&self, publish: By, batch: &Batch) -> Vec<Change<'_>> {
        let mut changes = Vec::new();
        let mut change = |queue: &QueueId, by| {
            changes.extend(self.queues.get(queue).map(|limited| Change { limited, by }));
        };
        for write in &batch.writes {
            match write {
                Write::Publish { targets, .. } => {
                    targets.iter().for_each(|target| change(&target.queue, publish));
                }
                Write::Redrive { delivery, .. } => change(&delivery.queue, By::Back),
                Write::End { delivery, .. } => change(&delivery.queue, By::Ended),
                Write::Settle {
                    delivery,
                    settlement: Settlement::Done | Settlement::Dead { .. },
                    ..
                } => change(&delivery.queue, By::Out),
                _ => {}
            }
        }
        changes
    }
}

/// How a write changes the depth of a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// One more, if there is room.
    In,
    /// One more in any case.
    Back,
    /// One less.
    Out,
    /// One less, if it was there.
    Ended,
}

#[derive(Clone, Copy)]
struct Change<'d> {
    limited: &'d Limited,
    by: By,
}

impl Change<'_> {
    fn counted(self) -> (Arc<AtomicU64>, By) {
        (self.limited.count.clone(), self.by)
    }
}

/// Counts what comes in, all of it or nothing; and what comes back in any case.
fn reserve(changes: &[Change<'_>]) -> Result<(), CommitError> {
    let coming = changes.iter().filter(|change| change.by == By::In);
    for (index, Change { limited, .. }) in coming.clone().enumerate() {
        let room = |count| (count < limited.limit).then_some(count + 1);
        if limited.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_err() {
            coming.take(index).for_each(|change| less(&change.limited.count));
            let Limited { step, limit, .. } = **limited;
            return Err(CommitError::QueueFull { step, limit, retry_after: RETRY_AFTER });
        }
    }
    for Change { limited, .. } in changes.iter().filter(|change| change.by == By::Back) {
        limited.count.fetch_add(1, Ordering::AcqRel);
    }
    Ok(())
}

/// Counts the rest, once it is known whether the batch was kept.
fn settle(changes: &[(Arc<AtomicU64>, By)], result: &Result<Committed, CommitError>) {
    let mut ended =
        result.iter().flat_map(|kept| &kept.outcomes).filter_map(|outcome| match outcome {
            Outcome::Ended(ended) => Some(*ended),
            _ => None,
        });
    for (count, by) in changes {
        match (by, result) {
            (By::In | By::Back, Err(_)) | (By::Out, Ok(_)) => less(count),
            (By::Ended, Ok(_)) if ended.next() == Some(true) => less(count),
            _ => {}
        }
    }
}

fn less(count: &AtomicU64) {
    let less = |count: u64| Some(count.saturating_sub(1));
    let _ = count.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
}
