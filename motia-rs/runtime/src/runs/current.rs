//! Which recorded run is at work: what libraries log inside a handler belongs to it.

use std::{future::Future, sync::Arc};

use motia_core::context::Run;

tokio::task_local! {
    static CURRENT: Arc<Run>;
}

/// Does `work` as part of a run.
pub(crate) fn within<F: Future>(run: Arc<Run>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(run, work)
}

/// Hands the recorded run that is at work on this task to `look`; `None` outside of one.
pub fn look<T>(look: impl FnOnce(&Run) -> T) -> Option<T> {
    CURRENT.try_with(|run| look(run)).ok()
}
