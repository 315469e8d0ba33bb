//! A runtime of a few steps over a store, with a diary that handlers write in.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    clock::Clock,
    config::EventConfig,
    context::{Cancel, Context, Emit, EmitError, EmitOptions, Receipt, Run},
    error::StepResult,
    event::{Event, EventId},
    json::JsonText,
    registry::{Definition, Registry},
    store::{
        Batch, CommitError, Committed, DeadFilter, DeadLetter, Delivery, DeliveryId, Depth, Ended,
        EndedFilter, Lane, PageRequest, QueueId, Store, Target, WaitingFilter, Write,
    },
    trace::TraceContext,
};
use motia_runtime::{
    Runtime, Settings,
    bus::reason::{Explanation, Reason},
    clock::TokioClock,
    cron::TokioWake,
};
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
    leave_text(store, step, &json!({ "n": n }).to_string(), None).await
}

/// Puts any text into a step's queue, as an app did to which it was a task; in the lane of a key, if one
/// is named, and in order.
pub(crate) async fn leave_text(
    store: &MemoryStore,
    step: &str,
    text: &str,
    key: Option<&str>,
) -> QueueId {
    let queue = store.queues(&[step]).await.unwrap()[0];
    let payload = JsonText::from_trusted(text.to_owned());
    let event = Event::new("task".into(), payload, TraceContext::root(), START);
    let lane = key.map(|key| Lane { key: key.into(), ordered: true });
    let targets = [Target { lane, ..queue.into() }].into();
    let publish = Write::Publish { event: Arc::new(event), targets };
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

/// A step that notes the numbers of its tasks.
pub(crate) fn noting(config: EventConfig<Task>, diary: &Diary) -> Definition {
    let diary = diary.clone();
    step(config, move |task, _| {
        diary.note(task.n.to_string());
        async { Ok(()) }
    })
}

/// Tasks of the same hundred are of the same key.
pub(crate) fn hundred(task: &Task) -> String {
    (task.n / 100).to_string()
}

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Settings of a queue that has so few deliveries in memory.
pub(crate) fn window(deliveries: usize) -> Settings {
    let mut settings = Settings::default();
    settings.window = deliveries;
    settings
}

/// The numbers, as a diary has them.
pub(crate) fn numbers(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|n| n.to_string()).collect()
}

/// A running app.
#[derive(Clone)]
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
        Self::at(TokioClock::starting_at(START), store, settings, steps).await
    }

    /// By a clock that may have been going for a while.
    pub(crate) async fn at(
        clock: TokioClock,
        store: Arc<dyn Store>,
        settings: Settings,
        steps: impl IntoIterator<Item = Definition>,
    ) -> Self {
        let placed = steps.into_iter().map(|step| (step, motia_core::source!()));
        let registry = Registry::of(placed, []);
        let clock: Arc<dyn Clock> = Arc::new(clock);
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

    /// Emits with options, and gives the name of the event's only delivery.
    pub(crate) async fn send(&self, n: u64, options: EmitOptions<'_>) -> DeliveryId {
        let event = self.try_send(n, options).await.unwrap().id;
        self.delivery_of(event).await
    }

    /// The name of the only delivery of an event that waits.
    pub(crate) async fn delivery_of(&self, event: EventId) -> DeliveryId {
        let filter = WaitingFilter { event: Some(event), ..WaitingFilter::default() };
        let found = self.store.waiting(&filter, PageRequest::first(1)).await.unwrap();
        found.items[0].id
    }

    pub(crate) async fn try_send(
        &self,
        n: u64,
        options: EmitOptions<'_>,
    ) -> Result<Receipt, EmitError> {
        let engine = self.runtime.engine().clone();
        let run = Arc::new(Run::new(engine, "Test", TraceContext::root()));
        Emit::raw(&run, "task", &json!({ "n": n })).options(options).await
    }

    /// Writes as the admin API does: what a queue may hold is counted.
    pub(crate) async fn write(&self, write: Write) -> Result<Committed, CommitError> {
        let engine = self.runtime.engine();
        let run = Run::new(engine.clone(), "Test", TraceContext::root());
        engine.commit(&run, Batch::of(write)).await
    }

    /// What waits, running ones among it, in the order of the emits.
    pub(crate) async fn waiting(&self) -> Vec<Delivery> {
        let request = PageRequest::first(1000);
        self.store.waiting(&WaitingFilter::default(), request).await.unwrap().items
    }

    pub(crate) async fn redrive(&self, delivery: DeliveryId) {
        self.write(Write::Redrive { delivery, now: self.now() }).await.unwrap();
    }

    pub(crate) async fn cancel(&self, what: Cancel<'_>) -> u64 {
        self.runtime.engine().cancel(what, "the test").await.unwrap()
    }

    pub(crate) async fn explain(&self, delivery: DeliveryId) -> Explanation {
        self.runtime.bus().explain(delivery).await.unwrap().unwrap()
    }

    /// Why a delivery waits.
    pub(crate) async fn reasons(&self, delivery: DeliveryId) -> Vec<Reason> {
        match self.explain(delivery).await {
            Explanation::Waiting { reasons } => reasons,
            other => panic!("it does not wait: {other:?}"),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.runtime.engine().now()
    }

    pub(crate) async fn ended(&self) -> Vec<Ended> {
        self.store.ended(&EndedFilter::default(), PageRequest::first(1000)).await.unwrap().items
    }

    pub(crate) fn possible_duplicates(&self) -> u64 {
        self.runtime.metrics().possible_duplicates.get()
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
        let now = self.now();
        while self.depths().await.iter().any(|queue| queue.waiting + queue.delayed > 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let waited = self.now().duration_since(now);
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
        self.store.dead_letters(&DeadFilter::default(), PageRequest::default()).await.unwrap().items
    }
}
