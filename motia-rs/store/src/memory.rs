//! A store that keeps everything in memory, for tests and for events that may be lost.
//!
//! # Layout
//! - [`batch`]: a batch happens whole or not at all
//! - [`state`]: groups of entries
//! - [`queue`]: deliveries that wait
//! - [`dead`]: deliveries that were given up; [`ended`]: those that ended otherwise

mod batch;
mod dead;
mod ended;
mod queue;
mod state;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use motia_core::store::{
    Batch, BoxFuture, Capabilities, Commit, DeadFilter, DeadLetter, Delivery, DeliveryId, Depth,
    Durability, Ended, EndedFilter, Entry, Failure, Listener, Page, PageRequest, Pull, PullLane,
    Pulled, QueueId, Slice, Sliced, Snapshot, Store, StoreError, WaitingFilter,
};
use parking_lot::{Mutex, MutexGuard};

use self::batch::{Kept, News};
use crate::rules;

/// Keeps everything until the process ends.
///
/// The semantics are those of [`SqliteStore`](crate::SqliteStore), without a disk: a commit is over
/// when [`Store::commit`] returns. The listener is called by whoever commits and must not commit in
/// turn.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use motia_core::{json::JsonText, store::{Batch, Durability, Store, Write}};
/// use motia_store::MemoryStore;
///
/// let store = MemoryStore::new();
/// let set = Write::Set {
///     group: "pets".into(),
///     key: "rex".into(),
///     value: JsonText::from_trusted("{}"),
///     expires_at: None,
/// };
///
/// let committed = store.commit(Batch::of(set)).await.unwrap();
/// assert_eq!(committed.durability, Durability::Volatile);
///
/// store.close().await.unwrap();
/// assert!(store.commit(Batch::default()).await.is_err());
/// # });
/// ```
#[derive(Default)]
pub struct MemoryStore {
    /// Held from before a commit until the listener has heard of it, so that it hears in order. A
    /// lock of its own, so that the listener may read. Held for what the listener hears nothing of, too:
    /// a delivery that was read before it was heard of must not be settled before.
    order: Mutex<()>,
    kept: Mutex<Kept>,
    listener: OnceLock<Arc<dyn Listener>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> Result<MutexGuard<'_, Kept>, StoreError> {
        let kept = self.kept.lock();
        if kept.closed { Err(StoreError::Closed) } else { Ok(kept) }
    }

    fn read<'a, T: Send + 'a>(
        &self,
        read: impl FnOnce(&Kept) -> T,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let result = self.open().map(|kept| read(&kept));
        Box::pin(std::future::ready(result))
    }
}

impl Store for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::embedded(Durability::Volatile)
    }

    fn queues<'a>(
        &'a self,
        steps: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<QueueId>, StoreError>> {
        let found = self
            .open()
            .and_then(|mut kept| steps.iter().map(|step| kept.queues.find_or_make(step)).collect());
        Box::pin(std::future::ready(found))
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        if self.listener.set(listener).is_err() {
            tracing::warn!("a second listener was named and is not called");
        }
    }

    fn commit(&self, batch: Batch) -> Commit {
        let _in_order = self.order.lock();
        let done = self.open().map_err(Into::into).and_then(|mut kept| kept.commit(batch));

        Commit::ready(done.map(|(committed, News { arrivals, changes })| {
            if let Some(listener) = self.listener.get() {
                if !arrivals.is_empty() {
                    listener.committed(arrivals);
                }
                if !changes.is_empty() {
                    listener.changed(changes);
                }
            }
            committed
        }))
    }

    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        self.read(|kept| kept.state.get(group, key, now).cloned())
    }

    fn page<'a>(
        &'a self,
        group: &'a str,
        request: PageRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Page<(String, Entry)>, StoreError>> {
        self.read(|kept| kept.state.page(group, &request, now))
    }

    fn slice<'a>(
        &'a self,
        group: &'a str,
        slice: Slice,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Sliced<(String, Entry)>, StoreError>> {
        self.read(|kept| kept.state.slice(group, slice, now))
    }

    fn groups(
        &self,
        request: PageRequest,
    ) -> BoxFuture<'_, Result<Page<(String, u64)>, StoreError>> {
        self.read(|kept| kept.state.groups(&request))
    }

    fn snapshot<'a>(
        &'a self,
        group: &'a str,
        key: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Snapshot, StoreError>> {
        self.read(|kept| rules::snapshot(kept.state.all(group, key, limit), limit, kept.last))
    }

    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>> {
        self.read(|kept| kept.queues.pull(&pull))
    }

    fn pull_lane(&self, pull: PullLane) -> BoxFuture<'_, Result<Vec<Delivery>, StoreError>> {
        self.read(|kept| kept.queues.pull_lane(&pull))
    }

    fn depths(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Depth>, StoreError>> {
        self.read(|kept| {
            let mut depths = kept.queues.depths(now);
            for depth in &mut depths {
                depth.dead = kept.letters.count(&kept.queues, &DeadFilter::of(&depth.queue));
            }
            depths
        })
    }

    fn waiting<'a>(
        &'a self,
        filter: &'a WaitingFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Delivery>, StoreError>> {
        self.read(|kept| kept.queues.waiting(filter, &request))
    }

    fn ahead(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.read(|kept| kept.queues.ahead(delivery))
    }

    fn failures(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<Vec<Failure>, StoreError>> {
        self.read(|kept| {
            let waiting = kept.queues.failures(delivery);
            let dead = || kept.letters.get(&kept.queues, delivery).map(|letter| letter.failures);
            waiting.or_else(dead).unwrap_or_default()
        })
    }

    fn dead_letters<'a>(
        &'a self,
        filter: &'a DeadFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<DeadLetter>, StoreError>> {
        self.read(|kept| kept.letters.page(&kept.queues, filter, &request))
    }

    fn count_dead<'a>(&'a self, filter: &'a DeadFilter) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.read(|kept| kept.letters.count(&kept.queues, filter))
    }

    fn ended<'a>(
        &'a self,
        filter: &'a EndedFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Ended>, StoreError>> {
        self.read(|kept| kept.history.page(&kept.queues, filter, &request))
    }

    fn dead_letter(
        &self,
        delivery: DeliveryId,
    ) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        self.read(|kept| kept.letters.get(&kept.queues, delivery))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.kept.lock().closed = true;
        Box::pin(std::future::ready(Ok(())))
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("commits_total", self.kept.lock().commits as f64)]
    }
}
