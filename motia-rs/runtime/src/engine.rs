//! What a context reaches: the store, the topics, the clock.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use motia_core::{
    clock::Clock,
    context::{Engine, Level, Limits, Route, Run},
    registry::Registry,
    schema::Schemas,
    store::{Batch, Commit, QueueId, Store, Write},
};
use prometheus_client::metrics::counter::Counter;
use serde_json::Value;

use crate::metrics::Metrics;

/// The engine of a running app.
pub struct AppEngine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    routes: HashMap<&'static str, (Route, Counter)>,
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
    ) -> Result<Self, String> {
        let routes = routes(registry, queues)?;
        let counted = |(topic, route)| (topic, (route, metrics.topic(topic)));
        Ok(Self { store, clock, limits, routes: routes.into_iter().map(counted).collect() })
    }
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
    let mut heard: HashMap<&'static str, Vec<QueueId>> = HashMap::new();
    let mut routes: HashMap<&'static str, Route> = HashMap::new();
    for step in &registry.steps {
        for topic in &step.subscribes {
            let listeners = heard.entry(topic.name).or_default();
            listeners.extend(queues.get(&step.index));
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
                route.checker = Some(checker.map_err(named)?);
            }
        }
    }
    for (topic, listeners) in heard {
        if let Some(route) = routes.get_mut(topic) {
            route.queues = listeners.into();
        }
    }
    Ok(routes)
}

impl Engine for AppEngine {
    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn commit(&self, _run: &Run, batch: Batch) -> Commit {
        for write in &batch.writes {
            if let Write::Publish { event, .. } = write
                && let Some((_, emitted)) = self.routes.get(&*event.topic)
            {
                emitted.inc();
            }
        }
        self.store.commit(batch)
    }

    fn route(&self, topic: &str) -> Option<&Route> {
        self.routes.get(topic).map(|(route, _)| route)
    }

    fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<_> = self.routes.keys().copied().collect();
        topics.sort_unstable();
        topics
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn log(&self, run: &Run, level: Level, message: &str, fields: Value) {
        crate::log::line(run, level, message, &fields);
    }
}
