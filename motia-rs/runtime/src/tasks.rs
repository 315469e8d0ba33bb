//! The one place where tasks are spawned, so that a shutdown can wait for them.

use std::{future::Future, sync::Arc};

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Spawns tasks and waits for them. Cloning it copies a pointer: each call of an API step holds one,
/// and to clone a cancellation token takes a lock that all threads share.
#[derive(Debug, Clone)]
pub struct Tasks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    handle: Handle,
    tracker: TaskTracker,
    stopping: CancellationToken,
    over: Arc<CancellationToken>,
}

impl Tasks {
    /// Tasks of the tokio runtime that this is called in.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn here() -> Self {
        let (handle, tracker) = (Handle::current(), TaskTracker::new());
        let (stopping, over) = (CancellationToken::new(), Arc::default());
        Self(Arc::new(Inner { handle, tracker, stopping, over }))
    }

    /// The tokio runtime that they run on.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// Starts a task; it may be called from any thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tracker.spawn_on(task, &self.0.handle);
    }

    /// Resolves when nothing new should be begun.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Resolves when what still runs should give up.
    pub fn over(&self) -> &Arc<CancellationToken> {
        &self.0.over
    }

    /// Waits until all tasks have ended; after [`stopping`](Self::stopping) was cancelled.
    pub async fn ended(&self) {
        self.0.tracker.close();
        self.0.tracker.wait().await;
    }
}
