//! The app: its steps, what stands around them, and the command line that runs them.

use std::{convert::Infallible, ffi::OsString, panic::Location, process::ExitCode, sync::Arc};

use axum::{extract::Request, response::IntoResponse, routing::Route};
use motia_cli::Program;
use motia_core::{
    context::Context,
    error::StepResult,
    http::{ApiRequest, Middleware, ProblemShape},
    panel::Panel,
    registry::{Registry, Source},
    setting::{Setting, SettingDef},
    store::Store,
    watch::Authenticator,
};
use serde::Serialize;
use tower::{Layer, Service};

/// The app: every step that is linked in, and what stands around them.
///
/// # Example: around every API step
/// ```no_run
/// use motia::prelude::*;
///
/// async fn count(req: ApiRequest, ctx: Context, next: Next) -> StepResult<ApiResponse> {
///     ctx.logger.debug("asked", json!({ "query": req.query_string() }));
///     next.run(req).await
/// }
///
/// fn main() -> std::process::ExitCode {
///     motia::App::new().middleware(middleware![count]).run()
/// }
/// ```
#[derive(Debug)]
pub struct App {
    program: Program,
    /// Kept apart, so that another registry does not lose them.
    settings: Vec<(SettingDef, Source)>,
    /// As well.
    panels: Vec<(Panel, Source)>,
    /// As well.
    authenticator: Option<Authenticator>,
    version: Option<&'static str>,
}

impl App {
    /// The app of all steps and streams that are linked into this program.
    #[must_use]
    pub fn new() -> Self {
        let program = Program { registry: Registry::collect(), ..Program::default() };
        let (settings, panels) = (Vec::new(), Vec::new());
        Self { program, settings, panels, authenticator: None, version: None }
    }

    /// Puts functions around every API step, outermost first, within those named before.
    #[must_use]
    pub fn middleware(mut self, middleware: &[Middleware]) -> Self {
        self.program.middleware.extend_from_slice(middleware);
        self
    }

    /// Gives errors another form than RFC 9457's under some paths: those of the steps, and those made
    /// before a step is reached. Of several that hold for a path, the first does.
    #[must_use]
    pub fn problems(mut self, shape: ProblemShape) -> Self {
        self.program.problems.push(shape);
        self
    }

    /// Answers 307 where a path leads nowhere but would with its last `/`, or without it; the query
    /// is kept. Without this it is 404.
    #[must_use]
    pub fn redirect_slashes(mut self) -> Self {
        self.program.redirect_slashes = true;
        self
    }

    /// Puts a tower layer around all routes, around the layers named before: compression, CORS, and
    /// what else works with axum.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.program.wraps.push(Box::new(move |router| router.layer(layer)));
        self
    }

    /// Puts a store around the one that the settings name, around those put there before: to count,
    /// to encrypt, to copy. `cargo run --example custom_store` shows one.
    #[must_use]
    pub fn store(
        mut self,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send + 'static,
    ) -> Self {
        self.program.store_wraps.push(Box::new(wrap));
        self
    }

    /// Registers a setting, as [`setting!`](crate::setting!) does: for plugins, whose settings are only
    /// there when the plugin is.
    ///
    /// ```
    /// use motia::prelude::*;
    ///
    /// const QUIET: Setting<bool> = Setting::new("QUIET", "false", "Say less");
    ///
    /// let app = motia::App::new().setting(QUIET);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn setting<T: Send + Sync + 'static>(mut self, setting: Setting<T>) -> Self {
        let place = Location::caller();
        let (file, line) = (place.file(), place.line());
        let source = Source { file, line, module: "", package_dir: "" };
        self.settings.push((setting.describe(), source));
        self
    }

    /// Adds a page of the app to the Workbench: see `docs/panels.md`. Two of one name, and one that cannot be
    /// shown, are found before the port opens.
    ///
    /// ```
    /// use motia::prelude::*;
    ///
    /// const TASKS: Panel = Panel::new("tasks", "Task queue")
    ///     .files(&[PanelFile::new("index.html", b"<!doctype html><title>Tasks</title>")]);
    ///
    /// let app = motia::App::new().panel(TASKS);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn panel(mut self, panel: Panel) -> Self {
        let place = Location::caller();
        let (file, line) = (place.file(), place.line());
        let source = Source { file, line, module: "", package_dir: "" };
        self.panels.push((panel, source));
        self
    }

    /// Takes these steps, streams and settings instead of those linked in, as tests and embedders do.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.program.registry = registry;
        self
    }

    /// Finds out who watches streams, once for each connection: from the headers and the query of its
    /// request. What it gives is what [`Visit::auth`](motia_core::watch::Visit::auth) has; `None` lets
    /// somebody in unknown, where the admin API would let them in, and an error turns them away.
    ///
    /// ```
    /// use motia::prelude::*;
    ///
    /// #[derive(Serialize)]
    /// struct User { name: String }
    ///
    /// async fn who(req: ApiRequest<()>, _ctx: Context) -> StepResult<Option<User>> {
    ///     let known = req.bearer().filter(|token| *token == "sesame");
    ///     Ok(known.map(|_| User { name: "Ali".into() }))
    /// }
    ///
    /// let app = motia::App::new().authenticate(who);
    /// ```
    #[must_use]
    pub fn authenticate<F, Fut, T>(mut self, who: F) -> Self
    where
        F: Fn(ApiRequest<()>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<Option<T>>> + Send + 'static,
        T: Serialize,
    {
        self.authenticator = Some(Authenticator::new(who));
        self
    }

    /// Says which version of the app this is. Collectors of traces are told, as `service.version`.
    ///
    /// ```
    /// let app = motia::App::new().version(env!("CARGO_PKG_VERSION"));
    /// ```
    #[must_use]
    pub fn version(self, version: &'static str) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Applies a plugin: any function from app to app.
    ///
    /// ```
    /// use motia::prelude::*;
    ///
    /// const GREETING: Setting<String> = Setting::new("GREETING", "hello", "What is said at the start");
    ///
    /// fn polite(app: motia::App) -> motia::App {
    ///     app.setting(GREETING)
    /// }
    ///
    /// let app = motia::App::new().with(polite);
    /// ```
    #[must_use]
    pub fn with(self, plugin: impl FnOnce(Self) -> Self) -> Self {
        plugin(self)
    }

    /// Does what the command line says: serves the app when it says nothing.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os())
    }

    /// Does what this command line says; its first argument is the program's own name.
    ///
    /// ```
    /// use std::process::ExitCode;
    ///
    /// let steps = motia::App::new().run_with(["app", "steps", "--json"]);
    /// assert_eq!(steps, ExitCode::SUCCESS);
    ///
    /// let mistyped = motia::App::new().run_with(["app", "stpes"]);
    /// assert_ne!(mistyped, ExitCode::SUCCESS);
    /// ```
    #[must_use]
    pub fn run_with<A: Into<OsString>>(self, args: impl IntoIterator<Item = A>) -> ExitCode {
        let Self { program, settings, panels, authenticator, version } = self;
        let mut program = exporting(program, version);
        program.registry = program.registry.with_settings(settings).with_panels(panels);
        if authenticator.is_some() {
            program.registry.authenticator = authenticator;
        }
        motia_cli::run(program, args.into_iter().map(Into::into))
    }
}

/// The program, with the runs exported by OTLP as its settings say.
#[cfg(feature = "otel")]
fn exporting(mut program: Program, version: Option<&'static str>) -> Program {
    use motia_runtime::runs::Export;

    let (file, line, module) = (file!(), line!(), module_path!());
    let place = Source { file, line, module, package_dir: "" };
    let settings = motia_otel::settings::all().into_iter().map(|setting| (setting, place));
    program.registry = program.registry.with_settings(settings);
    program.export = Some(Box::new(move |registry, values| {
        let exporter = motia_otel::Exporter::of(registry, values, version)?;
        Some(Arc::new(exporter) as Arc<dyn Export>)
    }));
    program
}

/// Without the feature `otel`, runs stay in the program.
#[cfg(not(feature = "otel"))]
fn exporting(program: Program, _version: Option<&'static str>) -> Program {
    program
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}
