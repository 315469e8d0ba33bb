//! The store that is asked, and what it was heard to say.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use motia_core::store::{
    Arrival, Batch, BoxFuture, Change, CommitError, Committed, DeadFilter, DeadLetter, Delivery,
    DeliveryId, Depth, Ended, EndedFilter, Entry, Listener, PageRequest, Pull, PullLane, Pulled,
    QueueId, Store, WaitingFilter, Write,
};
use parking_lot::Mutex;

use super::say::{at, batch, event, publish, publish_in};

type Reopen = Box<dyn Fn() -> BoxFuture<'static, Arc<dyn Store>> + Send>;

/// A store under test, and how it is opened again if it keeps what it is given.
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    reopen: Option<Reopen>,
    ears: Arc<Ears>,
}

/// Remembers all that it hears.
#[derive(Default)]
struct Ears(Mutex<Vec<Arrival>>, Mutex<Vec<Change>>);

impl Listener for Ears {
    fn committed(&self, arrivals: Vec<Arrival>) {
        self.0.lock().extend(arrivals);
    }

    fn changed(&self, changes: Vec<Change>) {
        self.1.lock().extend(changes);
    }
}

impl Subject {
    /// A fresh store. The suite itself listens to it.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let ears = Arc::new(Ears::default());
        store.listen(ears.clone());
        Self { store, reopen: None, ears }
    }

    /// The same, with a way to open it again after it was closed.
    #[must_use]
    pub fn reopened_by<F>(mut self, reopen: impl Fn() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Arc<dyn Store>> + Send + 'static,
    {
        self.reopen = Some(Box::new(move || Box::pin(reopen())));
        self
    }

    /// Closes the store and opens it again; `None` if it keeps nothing.
    pub(super) async fn reopened(self) -> Option<Self> {
        let reopen = self.reopen?;
        self.store.close().await.unwrap();
        drop(self.store);
        let fresh = Self::new(reopen().await);
        Some(Self { reopen: Some(reopen), ..fresh })
    }

    /// Takes what was heard since the last time.
    pub(super) fn heard(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.ears.0.lock())
    }

    /// Takes what was heard of watched groups since the last time.
    pub(super) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.ears.1.lock())
    }

    pub(super) async fn try_commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.store.commit(batch).await
    }

    pub(super) async fn commit(&self, writes: impl IntoIterator<Item = Write>) -> Committed {
        self.store.commit(batch(writes)).await.unwrap()
    }

    pub(super) async fn queue(&self, step: &str) -> QueueId {
        self.store.queues(&[step]).await.unwrap()[0]
    }

    /// A queue in which one event waits for each payload.
    pub(super) async fn queue_of(&self, payloads: &[&str]) -> (QueueId, Vec<DeliveryId>) {
        let queue = self.queue("ship").await;
        for payload in payloads {
            self.commit([publish(payload, &[queue])]).await;
        }
        (queue, self.last_ready(queue, payloads.len()).await)
    }

    /// A queue in which one event waits for each key of a lane, which is ordered if in capitals.
    pub(super) async fn queue_in(&self, keys: &[&str]) -> (QueueId, Vec<DeliveryId>) {
        let queue = self.queue("ship").await;
        for key in keys {
            self.commit([publish_in(key, event("{}"), queue)]).await;
        }
        (queue, self.last_ready(queue, keys.len()).await)
    }

    /// The last so many that were published; what was heard of them is forgotten.
    async fn last_ready(&self, queue: QueueId, count: usize) -> Vec<DeliveryId> {
        let mut ids = self.ready(queue).await;
        let ids = ids.split_off(ids.len() - count);
        self.heard();
        ids.into_iter().map(|delivery| delivery.id).collect()
    }

    /// The version of an entry, asked for at `at(0)`.
    pub(super) async fn entry(&self, key: &str) -> Option<Entry> {
        self.store.get("orders", key, at(0)).await.unwrap()
    }

    /// The text of an entry, asked for at `at(0)`.
    pub(super) async fn value(&self, key: &str) -> Option<String> {
        self.entry(key).await.map(|entry| entry.value.as_str().to_owned())
    }

    /// Everything that could be pulled until `now`.
    pub(super) async fn pull(&self, queue: QueueId, now: Timestamp) -> Pulled {
        let due_after = (Timestamp::MIN, 0);
        let pull = Pull { queue, after: 0, ranked_after: None, due_after, now, limit: 10_000 };
        self.store.pull(pull).await.unwrap()
    }

    /// All of a lane that is not among the delayed.
    pub(super) async fn lane(&self, queue: QueueId, key: &str) -> Vec<Delivery> {
        self.lane_by(queue, key, None).await
    }

    /// All of a lane that is not among the delayed, or has fallen due.
    pub(super) async fn lane_by(
        &self,
        queue: QueueId,
        key: &str,
        due_by: Option<Timestamp>,
    ) -> Vec<Delivery> {
        let pull = PullLane { queue, key: key.into(), after: 0, due_by, limit: 10_000 };
        self.store.pull_lane(pull).await.unwrap()
    }

    /// The ids of all that waits and is meant, put together from small pages.
    pub(super) async fn waiting(&self, filter: &WaitingFilter) -> Vec<DeliveryId> {
        let mut ids = Vec::new();
        let mut request = PageRequest::first(2);
        loop {
            let page = self.store.waiting(filter, request.clone()).await.unwrap();
            ids.extend(page.items.iter().map(|delivery| delivery.id));
            match page.next {
                Some(next) => request = request.after(Some(next)),
                None => return ids,
            }
        }
    }

    /// All that ended otherwise, put together from small pages.
    pub(super) async fn ended(&self, filter: &EndedFilter) -> Vec<Ended> {
        let mut ended = Vec::new();
        let mut request = PageRequest::first(2);
        loop {
            let page = self.store.ended(filter, request.clone()).await.unwrap();
            ended.extend(page.items);
            match page.next {
                Some(next) => request = request.after(Some(next)),
                None => return ended,
            }
        }
    }

    /// All deliveries that wait for no time.
    pub(super) async fn ready(&self, queue: QueueId) -> Vec<Delivery> {
        self.pull(queue, at(0)).await.ready
    }

    /// All deliveries that wait for a time until `now`.
    pub(super) async fn due(&self, queue: QueueId, now: Timestamp) -> Vec<Delivery> {
        self.pull(queue, now).await.due
    }

    /// How much waits in one queue.
    pub(super) async fn depth(&self, queue: QueueId, now: Timestamp) -> Depth {
        let depths = self.store.depths(now).await.unwrap();
        depths.into_iter().find(|depth| depth.id == queue).unwrap()
    }

    /// All dead letters of all queues.
    pub(super) async fn dead(&self) -> Vec<DeadLetter> {
        let all = DeadFilter::default();
        self.store.dead_letters(&all, PageRequest::first(1000)).await.unwrap().items
    }

    /// So much waits in each queue.
    pub(super) async fn assert_counted(&self, expected: &[(QueueId, u64)]) {
        for (queue, count) in expected {
            assert_eq!(self.depth(*queue, at(0)).await.waiting, *count);
        }
    }

    /// What is counted is what is listed.
    pub(super) async fn assert_depths_agree(&self, now: Timestamp) {
        for depth in self.store.depths(now).await.unwrap() {
            let pulled = self.pull(depth.id, now).await;
            let page = || PageRequest::first(1000);
            let all = WaitingFilter { queue: Some(depth.id), ..WaitingFilter::default() };
            let listed = self.store.waiting(&all, page()).await.unwrap().items;
            let held = WaitingFilter { held: true, ..all };
            let held = self.store.waiting(&held, page()).await.unwrap().items;
            let of_queue = DeadFilter::of(&depth.queue);
            let dead = self.store.dead_letters(&of_queue, page()).await.unwrap().items;

            let ids: HashSet<_> = listed.iter().map(|found| found.id).collect();
            let ready: HashSet<_> =
                pulled.ready.iter().chain(&pulled.due).map(|found| found.id).collect();
            let held: HashSet<_> = held.iter().map(|found| found.id).collect();
            assert_eq!(ids.len(), listed.len(), "each is listed once");
            assert_eq!(ready.len(), pulled.ready.len() + pulled.due.len(), "and pulled once");
            assert!(ready.is_subset(&ids) && held.is_subset(&ids), "what is pulled is listed");
            let waiting = ready.difference(&held).count();
            let delayed = ids.len() - ready.union(&held).count();
            assert_eq!(depth.waiting, waiting as u64, "waiting in {}", depth.queue);
            assert_eq!(depth.delayed, delayed as u64, "delayed in {}", depth.queue);
            assert_eq!(depth.held, held.len() as u64, "held in {}", depth.queue);
            assert_eq!(depth.dead, dead.len() as u64, "dead in {}", depth.queue);
            let counted = self.store.count_dead(&of_queue).await.unwrap();
            assert_eq!(depth.dead, counted, "dead in {} as counted", depth.queue);
        }
    }
}
