//! A memory store that says it may be shared, survives its apps, and can be cut off from one of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use motia_core::store::{
    Batch, BoxFuture, Capabilities, Commit, Decorate, Entry, Listener, Store, StoreError,
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

impl Decorate for Shared {
    fn inner(&self) -> &dyn Store {
        &*self.kept
    }

    fn name(&self) -> &'static str {
        "shared"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.kept.capabilities();
        capabilities.multi_instance = true;
        capabilities
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

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(()))) // the others go on
    }
}
