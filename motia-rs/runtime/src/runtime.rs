//! A running app: started from a registry and a store, and shut down.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use motia_core::{
    clock::Clock,
    context::{Emit, EmitError, Engine, Receipt, Run},
    http::Middleware,
    registry::{Kind, Registry},
    schema::Schemas,
    store::{Arrival, Change, Listener, Store, StoreError},
    trace::TraceContext,
};
use tokio::time::Instant;

use crate::{
    api::{self, Endpoint},
    bus::{Bus, depth::Depths},
    cron::{Cron, OpenCronError, Wake},
    engine::{AppEngine, subscribers},
    fit,
    hub::{Hub, door::Door},
    metrics::{Metrics, own::Own},
    pulse::{Area, Pulse},
    runs::{Runs, keep, observe::Observers},
    settings::Settings,
    sweep,
    tasks::Tasks,
};

/// A running app. Cloning it copies a pointer.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    engine: Arc<dyn Engine>,
    endpoints: Vec<Arc<Endpoint>>,
    bus: Arc<Bus>,
    door: Arc<Door>,
    cron: Cron,
    metrics: Metrics,
    runs: Arc<Runs>,
    pulse: Arc<Pulse>,
    tasks: Tasks,
    settings: Settings,
    stopped_at: OnceLock<Instant>,
}

/// The app could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A schema does not compile; the boot check says so before.
    #[error("{0}")]
    Schema(String),
    /// A cron step's schedule cannot be; the boot check says so before.
    #[error(transparent)]
    Cron(OpenCronError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OpenCronError> for StartError {
    fn from(error: OpenCronError) -> Self {
        match error {
            OpenCronError::Store(error) => Self::Store(error),
            error => Self::Cron(error),
        }
    }
}

impl Runtime {
    /// Starts the steps of `registry` over `store`: takes up what waits there, and takes new work.
    /// `wake` and `clock` belong together: a test hands both over to tokio's clock.
    ///
    /// # Errors
    /// When the store fails, a schema does not compile, or a schedule cannot be read.
    pub async fn start(
        registry: Registry,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        wake: Arc<dyn Wake>,
        middleware: &[Middleware],
        settings: Settings,
    ) -> Result<Self, StartError> {
        let (tasks, metrics) = (Tasks::here(), Metrics::default());
        if let Some(export) = &settings.export {
            export.begin(&metrics);
        }
        let runs = Runs::new(settings.runs).exported_to(settings.export.clone());
        let runs = Arc::new(runs);
        let pulse = Arc::new(Pulse::default());
        let observers =
            Observers { metrics: metrics.clone(), runs: runs.clone(), pulse: pulse.clone() };
        let subscribers = subscribers(&registry, &*store).await?;
        let queues = subscribers.iter().map(|(step, queue)| (step.index, *queue)).collect();
        let depths = Depths::of(&subscribers, &*store, clock.now(), &tasks).await?;
        let engine = AppEngine::new(
            store.clone(),
            clock.clone(),
            settings.limits,
            &registry,
            &queues,
            &metrics,
            depths.clone(),
        );
        let engine: Arc<dyn Engine> = engine
            .map_err(StartError::Schema)?
            .with_settings(&settings.app)
            .with_metrics(Own::of(&registry, &metrics, settings.max_series))
            .in_folder(settings.data_dir.clone())
            .told_by(pulse.clone())
            .shared();
        let shared = api::Shared {
            engine: engine.clone(),
            tasks: &tasks,
            observers: &observers,
            middleware,
            timeout: settings.handler_timeout,
        };
        let endpoints = endpoints(&registry, &shared).map_err(StartError::Schema)?;
        fit::enforce(&registry, &subscribers, &*store, engine.now()).await?.log();
        let bus = Bus::new(&subscribers, engine.clone(), depths, &tasks, &observers, &settings);
        let bus = Arc::new(bus);
        let hub = Arc::new(Hub::new(store.clone(), clock, &settings, &metrics));
        let ears = Ears { bus: bus.clone(), hub: hub.clone(), pulse: pulse.clone() };
        store.listen(Arc::new(ears));
        hub.begin().await?;
        let (watching, patience) = (tasks.clone(), settings.handler_timeout);
        let door = Arc::new(Door::new(hub, &registry, engine.clone(), watching, patience));
        let cron = Cron::open(&registry.steps, engine.clone(), &tasks, &observers).await?;
        runs.recall_replays(&*store, engine.now()).await?;
        bus.start().await?;
        cron.start(wake);
        tasks.spawn(sweep::run(engine.clone(), runs.clone(), tasks.clone(), settings.clone()));
        tasks.spawn(keep::follow(runs.clone(), engine.clone(), tasks.clone()));
        let stopped_at = OnceLock::new();
        let inner = Inner {
            registry,
            engine,
            endpoints,
            bus,
            door,
            cron,
            metrics,
            runs,
            pulse,
            tasks,
            settings,
            stopped_at,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The steps.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The API steps, ready to be called, in name order.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.inner.endpoints
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        self.inner.engine.store()
    }

    /// What contexts reach.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.inner.engine
    }

    /// The queues.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.inner.bus
    }

    /// Where connections come in that watch streams.
    #[must_use]
    pub fn door(&self) -> &Arc<Door> {
        &self.inner.door
    }

    /// The cron steps.
    #[must_use]
    pub fn cron(&self) -> &Cron {
        &self.inner.cron
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What every run left.
    #[must_use]
    pub fn runs(&self) -> &Arc<Runs> {
        &self.inner.runs
    }

    /// Tells that something changed.
    #[must_use]
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.inner.pulse
    }

    /// Where tasks are spawned.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    /// What was set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Emits from outside of any step: the payload is checked against the topic's schema.
    ///
    /// # Errors
    /// As `ctx.emit_raw`.
    pub async fn emit(
        &self,
        topic: &str,
        payload: &serde_json::Value,
        trace: TraceContext,
    ) -> Result<Receipt, EmitError> {
        let run = Arc::new(Run::new(self.inner.engine.clone(), "outside", trace));
        Emit::raw(&run, topic, payload).await
    }

    /// Takes no new work: events wait in the store, schedules do not fire. Calls of endpoints are
    /// still answered, and what runs goes on.
    pub fn stop_taking(&self) {
        self.inner.stopped_at.get_or_init(Instant::now);
        self.inner.tasks.stopping().cancel();
        self.inner.bus.stop();
    }

    /// Takes no new work, lets running handlers finish for as long as `drain` says, counted from
    /// [`stop_taking`](Self::stop_taking) if that was called before, gives the rest back, and closes
    /// the store.
    ///
    /// # Errors
    /// When the store cannot be closed.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        self.stop_taking();
        let (tasks, drain) = (&self.inner.tasks, self.inner.settings.drain);
        let end = *self.inner.stopped_at.get_or_init(Instant::now) + drain;
        if tokio::time::timeout_at(end, tasks.ended()).await.is_err() {
            tracing::warn!("handlers still run after {drain:?}; giving back");
            tasks.over().cancel();
            self.inner.bus.give_up();
            if tokio::time::timeout(LAST_MOMENT, tasks.ended()).await.is_err() {
                tracing::warn!("some handlers do not end; their events are delivered again");
            }
        }
        keep::write(&self.inner.runs, &**self.store(), self.inner.engine.now()).await;
        let (closed, ()) = tokio::join!(self.store().close(), self.export_the_rest(end));
        closed
    }

    /// Waits for what leaves the program, for as long as is left of the drain.
    async fn export_the_rest(&self, end: Instant) {
        let Some(export) = &self.inner.settings.export else { return };
        let end = end.max(Instant::now() + LAST_MOMENT);
        if tokio::time::timeout_at(end, export.finish()).await.is_err() {
            tracing::warn!("the last runs were not exported in time");
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("steps", &self.inner.registry.steps.len()).finish()
    }
}

/// Hears what was committed: the queues, and those who watch streams.
struct Ears {
    bus: Arc<Bus>,
    hub: Arc<Hub>,
    pulse: Arc<Pulse>,
}

impl Listener for Ears {
    fn committed(&self, arrivals: Vec<Arrival>) {
        self.bus.committed(arrivals);
        self.pulse.beat(Area::Queues);
    }

    fn changed(&self, changes: Vec<Change>) {
        self.hub.changed(changes);
        self.pulse.beat(Area::Streams);
    }
}

fn endpoints(registry: &Registry, shared: &api::Shared<'_>) -> Result<Vec<Arc<Endpoint>>, String> {
    let mut schemas = Schemas::default();
    let api = registry.steps.iter().filter(|step| matches!(step.kind, Kind::Api(_)));
    api.map(|step| Endpoint::new(step.clone(), &mut schemas, shared).map(Arc::new)).collect()
}

/// How long handlers have after they were told that the drain is over.
const LAST_MOMENT: Duration = Duration::from_secs(2);
