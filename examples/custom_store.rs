//! A store around a store: this one counts commits and tells of slow ones.
//!
//! `cargo run --example custom_store`, then `curl localhost:3000/count` a few times, and
//! `curl -s localhost:3000/metrics | grep slow`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use motia::{
    prelude::*,
    store::{Batch, Commit, Decorate, Store},
};

/// Passes everything on, and looks at the clock when a commit returns.
struct Watched {
    inner: Arc<dyn Store>,
    slow: Arc<AtomicU64>,
}

/// A commit that takes longer is slow.
const SLOW: Duration = Duration::from_millis(50);

impl Decorate for Watched {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn commit(&self, batch: Batch) -> Commit {
        let (began, slow) = (std::time::Instant::now(), self.slow.clone());
        // The commit is under way before anyone waits for it: a caller that goes away undoes nothing.
        let commit = self.inner.commit(batch);
        Commit::boxed(async move {
            let kept = commit.await;
            if began.elapsed() > SLOW {
                slow.fetch_add(1, Ordering::Relaxed);
            }
            kept
        })
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let slow = self.slow.load(Ordering::Relaxed) as f64;
        self.inner.figures().into_iter().chain([("slow_commits_total", slow)]).collect()
    }
}

const COUNTS: StateGroup<i64> = StateGroup::new("counts");

const CONFIG: ApiConfig<(), i64> = ApiConfig::get("Count", "/count");

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<i64>> {
    Ok(ApiResponse::ok(ctx.state.increment(COUNTS, "visits", 1).await?))
}

step!(CONFIG, handler);

fn main() -> std::process::ExitCode {
    motia::App::new().store(|inner| Arc::new(Watched { inner, slow: Arc::default() })).run()
}

#[cfg(test)]
mod tests {
    use motia_testkit::conformance::{self, Subject};

    use super::*;

    /// A store is one when it passes the suite; a decorator passes it by passing on.
    async fn subject() -> Subject {
        let inner = Arc::new(motia::stores::MemoryStore::new());
        Subject::new(Arc::new(Watched { inner, slow: Arc::default() }))
    }

    conformance::suite!(subject);
}
