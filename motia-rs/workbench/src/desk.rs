//! The app that is asked: one that runs, or one at rest of which only steps and store are there.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use motia_core::{
    clock::Clock as _,
    context::{Engine, Limits, Run},
    registry::Registry,
    store::{Batch, Committed, QueueId, Store},
    trace::TraceContext,
};
use motia_runtime::{
    Runtime, StartError,
    bus::depth::Depths,
    clock::SystemClock,
    engine::{AppEngine, subscribers},
    metrics::Metrics,
    runs::{Runs, logs::Logs},
    settings::AuditSettings,
    tasks::Tasks,
};

use tokio::sync::{Mutex, OnceCell};

use crate::{Refusal, audit::Numbers};

/// What emits and writes from here are said to come from.
const OUTSIDE: &str = "outside";

/// The app that is asked.
#[derive(Debug)]
pub struct Desk {
    app: App,
    logs: Option<Arc<Logs>>,
    sources: Option<PathBuf>,
    drawing: Mutex<()>,
    audit: AuditSettings,
    audit_numbers: Numbers,
    kept_runs: OnceCell<Arc<Runs>>,
}

enum App {
    Running(Runtime),
    AtRest(Registry, Arc<dyn Engine>),
}

impl Desk {
    /// A running app.
    #[must_use]
    pub fn running(runtime: Runtime) -> Self {
        let audit = runtime.settings().audit;
        Self::of(App::Running(runtime)).with_audit(audit)
    }

    fn of(app: App) -> Self {
        let sources = sources_of(app.registry());
        Self {
            app,
            logs: None,
            sources,
            drawing: Mutex::default(),
            audit: AuditSettings::default(),
            audit_numbers: Numbers::default(),
            kept_runs: OnceCell::new(),
        }
    }

    /// The same with other bounds of the audit log.
    #[must_use]
    pub fn with_audit(self, audit: AuditSettings) -> Self {
        Self { audit, ..self }
    }

    /// How much of the audit log is kept.
    pub(crate) fn audit(&self) -> AuditSettings {
        self.audit
    }

    pub(crate) fn audit_numbers(&self) -> &Numbers {
        &self.audit_numbers
    }

    /// The same with the log lines of its process.
    #[must_use]
    pub fn with_logs(self, logs: Arc<Logs>) -> Self {
        Self { logs: Some(logs), ..self }
    }

    /// The same with another folder for what is kept beside the code, or with none.
    #[must_use]
    pub fn beside(self, sources: Option<PathBuf>) -> Self {
        Self { sources, ..self }
    }

    /// The folder of the app's sources, if it runs beside them.
    #[must_use]
    pub fn sources(&self) -> Option<&Path> {
        self.sources.as_deref()
    }

    /// Held while the file of the drawings is changed.
    pub(crate) fn drawing(&self) -> &Mutex<()> {
        &self.drawing
    }

    /// The log lines of the app's process, if it runs.
    #[must_use]
    pub fn logs(&self) -> Option<&Arc<Logs>> {
        self.logs.as_ref()
    }

    /// What the runs left: those of the running app, or those that it left behind.
    pub(crate) async fn runs(&self) -> Result<&Arc<Runs>, Refusal> {
        match &self.app {
            App::Running(runtime) => Ok(runtime.runs()),
            App::AtRest(_, engine) => {
                let read = async || Runs::of(&**engine.store(), engine.now()).await.map(Arc::new);
                Ok(self.kept_runs.get_or_try_init(read).await?)
            }
        }
    }

    /// An app at rest: what is emitted is kept for its steps, and none of them runs.
    ///
    /// # Errors
    /// When the store fails, or a schema does not compile.
    pub async fn at_rest(registry: Registry, store: Arc<dyn Store>) -> Result<Self, StartError> {
        Self::at_rest_within(registry, store, Limits::default()).await
    }

    /// An app at rest, with limits of one's own.
    ///
    /// # Errors
    /// As [`at_rest`](Self::at_rest).
    pub async fn at_rest_within(
        registry: Registry,
        store: Arc<dyn Store>,
        limits: Limits,
    ) -> Result<Self, StartError> {
        let subscribers = subscribers(&registry, &*store).await?;
        let queues: HashMap<usize, QueueId> =
            subscribers.iter().map(|(step, queue)| (step.index, *queue)).collect();
        let clock = Arc::new(SystemClock);
        let metrics = Metrics::default();
        let depths = Depths::of(&subscribers, &*store, clock.now(), &Tasks::here()).await?;
        let engine = AppEngine::new(store, clock, limits, &registry, &queues, &metrics, depths)
            .map_err(StartError::Schema)?;
        Ok(Self::of(App::AtRest(registry, engine.shared())))
    }

    /// The steps.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.app.registry()
    }

    /// What contexts reach.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        match &self.app {
            App::Running(runtime) => runtime.engine(),
            App::AtRest(_, engine) => engine,
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        self.engine().store()
    }

    /// The runtime, if the app runs.
    #[must_use]
    pub fn runtime(&self) -> Option<&Runtime> {
        match &self.app {
            App::Running(runtime) => Some(runtime),
            App::AtRest(..) => None,
        }
    }

    /// Something that a person does, as a run of its own.
    pub(crate) fn run(&self) -> Arc<Run> {
        Arc::new(Run::new(self.engine().clone(), OUTSIDE, TraceContext::root()))
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Committed, Refusal> {
        Ok(self.engine().commit(&self.run(), batch).await?)
    }
}

impl App {
    fn registry(&self) -> &Registry {
        match self {
            Self::Running(runtime) => runtime.registry(),
            Self::AtRest(registry, _) => registry,
        }
    }
}

/// The folder of the package that most steps come from, where it is on this machine.
fn sources_of(registry: &Registry) -> Option<PathBuf> {
    let mut packages: HashMap<&str, usize> = HashMap::new();
    for step in &registry.steps {
        *packages.entry(step.source.package_dir).or_default() += 1;
    }
    let (package, _) = packages.into_iter().max_by_key(|(package, steps)| (*steps, *package))?;
    let package = Path::new(package);
    package.join("Cargo.toml").is_file().then(|| package.to_owned())
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Running(_) => "Running",
            Self::AtRest(..) => "AtRest",
        })
    }
}
