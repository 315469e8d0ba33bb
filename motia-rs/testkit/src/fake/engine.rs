//! The engine beneath a fake context: a store in memory, and a note of all that a handler does with it.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock},
};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use motia_core::{
    circuit::Circuits,
    context::{Cancel, CancelError, Engine, Level, Limits, Memory, Route, Run},
    event::{Event, EventId},
    json::JsonText,
    metric::Change,
    registry::{Kind, Registry},
    schema::Checker,
    setting::Values,
    store::{
        Batch, BoxFuture, Commit, CommitError, DeliveryId, Pull, QueueId, Store, StoreError,
        Target, Write,
    },
    trace::TraceContext,
};
use parking_lot::Mutex;
use serde_json::Value;

use super::{LogLine, START};
use crate::measured::Measured;

pub(super) struct FakeEngine {
    pub(super) store: Arc<dyn Store>,
    pub(super) now: Mutex<Timestamp>,
    pub(super) limits: Limits,
    pub(super) circuits: Circuits,
    pub(super) settings: Values,
    pub(super) memory: Memory,
    pub(super) measured: Measured,
    pub(super) emitted: Mutex<Vec<Published>>,
    pub(super) sent: Mutex<Vec<(String, JsonText)>>,
    pub(super) cancellations: Mutex<Vec<String>>,
    pub(super) logs: Mutex<Vec<LogLine>>,
}

pub(super) type Published = (Arc<Event>, Arc<[Target]>);

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
pub(super) static SETTINGS: LazyLock<Values> = LazyLock::new(|| {
    let mut defaults = Values::default();
    defaults.fill(Registry::collect().settings.iter().map(|(setting, _)| setting));
    defaults
});

/// The schemas of all streams in the test's program, so that items are checked as in the app.
static STREAMS: LazyLock<HashMap<&'static str, Checker>> =
    LazyLock::new(|| motia_runtime::engine::streams(&Registry::collect()).unwrap_or_default());

/// The name of the step that is tested, and the queue of events that nobody hears.
pub(super) const UNDER_TEST: &str = "UnderTest";

impl FakeEngine {
    pub(super) fn make_queues(&self) {
        let made = self.store.queues(&ROUTES.1).now_or_never();
        assert!(matches!(made, Some(Ok(_))), "a memory store answers at once");
    }

    pub(super) fn put_an_event(&self) -> (EventId, DeliveryId) {
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
