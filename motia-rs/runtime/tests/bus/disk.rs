//! A memory store that survives its apps: one is shut down or dies, the next finds what was kept.
//!
//! What a process reads can be held up on its way, so that a test decides what happens meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use motia_core::{
    registry::Definition,
    store::{
        Arrival, Batch, BoxFuture, Change, Commit, CommitError, Decorate, Delivery, Listener, Pull,
        PullLane, Pulled, Store, StoreError,
    },
};
use motia_runtime::{Settings, clock::TokioClock};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::stage::{START, Stage};

/// What outlives a process.
pub(crate) struct Disk {
    pub(crate) kept: Arc<MemoryStore>,
    ear: Arc<Ear>,
    clock: TokioClock,
    opened: AtomicU64,
    crashed: Arc<AtomicBool>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let (kept, ear) = (Arc::new(MemoryStore::new()), Arc::new(Ear::default()));
        kept.listen(ear.clone());
        let clock = TokioClock::starting_at(START);
        Self { kept, ear, clock, opened: AtomicU64::new(0), crashed: Arc::default() }
    }

    /// Starts an app over it, which gives back at once what runs when it is shut down.
    pub(crate) async fn start(
        &self,
        settings: Settings,
        steps: impl IntoIterator<Item = Definition>,
    ) -> (Stage, Arc<Process>) {
        self.start_at(self.clock, settings, steps).await
    }

    /// The same by another clock than before.
    pub(crate) async fn start_at(
        &self,
        clock: TokioClock,
        mut settings: Settings,
        steps: impl IntoIterator<Item = Definition>,
    ) -> (Stage, Arc<Process>) {
        settings.drain = std::time::Duration::ZERO;
        let process = Arc::new(Process {
            kept: self.kept.clone(),
            ear: self.ear.clone(),
            epoch: self.opened.fetch_add(1, SeqCst) + 1,
            recovered: self.crashed.swap(true, SeqCst),
            crashed: self.crashed.clone(),
            closed: AtomicBool::new(false),
            pages: Gate::default(),
        });
        let stage = Stage::at(clock, process.clone(), settings, steps).await;
        (stage, process)
    }
}

/// Whoever is named last hears.
#[derive(Default)]
struct Ear(Mutex<Option<Arc<dyn Listener>>>);

impl Listener for Ear {
    fn committed(&self, arrivals: Vec<Arrival>) {
        let listener = self.0.lock().clone();
        if let Some(listener) = listener {
            listener.committed(arrivals);
        }
    }

    fn changed(&self, _: Vec<Change>) {}
}

/// Holds up what was read, if it is told to.
#[derive(Default)]
pub(crate) struct Gate {
    shut: AtomicBool,
    reached: Notify,
    opened: Notify,
}

impl Gate {
    /// Holds up what is read next.
    pub(crate) fn shut(&self) {
        self.shut.store(true, SeqCst);
    }

    /// Waits until something was read and is held up.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Hands over what was held up.
    pub(crate) fn open(&self) {
        self.opened.notify_one();
    }

    async fn pass(&self) {
        if self.shut.swap(false, SeqCst) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
    }
}

/// One process's connection to a disk.
pub(crate) struct Process {
    kept: Arc<MemoryStore>,
    ear: Arc<Ear>,
    epoch: u64,
    recovered: bool,
    crashed: Arc<AtomicBool>,
    closed: AtomicBool,
    pub(crate) pages: Gate,
}

impl Process {
    /// Dies: nothing that it writes from now on is kept, and nobody tells it anything.
    pub(crate) async fn crash(&self, stage: Stage) {
        self.closed.store(true, SeqCst);
        *self.ear.0.lock() = None;
        stage.runtime.shutdown().await.unwrap();
    }

    fn open(&self) -> Result<&MemoryStore, StoreError> {
        if self.closed.load(SeqCst) { Err(StoreError::Closed) } else { Ok(&self.kept) }
    }
}

impl Decorate for Process {
    fn inner(&self) -> &dyn Store {
        &*self.kept
    }

    fn name(&self) -> &'static str {
        "disk"
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn recovered(&self) -> bool {
        self.recovered
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        *self.ear.0.lock() = Some(listener);
    }

    fn commit(&self, batch: Batch) -> Commit {
        match self.open() {
            Ok(kept) => kept.commit(batch),
            Err(error) => Commit::ready(Err(CommitError::Store(error))),
        }
    }

    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>> {
        Box::pin(async move {
            let pulled = self.open()?.pull(pull).await;
            self.pages.pass().await;
            pulled
        })
    }

    fn pull_lane(&self, pull: PullLane) -> BoxFuture<'_, Result<Vec<Delivery>, StoreError>> {
        Box::pin(async move {
            let pulled = self.open()?.pull_lane(pull).await;
            self.pages.pass().await;
            pulled
        })
    }

    /// Only if nobody has died meanwhile does the next process find that all was closed properly.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        if !self.closed.swap(true, SeqCst) {
            self.crashed.store(false, SeqCst);
            *self.ear.0.lock() = None;
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
