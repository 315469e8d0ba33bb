//! A whole app in the test's own process: no port, no disk, and time that the test moves.

mod lines;
mod request;
mod watch;

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use jiff::Timestamp;
use motia_core::{
    clock::Clock,
    context::{Context, Emit, Receipt, Run, State, Stream, Streams},
    http::{Middleware, ProblemShape},
    registry::Registry,
    setting::Setting,
    store::{DeadFilter, DeadLetter, Page, PageRequest, Store},
    topic::Topic,
    trace::{TraceContext, TraceId},
};
use motia_http::HttpSettings;
use motia_runtime::{
    Runtime, Settings,
    clock::TokioClock,
    cron::TokioWake,
    hub::{guest::Refusal, room::Room},
};
use motia_store::MemoryStore;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::{
    request::{Reply, Request},
    watch::{Seen, Watch},
};
use crate::fake::{LogLine, START};

/// A whole app in the test's own process.
///
/// Use it under paused time: `#[tokio::test(start_paused = true)]`. Time then stands still while
/// anything can be done, and jumps to the next timer when nothing can: a retry after an hour takes
/// no time at all.
///
/// ```
/// # use motia_core::{config::ApiConfig, context::Context, error::StepResult};
/// # use motia_core::{http::{ApiRequest, ApiResponse}, registry::Registry};
/// # use motia_testkit::TestApp;
/// const CONFIG: ApiConfig<(), String> = ApiConfig::get("Hello", "/hello");
///
/// async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<String>> {
///     Ok(ApiResponse::ok("hello".into()))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
/// #   .block_on(async {
/// let app = TestApp::of(Registry::of([(CONFIG.bind(handler), motia_core::source!())], [])).await;
///
/// let reply = app.get("/hello").send().await;
///
/// assert_eq!((reply.status.as_u16(), reply.json::<String>()), (200, "hello".into()));
/// # });
/// ```
#[derive(Debug)]
pub struct TestApp {
    /// Reads and writes the app's state.
    pub state: State,
    /// Reads and writes the app's streams.
    pub streams: Streams,
    runtime: Runtime,
    router: Router,
    lines: lines::Lines,
    run: Arc<Run>,
}

/// An app that is not the plainest.
#[must_use]
pub struct TestAppBuilder {
    registry: Registry,
    middleware: Vec<Middleware>,
    settings: Settings,
    http: HttpSettings,
    store: Arc<dyn Store>,
    now: Timestamp,
}

impl TestApp {
    /// The app of all steps that are linked into the test: name their crate, `use steps as _;`.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The app of these steps.
    pub async fn of(registry: Registry) -> Self {
        Self::builder().registry(registry).start().await
    }

    /// An app that is not the plainest.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder {
            registry: Registry::collect(),
            middleware: Vec::new(),
            settings: Settings::default(),
            http: HttpSettings::default(),
            store: Arc::new(MemoryStore::new()),
            now: START,
        }
    }

    /// A `GET` request; send it.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// A `POST` request; give it a body and send it.
    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// Any request.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.router.clone(), method, path)
    }

    /// Emits an event, as an API step would.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn emit<T: Topic>(&self, event: &T) -> Receipt {
        let run = Arc::new(Run::new(self.runtime.engine().clone(), "test", TraceContext::root()));
        let receipt = Emit::raw(&run, T::NAME, event).await;
        receipt.unwrap_or_else(|error| panic!("`{}` was refused: {error}", T::NAME))
    }

    /// Watches a group of a stream, as somebody whom the app does not know. What is there is shown first.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn watch<T: DeserializeOwned>(&self, stream: Stream<T>, group: &str) -> Watch<T> {
        let watched = self.try_watch(stream, group, None).await;
        watched.unwrap_or_else(|error| panic!("`{}` may not be watched: {error}", stream.name()))
    }

    /// Watches a group of a stream, as somebody whom the app knows, or not.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn try_watch<T: DeserializeOwned>(
        &self,
        stream: Stream<T>,
        group: &str,
        known_as: Option<Value>,
    ) -> Result<Watch<T>, Refusal> {
        let mut guest = self.runtime.door().enter(known_as);
        guest.join(Room::group(stream.name(), group), "test", None).await?;
        Ok(Watch::new(guest))
    }

    /// Runs a cron step now.
    ///
    /// # Panics
    /// When there is no such step, or it runs already.
    pub async fn run_cron(&self, step: &str) -> TraceId {
        let started = self.runtime.cron().run_now(step).await;
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until nothing runs and nothing could. What is delayed, or to be tried again later, may
    /// still wait.
    ///
    /// # Panics
    /// When it is not quiet after 30 days of the test's time.
    pub async fn quiet(&self) {
        self.until("nothing runs", || async { self.runtime.bus().is_quiet() }).await;
    }

    /// Waits until no event waits, delayed ones and retries included.
    ///
    /// # Panics
    /// When one still waits after 30 days of the test's time.
    pub async fn empty(&self) {
        self.until("no event waits", || async {
            let depths = self.runtime.store().depths(self.now()).await;
            let waits = depths.expect("a memory store answers");
            self.runtime.bus().is_quiet() && waits.iter().all(|q| q.waiting + q.delayed == 0)
        })
        .await;
    }

    async fn until<F: Future<Output = bool>>(&self, what: &str, holds: impl Fn() -> F) {
        const PATIENCE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
        let (began, mut pause) = (tokio::time::Instant::now(), Duration::from_millis(1));
        loop {
            tokio::time::sleep(pause).await;
            if holds().await {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "after {PATIENCE:?} it is still not so that {what}"
            );
            pause = (pause * 2).min(Duration::from_secs(60));
        }
    }

    /// Lets time pass; timers that fall due in it ring in their order.
    pub async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    /// What the app's clock reads.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.runtime.engine().now()
    }

    /// The dead letters of all steps, oldest first, up to 1000.
    ///
    /// # Panics
    /// Never, over the memory store.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        let page = PageRequest::first(PageRequest::MAX);
        let letters: Page<_> = self
            .runtime
            .store()
            .dead_letters(&DeadFilter::default(), page)
            .await
            .expect("a memory store answers");
        letters.items
    }

    /// What handlers logged, in order.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.lines.read()
    }

    /// The runtime beneath.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A context, to emit and read as a handler does.
    #[must_use]
    pub fn context<Emits>(&self) -> Context<Emits> {
        Context::new(self.run.clone())
    }
}

impl TestAppBuilder {
    /// These steps, and not those that are linked in.
    pub fn registry(self, registry: Registry) -> Self {
        Self { registry, ..self }
    }

    /// These functions around every API step, outermost first.
    pub fn middleware(self, middleware: &[Middleware]) -> Self {
        Self { middleware: middleware.to_vec(), ..self }
    }

    /// These settings of the runtime.
    pub fn settings(self, mut settings: Settings) -> Self {
        settings.app.extend(&self.settings.app);
        Self { settings, ..self }
    }

    /// A setting of the app; the others have their defaults.
    pub fn setting<T: Send + Sync + 'static>(mut self, setting: Setting<T>, value: T) -> Self {
        self.settings.app.set(setting, value);
        self
    }

    /// These settings of HTTP.
    pub fn http(self, http: HttpSettings) -> Self {
        Self { http, ..self }
    }

    /// This form of problems, where none named before holds; as `App::problems`.
    pub fn problems(mut self, shape: ProblemShape) -> Self {
        self.http.problems.push(shape);
        self
    }

    /// 307 for a path that would lead somewhere with or without its last `/`; as
    /// `App::redirect_slashes`.
    pub fn redirect_slashes(mut self) -> Self {
        self.http.redirect_slashes = true;
        self
    }

    /// This store, and not an empty one in memory. One that works in threads of its own does not
    /// hold still under paused time.
    pub fn store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// What the clock reads at first; [`START`] where nothing is said.
    pub fn now(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start(self) -> TestApp {
        let Self { registry, middleware, settings, http, store, now } = self;
        let lines = lines::Lines::collect();
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(now));
        let wake = Arc::new(TokioWake);
        let started = Runtime::start(registry, store, clock, wake, &middleware, settings).await;
        let runtime = started.unwrap_or_else(|error| panic!("the app does not start: {error}"));
        let router = motia_http::router(&runtime, &http, Router::new());
        let run = Run::new(runtime.engine().clone(), "Test", TraceContext::root());
        let run = Arc::new(run);
        let ctx: Context = Context::new(run.clone());
        let (state, streams) = (ctx.state.clone(), ctx.streams.clone());
        TestApp { state, streams, runtime, router, lines, run }
    }
}

impl std::fmt::Debug for TestAppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestAppBuilder").field("registry", &self.registry).finish_non_exhaustive()
    }
}
