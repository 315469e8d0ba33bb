//! Our side: an app of one event step over a store.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use motia_core::{
    clock::Clock,
    config::EventConfig,
    context::{Context, Run},
    registry::Registry,
    store::Store,
    trace::TraceContext,
};
use motia_runtime::{Runtime, Settings, clock::SystemClock, cron::TokioWake};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A job of 256 bytes of JSON.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Job {
    pub(crate) n: u64,
    pub(crate) body: String,
}
motia_core::topic!(Job = "bench.job");

impl Job {
    pub(crate) fn new(n: u64) -> Self {
        Self { n, body: "x".repeat(239) }
    }
}

/// The step that takes jobs.
pub(crate) const JOBS: &str = "CountJobs";

/// A small event, as counters and ticks are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tick {
    pub(crate) n: u64,
}
motia_core::topic!(Tick = "bench.tick");

/// A running app whose step counts what it handles.
pub(crate) struct App {
    pub(crate) runtime: Runtime,
    pub(crate) run: Arc<Run>,
    handled: Arc<AtomicU64>,
}

impl App {
    /// Over `store`, at most `concurrency` attempts at once.
    pub(crate) async fn start(store: Arc<dyn Store>, concurrency: u32) -> anyhow::Result<Self> {
        Self::start_with(store, concurrency, |_| std::future::ready(())).await
    }

    /// Over `store`, doing something with each job.
    pub(crate) async fn start_with<F: Future<Output = ()> + Send + 'static>(
        store: Arc<dyn Store>,
        concurrency: u32,
        work: impl Fn(Job) -> F + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        Self::start_set(store, concurrency, work, Settings::default()).await
    }

    /// The same with settings of its own.
    pub(crate) async fn start_set<F: Future<Output = ()> + Send + 'static>(
        store: Arc<dyn Store>,
        concurrency: u32,
        work: impl Fn(Job) -> F + Clone + Send + Sync + 'static,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let handled = Arc::new(AtomicU64::new(0));
        let count = handled.clone();
        let jobs = EventConfig::<Job>::new(JOBS).concurrency(concurrency).bind(
            move |job: Job, _: Context| {
                let (work, count) = (work(job), count.clone());
                async move {
                    work.await;
                    count.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
            },
        );
        let count = handled.clone();
        let ticks = EventConfig::<Tick>::new("CountTicks").concurrency(concurrency).bind(
            move |_: Tick, _: Context| {
                count.fetch_add(1, Ordering::Relaxed);
                async { Ok(()) }
            },
        );
        let registry =
            Registry::of([(jobs, motia_core::source!()), (ticks, motia_core::source!())], []);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let runtime =
            Runtime::start(registry, store, clock, Arc::new(TokioWake), &[], settings).await?;
        let run = Run::new(runtime.engine().clone(), "Bench", TraceContext::root());
        Ok(Self { runtime, run: Arc::new(run), handled })
    }

    /// A context from which to emit.
    pub(crate) fn context(&self) -> Context<(Job, Tick)> {
        Context::new(self.run.clone())
    }

    pub(crate) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// Waits until so many were handled.
    pub(crate) async fn caught_up(&self, emitted: u64) {
        while self.handled() < emitted {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}
