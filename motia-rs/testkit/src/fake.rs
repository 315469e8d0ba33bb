//! A context for unit tests of handlers: no server, no sleep, and a probe that sees everything.

use std::{
    any::type_name,
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock, atomic::AtomicBool},
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use motia_core::{
    circuit::Circuits,
    config::Priority,
    context::{
        Cancel, CancelError, Context, Engine, Level, Limits, Memory, Route, Run, State, Stream,
        Streams,
    },
    event::{Event, EventId},
    json::JsonText,
    metric::Change,
    registry::{Kind, Registry},
    schema::Checker,
    setting::{Setting, Values},
    store::{
        Batch, BoxFuture, Commit, CommitError, DeliveryId, PageRequest, Pull, QueueId, Store,
        StoreError, Target, Token, Write, change::watched,
    },
    topic::Topic,
    trace::TraceContext,
};
use motia_store::MemoryStore;
use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::measured::Measured;

/// A context on an empty store, and a probe that sees what the handler did with it.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
/// # use motia_testkit::fake;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// # const ORDERS: StateGroup<u64> = StateGroup::new("orders");
/// async fn handler(cents: u64, ctx: Context<(OrderPlaced,)>) -> StepResult {
///     ctx.state.set(ORDERS, "order-1", &cents).await?;
///     ctx.emit(OrderPlaced { order_id: "order-1".into() }).await?;
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (ctx, probe) = fake();
///
/// handler(9_900, ctx).await.unwrap();
///
/// assert_eq!(probe.state.get(ORDERS, "order-1").await.unwrap(), Some(9_900));
/// assert_eq!(probe.emitted::<OrderPlaced>(), [OrderPlaced { order_id: "order-1".into() }]);
/// # });
/// ```
#[must_use]
pub fn fake<Emits>() -> (Context<Emits>, Probe) {
    Fake::default().build()
}

/// A context that is not the plainest.
///
/// ```
/// use motia_core::context::Context;
/// use motia_testkit::Fake;
///
/// let (ctx, _probe) = Fake::default().attempt(3).build::<()>();
/// assert_eq!(ctx.attempt(), 3);
/// ```
#[derive(Debug)]
#[must_use]
pub struct Fake {
    attempt: u32,
    now: Timestamp,
    cancelled: bool,
    handles_event: bool,
    settings: Values,
}

impl Default for Fake {
    fn default() -> Self {
        let settings = SETTINGS.clone();
        Self { attempt: 1, now: START, cancelled: false, handles_event: false, settings }
    }
}

/// What a test's clock reads at first: 1 January 2026, midnight UTC.
pub const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Fake {
    /// Which attempt it is, from 1.
    pub fn attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// What the clock reads, until the probe moves it.
    pub fn now(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// The attempt is cancelled already.
    pub fn cancelled(self) -> Self {
        Self { cancelled: true, ..self }
    }

    /// The handler handles an event, so that there is something for `commit_and_ack`.
    pub fn handling_an_event(self) -> Self {
        Self { handles_event: true, ..self }
    }

    /// A setting of the app; the others have their defaults.
    pub fn setting<T: Send + Sync + 'static>(mut self, setting: Setting<T>, value: T) -> Self {
        self.settings.set(setting, value);
        self
    }

    /// The context and its probe.
    #[must_use]
    pub fn build<Emits>(self) -> (Context<Emits>, Probe) {
        let engine = Arc::new(FakeEngine {
            store: Arc::new(MemoryStore::new()),
            now: Mutex::new(self.now),
            limits: Limits::default(),
            circuits: Circuits::default(),
            settings: self.settings,
            memory: Memory::default(),
            measured: Measured::default(),
            emitted: Mutex::default(),
            sent: Mutex::default(),
            cancellations: Mutex::default(),
            logs: Mutex::default(),
        });
        engine.make_queues();
        let cancelled = Arc::new(CancellationToken::new());
        if self.cancelled {
            cancelled.cancel();
        }
        let delivery = self.handles_event.then(|| engine.put_an_event());
        let run = Run {
            attempt: self.attempt,
            token: Token(u64::from(self.attempt)),
            deliveries: delivery.into_iter().collect(),
            cancelled: cancelled.clone(),
            settled: AtomicBool::new(false),
            ..Run::new(engine.clone(), UNDER_TEST, TraceContext::root())
        };
        let ctx: Context<Emits> = Context::new(Arc::new(run));
        let (state, streams) = (ctx.state.clone(), ctx.streams.clone());
        (
            ctx,
            Probe { state, streams, metrics: engine.measured.clone(), engine, delivery, cancelled },
        )
    }
}

/// Sees what a handler did.
#[derive(Debug)]
pub struct Probe {
    /// Reads and writes the state that the handler has.
    pub state: State,
    /// Reads and writes the streams that the handler has.
    pub streams: Streams,
    /// Reads what the handler counted.
    pub metrics: Measured,
    engine: Arc<FakeEngine>,
    delivery: Option<(EventId, DeliveryId)>,
    cancelled: Arc<CancellationToken>,
}

/// One event that a handler emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Value,
    /// When it may be delivered, if not at once; to the first of its subscribers.
    pub due: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// The key under which it can be cancelled.
    pub cancel_key: Option<String>,
    /// The key that it has for the first of its subscribers that has one.
    pub key: Option<String>,
}

/// One line that a handler logged; secrets are redacted already.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The step that said it.
    pub step: String,
    /// The message.
    pub message: String,
    /// The fields.
    pub fields: Value,
}

impl Probe {
    /// The events of one topic, in their order.
    ///
    /// # Panics
    /// When one does not decode as its own topic's payload.
    #[must_use]
    pub fn emitted<T: Topic>(&self) -> Vec<T> {
        let emitted = self.engine.emitted.lock();
        let of_topic = emitted.iter().filter(|(event, _)| event.topic == T::NAME);
        let decode = |(event, _): &Published| {
            event.payload.decode().unwrap_or_else(|error| {
                panic!("`{}` does not read back as {}: {error}", event.topic, type_name::<T>())
            })
        };
        of_topic.map(decode).collect()
    }

    /// All events, in their order.
    #[must_use]
    pub fn emissions(&self) -> Vec<Emission> {
        let emission = |(event, targets): &Published| Emission {
            topic: event.topic.to_string(),
            payload: event.payload.to_value(),
            due: targets.first().and_then(|target| target.due),
            priority: event.priority,
            cancel_key: event.cancel_key.as_deref().map(str::to_owned),
            key: targets.iter().find_map(|target| Some(target.lane.as_ref()?.key.to_string())),
        };
        self.engine.emitted.lock().iter().map(emission).collect()
    }

    /// What the handler said to those who watch a group of a stream, in its order: kind and data.
    #[must_use]
    pub fn sent<T>(&self, stream: Stream<T>, group: &str) -> Vec<(String, Value)> {
        let place = watched(stream.name(), group);
        let sent = self.engine.sent.lock();
        let to_group = sent.iter().filter(|(group, _)| *group == place);
        let said = |event: &JsonText| {
            let event = event.to_value();
            (event["type"].as_str().unwrap_or_default().to_owned(), event["data"].clone())
        };
        to_group.map(|(_, event)| said(event)).collect()
    }

    /// What the handler asked to be cancelled, in its order: `key order-1`, `event <id>`,
    /// `trace <id>`, `delivery <id>`.
    #[must_use]
    pub fn cancellations(&self) -> Vec<String> {
        self.engine.cancellations.lock().clone()
    }

    /// The lines logged, in their order.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.engine.logs.lock().clone()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.engine.now.lock();
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Tells the handler to stop.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Makes every later write fail, as a full disk does.
    pub async fn break_store(&self) {
        let closed: Result<(), StoreError> = self.engine.store.close().await;
        drop(closed);
    }

    /// Whether the handler acknowledged its event itself.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        let Some((_, delivery)) = self.delivery else { return false };
        let pull = Pull {
            queue: delivery.queue,
            after: delivery.seq - 1,
            ranked_after: None,
            due_after: (Timestamp::MIN, 0),
            now: Timestamp::MAX,
            limit: PageRequest::MAX,
        };
        let waiting = self.engine.store.pull(pull).now_or_never().and_then(Result::ok);
        waiting.is_some_and(|found| found.ready.is_empty() && found.due.is_empty())
    }
}

struct FakeEngine {
    store: Arc<dyn Store>,
    now: Mutex<Timestamp>,
    limits: Limits,
    circuits: Circuits,
    settings: Values,
    memory: Memory,
    measured: Measured,
    emitted: Mutex<Vec<Published>>,
    sent: Mutex<Vec<(String, JsonText)>>,
    cancellations: Mutex<Vec<String>>,
    logs: Mutex<Vec<LogLine>>,
}

type Published = (Arc<Event>, Arc<[Target]>);

/// The topics of all steps in the test's program, so that payloads, keys and filters are checked as in
/// the app, and the steps that hear them.
static ROUTES: LazyLock<(HashMap<&'static str, Route>, Vec<&'static str>)> = LazyLock::new(|| {
    let registry = Registry::collect();
    let hears = registry.steps.iter().filter(|step| matches!(step.kind, Kind::Event(_)));
    let numbered = hears.zip(1..).map(|(step, number)| (step, QueueId(number)));
    let (mut queues, mut names) = (HashMap::new(), Vec::new());
    for (step, queue) in numbered {
        queues.insert(step.index, queue);
        names.push(step.name());
    }
    let nobody = QueueId(u16::try_from(names.len()).unwrap_or(u16::MAX).saturating_add(1));
    names.push(UNDER_TEST);
    let mut routes = motia_runtime::engine::routes(&registry, &queues).unwrap_or_default();
    for route in routes.values_mut().filter(|route| route.targets.is_empty()) {
        route.targets = [nobody.into()].into();
    }
    (routes, names)
});

/// The defaults of all settings in the test's program.
static SETTINGS: LazyLock<Values> = LazyLock::new(|| {
    let mut defaults = Values::default();
    defaults.fill(Registry::collect().settings.iter().map(|(setting, _)| setting));
    defaults
});

/// The schemas of all streams in the test's program, so that items are checked as in the app.
static STREAMS: LazyLock<HashMap<&'static str, Checker>> =
    LazyLock::new(|| motia_runtime::engine::streams(&Registry::collect()).unwrap_or_default());

/// The name of the step that is tested, and the queue of events that nobody hears.
const UNDER_TEST: &str = "UnderTest";

impl FakeEngine {
    fn make_queues(&self) {
        let made = self.store.queues(&ROUTES.1).now_or_never();
        assert!(matches!(made, Some(Ok(_))), "a memory store answers at once");
    }

    fn put_an_event(&self) -> (EventId, DeliveryId) {
        let queues = self.store.queues(&[UNDER_TEST]).now_or_never();
        let queue = queues.and_then(Result::ok).expect("a memory store answers at once")[0];
        let payload = JsonText::from_trusted("null");
        let event = Event::new("under.test".into(), payload, TraceContext::root(), START);
        let id = event.id;
        let targets = [queue.into()].into();
        let publish = Write::Publish { event: Arc::new(event), targets };
        let kept = self.store.commit(Batch::of(publish)).now_or_never();
        assert!(matches!(kept, Some(Ok(_))), "a memory store keeps at once");
        let pull = Pull {
            queue,
            after: 0,
            ranked_after: None,
            due_after: (Timestamp::MIN, 0),
            now: Timestamp::MAX,
            limit: 1,
        };
        let pulled = self.store.pull(pull).now_or_never().and_then(Result::ok);
        (id, pulled.expect("a memory store answers at once").ready[0].id)
    }
}

impl Engine for FakeEngine {
    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn commit(&self, _: &Run, batch: Batch) -> Commit {
        let published = |write: &Write| match write {
            Write::Publish { event, targets } => Some((event.clone(), targets.clone())),
            _ => None,
        };
        let published: Vec<_> = batch.writes.iter().filter_map(published).collect();
        let sent = |write: &Write| match write {
            Write::Send { group, event, .. } => Some((group.to_string(), event.clone())),
            _ => None,
        };
        let sent: Vec<_> = batch.writes.iter().filter_map(sent).collect();
        let closed = Err(CommitError::Store(StoreError::Closed));
        let result = self.store.commit(batch).now_or_never().unwrap_or(closed);
        if result.is_ok() {
            self.emitted.lock().extend(published);
            self.sent.lock().extend(sent);
        }
        Commit::ready(result)
    }

    fn route(&self, topic: &str) -> Option<&Route> {
        ROUTES.0.get(topic)
    }

    fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<_> = ROUTES.0.keys().copied().collect();
        topics.sort_unstable();
        topics
    }

    fn cancel<'a>(
        &'a self,
        what: Cancel<'a>,
        _: &'a str,
    ) -> BoxFuture<'a, Result<u64, CancelError>> {
        self.cancellations.lock().push(match what {
            Cancel::Event(event) => format!("event {event}"),
            Cancel::Trace(trace) => format!("trace {trace}"),
            Cancel::Key(key) => format!("key {key}"),
            Cancel::Delivery(delivery) => format!("delivery {delivery}"),
            other => format!("{other:?}"),
        });
        Box::pin(std::future::ready(Ok(0)))
    }

    fn stream(&self, name: &str) -> Option<&Checker> {
        STREAMS.get(name)
    }

    fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    fn now(&self) -> Timestamp {
        *self.now.lock()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn measure(&self, _: &Run, metric: &'static str, labels: &[&str], change: Change) {
        self.measured.note(metric, labels, change);
    }

    fn settings(&self) -> &Values {
        &self.settings
    }

    fn data_dir(&self) -> &Path {
        Path::new(".motia")
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn log(&self, run: &Run, level: Level, message: &str, fields: Value) {
        let (step, message) = (run.step.to_owned(), message.to_owned());
        self.logs.lock().push(LogLine { level, step, message, fields });
    }
}

impl std::fmt::Debug for FakeEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeEngine")
    }
}

#[cfg(test)]
mod tests {
    use motia_core::{
        context::StateGroup,
        metric::{Counter, Gauge, Histogram},
    };

    use super::*;

    const COUNTS: StateGroup<i64> = StateGroup::new("counts");

    #[tokio::test]
    async fn a_transaction_that_acknowledges_settles_the_event() {
        let (ctx, probe) = Fake::default().handling_an_event().build::<()>();
        assert!(!probe.acknowledged());

        let mut tx = ctx.transaction();
        tx.increment(COUNTS, "handled", 1);
        tx.commit_and_ack().await.unwrap();

        assert!(probe.acknowledged());
        assert_eq!(probe.state.get(COUNTS, "handled").await.unwrap(), Some(1));
    }

    #[test]
    fn what_was_counted_is_seen_by_its_labels() {
        const SENT: Counter<1> = Counter::new("mails_sent_total", "Mails sent").labels(["kind"]);
        const OPEN: Gauge = Gauge::new("open_orders", "Orders that are open");
        const TOOK: Histogram = Histogram::new("mail_seconds", "How long a mail took");
        let (ctx, probe) = fake::<()>();

        ctx.metrics.inc(SENT, ["receipt"]);
        ctx.metrics.inc_by(SENT, ["receipt"], 2);
        ctx.metrics.set(OPEN, [], 5);
        ctx.metrics.add(OPEN, [], -2);
        ctx.metrics.observe(TOOK, [], Duration::from_millis(250));

        assert_eq!(probe.metrics.counter(SENT, ["receipt"]), 3);
        assert_eq!(probe.metrics.counter(SENT, ["reminder"]), 0);
        assert_eq!(probe.metrics.gauge(OPEN, []).to_string(), "3");
        assert_eq!(probe.metrics.histogram(TOOK, []), [0.25]);
    }

    #[test]
    fn a_setting_has_its_default_or_what_the_test_sets() {
        const WORKERS: Setting<u32> = Setting::new("TESTKIT_WORKERS", "4", "Workers at once");
        motia_core::setting!(WORKERS);

        let (plain, probe) = fake::<()>();
        let (set, _probe) = Fake::default().setting(WORKERS, 7).build::<()>();

        assert_eq!((plain.setting(WORKERS), set.setting(WORKERS)), (4, 7));
        assert!(probe.logs().is_empty());
    }

    #[test]
    fn a_setting_that_nobody_registered_has_its_default_with_a_warning() {
        const LOST: Setting<u32> = Setting::new("TESTKIT_LOST", "4", "Workers at once");
        let (ctx, probe) = fake::<()>();

        assert_eq!(ctx.setting(LOST), 4);

        assert!(probe.logs()[0].message.contains("`TESTKIT_LOST` cannot be set"));
    }

    #[tokio::test]
    async fn without_an_event_there_is_nothing_to_acknowledge() {
        let (ctx, _probe) = fake::<()>();

        let refused = ctx.transaction().commit_and_ack().await.unwrap_err();

        assert!(!refused.is_transient());
    }

    #[tokio::test]
    async fn a_broken_store_fails_every_write() {
        let (ctx, probe) = fake::<()>();
        probe.break_store().await;

        assert!(ctx.state.set(COUNTS, "a", &1).await.is_err());
    }

    #[tokio::test]
    async fn what_was_logged_is_seen_with_secrets_redacted() {
        let (ctx, probe) = fake::<()>();

        ctx.logger.warn("careful", serde_json::json!({ "password": "hunter2" }));

        let line = &probe.logs()[0];
        assert_eq!((line.level, line.message.as_str()), (Level::Warn, "careful"));
        assert_eq!(line.fields["password"], motia_core::redact::REDACTED);
    }

    #[tokio::test]
    async fn work_that_blocks_gives_its_result_and_its_panic_is_the_handlers() {
        let (ctx, _probe) = fake::<()>();
        assert_eq!(ctx.blocking(|| 2 + 2).await.unwrap(), 4);

        let panicking = std::panic::AssertUnwindSafe(ctx.blocking(|| panic!("on purpose")));
        let panic = panicking.catch_unwind().await.unwrap_err();

        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
    }
}
