//! A memory store that says it may be shared, survives its apps, and can be cut off from one of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use motia_core::store::{
    Batch, BoxFuture, Capabilities, Commit, DeadLetter, DeliveryId, Depth, Entry, Listener, Page,
    PageRequest, Pull, Pulled, QueueId, Store, StoreError,
};
use motia_store::MemoryStore;

/// One app's connection to a store that others use too.
#[derive(Default)]
pub(crate) struct Shared {
    kept: Arc<MemoryStore>,
    cut: AtomicBool,
}

impl Shared {
    /// Another app's connection to the same store.
    pub(crate) fn again(&self) -> Arc<Self> {
        Arc::new(Self { kept: self.kept.clone(), cut: AtomicBool::new(false) })
    }

    /// From now on this app is as good as dead: nothing that it writes arrives.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

impl Store for Shared {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.kept.capabilities();
        capabilities.multi_instance = true;
        capabilities
    }

    fn queues<'a>(
        &'a self,
        steps: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<QueueId>, StoreError>> {
        self.kept.queues(steps)
    }

    fn listen(&self, _: Arc<dyn Listener>) {}

    fn commit(&self, batch: Batch) -> Commit {
        if self.cut.load(Ordering::SeqCst) {
            return Commit::ready(Err(StoreError::Io("cut off".into()).into()));
        }
        self.kept.commit(batch)
    }

    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        let kept = self.kept.get(group, key, now);
        // Lets other instances in between reading and writing, as a real store does.
        Box::pin(async move {
            let entry = kept.await;
            tokio::task::yield_now().await;
            entry
        })
    }

    fn page<'a>(
        &'a self,
        group: &'a str,
        request: PageRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Page<(String, Entry)>, StoreError>> {
        self.kept.page(group, request, now)
    }

    fn groups(
        &self,
        request: PageRequest,
    ) -> BoxFuture<'_, Result<Page<(String, u64)>, StoreError>> {
        self.kept.groups(request)
    }

    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>> {
        self.kept.pull(pull)
    }

    fn depths(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Depth>, StoreError>> {
        self.kept.depths(now)
    }

    fn dead_letters<'a>(
        &'a self,
        queue: Option<&'a str>,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<DeadLetter>, StoreError>> {
        self.kept.dead_letters(queue, request)
    }

    fn dead_letter(
        &self,
        delivery: DeliveryId,
    ) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        self.kept.dead_letter(delivery)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(()))) // the others go on
    }
}
