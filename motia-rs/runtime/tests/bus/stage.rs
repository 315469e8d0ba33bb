//! A runtime of a few steps over a store, with a diary that handlers write in.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    clock::Clock,
    config::EventConfig,
    context::Context,
    error::StepResult,
    event::{Event, EventId},
    json::JsonText,
    registry::{Definition, Registry},
    store::{Batch, DeadLetter, Depth, PageRequest, QueueId, Store, Write},
    trace::TraceContext,
};
use motia_runtime::{Runtime, Settings, clock::TokioClock, cron::TokioWake};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What the clock reads at first.
pub(crate) const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A numbered task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Task {
    pub(crate) n: u64,
}
motia_core::topic!(Task = "task");

/// Puts a task into a step's queue, as an app that ran before did.
pub(crate) async fn leave(store: &MemoryStore, step: &str, n: u64) -> QueueId {
    let queue = store.queues(&[step]).await.unwrap()[0];
    let event = Event {
        id: EventId::new(START),
        topic: "task".into(),
        payload: JsonText::encode(&json!({ "n": n })).unwrap(),
        trace: TraceContext::root(),
        emitted_at: START,
    };
    let publish = Write::Publish { event: Arc::new(event), queues: [queue].into(), due: None };
    store.commit(Batch::of(publish)).await.unwrap();
    queue
}

/// What handlers did, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub(crate) fn note(&self, what: impl Into<String>) {
        self.0.lock().push(what.into());
    }

    pub(crate) fn read(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

/// A step that hears tasks and does `work` with them.
pub(crate) fn step<F, Fut>(config: EventConfig<Task>, work: F) -> Definition
where
    F: Fn(Task, Context) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = StepResult> + Send + 'static,
{
    config.bind(work)
}

/// A running app.
pub(crate) struct Stage {
    pub(crate) runtime: Runtime,
    pub(crate) store: Arc<dyn Store>,
}

impl Stage {
    pub(crate) async fn with(steps: impl IntoIterator<Item = Definition>) -> Self {
        Self::over(Arc::new(MemoryStore::new()), Settings::default(), steps).await
    }

    pub(crate) async fn over(
        store: Arc<dyn Store>,
        settings: Settings,
        steps: impl IntoIterator<Item = Definition>,
    ) -> Self {
        let placed = steps.into_iter().map(|step| (step, motia_core::source!()));
        let registry = Registry::of(placed, []);
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(START));
        let runtime =
            Runtime::start(registry, store.clone(), clock, Arc::new(TokioWake), &[], settings)
                .await
                .unwrap();
        Self { runtime, store }
    }

    pub(crate) async fn emit(&self, n: u64) -> EventId {
        let task = json!({ "n": n });
        self.runtime.emit("task", &task, TraceContext::root()).await.unwrap().id
    }

    /// Waits until nothing is ready and nothing runs.
    pub(crate) async fn quiet(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        while !self.runtime.bus().is_quiet() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until nothing waits, delayed or not.
    pub(crate) async fn empty(&self) {
        let now = self.runtime.engine().now();
        while self.depths().await.iter().any(|queue| queue.waiting + queue.delayed > 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let waited = self.runtime.engine().now().duration_since(now);
            assert!(
                waited.as_hours() < 24,
                "the queues do not run empty: {:?}",
                self.depths().await
            );
        }
    }

    pub(crate) async fn depths(&self) -> Vec<Depth> {
        self.store.depths(self.runtime.engine().now()).await.unwrap()
    }

    pub(crate) async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.store.dead_letters(None, PageRequest::default()).await.unwrap().items
    }
}
