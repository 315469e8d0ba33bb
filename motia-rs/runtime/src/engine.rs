//! What a context reaches: the store, the topics, the clock.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use motia_core::{
    circuit::Circuits,
    clock::Clock,
    context::{Cancel, CancelError, Engine, Level, Limits, Memory, Route, Run, engine::Subscriber},
    metric::Change,
    registry::{Registry, Step},
    schema::{Checker, Schemas},
    setting::Values,
    store::{Batch, BoxFuture, Commit, CommitError, Committed, QueueId, Store, StoreError, Write},
};
use prometheus_client::metrics::counter::Counter;
use serde_json::Value;
use smallvec::SmallVec;

use crate::{
    bus::{cancel::Canceller, depth::Depths},
    metrics::{Metrics, own::Own},
    pulse::{Area, Pulse},
};

/// The engine of a running app.
pub struct AppEngine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// By topics that the app names itself: it need not be hard to have them collide.
    routes: HashMap<&'static str, (Route, Counter), RandomState>,
    streams: HashMap<&'static str, Checker>,
    circuits: Circuits,
    depths: Arc<Depths>,
    canceller: Canceller,
    /// Itself, for what outlives a call.
    me: Weak<Self>,
    settings: Values,
    memory: Memory,
    own: Own,
    data_dir: PathBuf,
    pulse: Arc<Pulse>,
}

impl AppEngine {
    /// An engine over `store`, with the routes of the registry's topics. `queues` are those of the
    /// event steps, by step index.
    ///
    /// # Errors
    /// A sentence, when a payload's schema does not compile.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        registry: &Registry,
        queues: &HashMap<usize, QueueId>,
        metrics: &Metrics,
        depths: Arc<Depths>,
    ) -> Result<Self, String> {
        let routes = routes(registry, queues)?;
        let counted = |(topic, route)| (topic, (route, metrics.topic(topic)));
        let routes = routes.into_iter().map(counted).collect();
        let mut settings = Values::default();
        settings.fill(registry.settings.iter().map(|(setting, _)| setting));
        let circuits = Circuits::default();
        let streams = streams(registry)?;
        let with_queue = |step: &Arc<Step>| Some((*queues.get(&step.index)?, step.clone()));
        let steps = registry.steps.iter().filter_map(with_queue).collect();
        let canceller = Canceller::new(steps, depths.clone(), metrics.clone());
        Ok(Self {
            store,
            clock,
            limits,
            routes,
            streams,
            circuits,
            depths,
            canceller,
            me: Weak::new(),
            settings,
            memory: Memory::default(),
            own: Own::default(),
            data_dir: PathBuf::new(),
            pulse: Arc::default(),
        })
    }

    /// The same with the app's own metrics.
    #[must_use]
    pub fn with_metrics(self, own: Own) -> Self {
        Self { own, ..self }
    }

    /// The same with what the app's settings were set to; those that are missing have their defaults.
    #[must_use]
    pub fn with_settings(mut self, settings: &Values) -> Self {
        self.settings.extend(settings);
        self
    }

    /// The same, with who is told of what it writes.
    #[must_use]
    pub fn told_by(self, pulse: Arc<Pulse>) -> Self {
        Self { pulse, ..self }
    }

    /// The same with a folder for data.
    #[must_use]
    pub fn in_folder(self, data_dir: PathBuf) -> Self {
        Self { data_dir, ..self }
    }

    /// The same for all to have.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        Arc::new_cyclic(|me| Self { me: me.clone(), ..self })
    }
}

/// The event steps with their queues, which are made where there are none.
///
/// # Errors
/// When the store fails.
pub async fn subscribers(
    registry: &Registry,
    store: &dyn Store,
) -> Result<Vec<(Arc<Step>, QueueId)>, StoreError> {
    let steps = registry.steps.iter().filter(|step| step.event().is_some()).cloned();
    let steps: Vec<_> = steps.collect();
    let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
    Ok(steps.into_iter().zip(store.queues(&names).await?).collect())
}

/// Who hears each topic that a step names.
///
/// # Errors
/// A sentence, when a payload's schema does not compile.
pub fn routes(
    registry: &Registry,
    queues: &HashMap<usize, QueueId>,
) -> Result<HashMap<&'static str, Route>, String> {
    let mut schemas = Schemas::default();
    let mut heard: HashMap<&'static str, Vec<Subscriber>> = HashMap::new();
    let mut routes: HashMap<&'static str, Route> = HashMap::new();
    for step in &registry.steps {
        for topic in &step.subscribes {
            let listeners = heard.entry(topic.name).or_default();
            if let (Some(queue), Some(event)) = (queues.get(&step.index), step.event()) {
                let (options, selector) = (event.options, event.selector.clone());
                listeners.push(Subscriber { step: step.name(), queue: *queue, options, selector });
            }
        }
        for topic in step.emits.iter().chain(&step.subscribes) {
            if topic.name.starts_with('/') {
                continue; // a noop step that sets a route going, not a topic
            }
            let route = routes.entry(topic.name).or_default();
            route.topic = topic.name;
            if let (None, Some(schema)) = (&route.checker, topic.schema) {
                let checker = schemas.checker(schema);
                let named =
                    |why| format!("the schema of topic `{}` does not compile: {why}", topic.name);
                let checker = checker.map_err(named)?;
                route.mark = topic.mark.filter(|_| checker.has_secrets());
                route.checker = Some(checker);
            }
        }
    }
    for (topic, listeners) in heard {
        if let Some(route) = routes.get_mut(topic) {
            route.targets = listeners.iter().map(|listener| listener.queue.into()).collect();
            let looks = |listener: &Subscriber| {
                listener.selector.is_some() || listener.options.delay.is_some()
            };
            if listeners.iter().any(looks) {
                route.subscribers = listeners;
            }
        }
    }
    Ok(routes)
}

/// The schemas of the items of all streams.
///
/// # Errors
/// A sentence, when one does not compile.
pub fn streams(registry: &Registry) -> Result<HashMap<&'static str, Checker>, String> {
    let mut schemas = Schemas::default();
    let compiled = registry.streams.iter().map(|(stream, _)| {
        let named = |why| format!("the schema of stream `{}` does not compile: {why}", stream.name);
        Ok((stream.name, schemas.checker(stream.schema).map_err(named)?))
    });
    compiled.collect()
}

/// What a batch is about, beside what the store tells of it by itself.
fn areas(batch: &Batch) -> Vec<Area> {
    let mut areas: Vec<_> = batch.writes.iter().filter_map(area).collect();
    areas.dedup();
    areas
}

fn area(write: &Write) -> Option<Area> {
    match write {
        Write::Set { group, .. }
        | Write::Delete { group, .. }
        | Write::Increment { group, .. }
        | Write::Clear { group }
            if !group.starts_with("__motia.") =>
        {
            Some(Area::State)
        }
        Write::Redrive { .. } | Write::Purge { .. } => Some(Area::Dead),
        Write::Settle { .. } => Some(Area::Queues),
        _ => None,
    }
}

impl AppEngine {
    /// The counters of what a batch emits.
    fn emitted(&self, batch: &Batch) -> SmallVec<[&Counter; 1]> {
        let counter = |write: &Write| match write {
            Write::Publish { event, .. } => Some(&self.routes.get(&*event.topic)?.1),
            _ => None,
        };
        batch.writes.iter().filter_map(counter).collect()
    }
}

/// Counts what a batch emitted, if it is kept, and tells what it was about.
fn tell<'c>(
    result: &Result<Committed, CommitError>,
    emitted: impl IntoIterator<Item = &'c Counter>,
    areas: &[Area],
    pulse: &Pulse,
) {
    if result.is_ok() {
        for topic in emitted {
            topic.inc();
        }
    }
    areas.iter().for_each(|area| pulse.beat(*area));
}

impl Engine for AppEngine {
    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn commit(&self, run: &Run, batch: Batch) -> Commit {
        if let Some(notes) = &run.notes {
            notes.batch(self.now(), &batch);
        }
        let emitted = self.emitted(&batch);
        let areas = if self.pulse.is_heard() { areas(&batch) } else { Vec::new() };
        let commit = self.depths.commit(&self.store, batch);
        if areas.is_empty() && emitted.is_empty() {
            return commit;
        }
        if let Some(result) = commit.result() {
            tell(result, emitted, &areas, &self.pulse);
            return commit;
        }
        let pulse = self.pulse.clone();
        let emitted: SmallVec<[Counter; 1]> = emitted.into_iter().cloned().collect();
        Commit::boxed(async move {
            let committed = commit.await;
            tell(&committed, &emitted, &areas, &pulse);
            committed
        })
    }

    fn route(&self, topic: &str) -> Option<&Route> {
        self.routes.get(topic).map(|(route, _)| route)
    }

    fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<_> = self.routes.keys().copied().collect();
        topics.sort_unstable();
        topics
    }

    fn cancel<'a>(
        &'a self,
        what: Cancel<'a>,
        by: &'a str,
    ) -> BoxFuture<'a, Result<u64, CancelError>> {
        Box::pin(async move {
            let me: Arc<dyn Engine> = self.me.upgrade().ok_or(StoreError::Closed)?;
            self.canceller.cancel(&me, what, by).await
        })
    }

    fn stream(&self, name: &str) -> Option<&Checker> {
        self.streams.get(name)
    }

    fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn measure(&self, run: &Run, metric: &'static str, labels: &[&str], change: Change) {
        if self.own.change(metric, labels, change).is_err() {
            let lost = format!("`{metric}` is not counted: register it with `metric!`");
            self.log(run, Level::Warn, &lost, Value::Null);
        }
    }

    fn settings(&self) -> &Values {
        &self.settings
    }

    fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn log(&self, run: &Run, level: Level, message: &str, fields: Value) {
        if let Some(notes) = &run.notes {
            notes.log(self.now(), level, None, message, &fields);
        }
        crate::log::line(run, level, message, &fields);
    }
}
