//! The one place where tasks are spawned, so that a shutdown can wait for them.

use std::future::Future;

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Spawns tasks and waits for them.
#[derive(Debug, Clone)]
pub struct Tasks {
    handle: Handle,
    tracker: TaskTracker,
    stopping: CancellationToken,
    over: CancellationToken,
}

impl Tasks {
    /// Tasks of the tokio runtime that this is called in.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn here() -> Self {
        let (handle, tracker) = (Handle::current(), TaskTracker::new());
        Self { handle, tracker, stopping: CancellationToken::new(), over: CancellationToken::new() }
    }

    /// Starts a task; it may be called from any thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(task, &self.handle);
    }

    /// Resolves when nothing new should be begun.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Resolves when what still runs should give up.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Waits until all tasks have ended; after [`stopping`](Self::stopping) was cancelled.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
