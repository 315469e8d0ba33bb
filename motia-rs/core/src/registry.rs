//! Everything `step!`, `stream!`, `setting!` and `metric!` registered, in name order.

use std::{fmt, future::Future, num::NonZeroU32, sync::Arc};

use http::StatusCode;
use smallvec::SmallVec;

use crate::{
    config::{
        About, RateLimit,
        api::ApiOptions,
        cron::CronOptions,
        event::{EventOptions, RetryShare},
    },
    context::{Context, given_up::OnDead, unhandled::OnEnded},
    error::StepResult,
    event::Event,
    http::{ApiRequest, BodyKind, Method, middleware::ApiFuture},
    input::Undecodable,
    metric::MetricDef,
    panel::Panel,
    schema::SchemaFn,
    setting::SettingDef,
    store::BoxFuture,
    topic::TopicDef,
    watch::{Authenticator, Hook, Visit},
};

/// An API step's handler behind one signature for all.
pub type ApiHandler = Box<dyn Fn(ApiRequest, Context) -> ApiFuture + Send + Sync>;
/// An event step's handler behind one signature for all: it takes one event, or those of a batch.
pub type EventHandler =
    Box<dyn Fn(Events, Context) -> BoxFuture<'static, StepResult> + Send + Sync>;
/// The events of one attempt: one, or those of a batch.
pub type Events = SmallVec<[Arc<Event>; 1]>;
/// What a [`Selector`] says: `None`, the step does not take the event; otherwise its key, if it has one.
pub type Selection = Option<Option<String>>;
/// A cron step's handler behind one signature for all.
pub type CronHandler = Box<dyn Fn(Context) -> BoxFuture<'static, StepResult> + Send + Sync>;

/// What a config says of its step, joined to the handler.
pub struct Definition {
    /// Name, description, flows.
    pub about: About,
    /// The topics that it emits.
    pub emits: Vec<TopicDef>,
    /// The topics that it hears.
    pub subscribes: Vec<TopicDef>,
    /// What kind of step it is.
    pub kind: Kind,
}

/// A kind of step, with what only that kind has.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each step, and none is moved about"
)]
pub enum Kind {
    /// An HTTP route.
    Api(ApiStep),
    /// A subscription.
    Event(EventStep),
    /// A schedule.
    Cron(CronStep),
    /// Somebody outside.
    Noop,
}

impl Kind {
    /// `api`, `event`, `cron` or `noop`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::Event(_) => "event",
            Self::Cron(_) => "cron",
            Self::Noop => "noop",
        }
    }
}

/// What an API step has.
pub struct ApiStep {
    /// The method it answers.
    pub method: Method,
    /// The path it answers, parameters as `{id}`.
    pub path: &'static str,
    /// What it says beyond its route.
    pub options: ApiOptions,
    /// How its body is read.
    pub body_kind: BodyKind,
    /// The schema of its body.
    pub body: Option<SchemaFn>,
    /// The schema of its reply.
    pub reply: Option<SchemaFn>,
    /// The media type of its reply; empty for no body.
    pub reply_type: &'static str,
    /// The status that its reply is documented under.
    pub default_status: StatusCode,
    /// The handler.
    pub handler: ApiHandler,
}

/// What an event step has.
pub struct EventStep {
    /// How its deliveries are handled.
    pub options: EventOptions,
    /// The handler.
    pub handler: EventHandler,
    /// Whether a kept event still fits its input.
    pub decodes: fn(&Event) -> Result<(), Undecodable>,
    /// Whether it takes an event, and under which key; `None`: it takes all, and has no key.
    pub selector: Option<Selector>,
    /// What an event says of its key.
    pub key_rules: Option<KeyRules>,
    /// Who is told when an event is given up.
    pub on_dead: Option<OnDead>,
    /// Who is told when an event ends before it was handled.
    pub on_ended: Option<OnEnded>,
    /// How large a share of the starts goes to what was tried before.
    pub retry_share: Option<RetryShare>,
}

/// How many of a key run at once, and how often one may start, as an event says it of its key.
#[derive(Clone)]
pub struct KeyRules {
    /// Whether events say how often one may start.
    pub rates: bool,
    said: Arc<Said>,
}

type Said = dyn Fn(&Event) -> (Option<NonZeroU32>, Option<RateLimit>) + Send + Sync;

impl KeyRules {
    /// What `said` says of an event; `rates`: whether it ever says a rate.
    pub fn new(
        rates: bool,
        said: impl Fn(&Event) -> (Option<NonZeroU32>, Option<RateLimit>) + Send + Sync + 'static,
    ) -> Self {
        Self { rates, said: Arc::new(said) }
    }

    /// What an event says of its key.
    #[must_use]
    pub fn said_by(&self, event: &Event) -> (Option<NonZeroU32>, Option<RateLimit>) {
        (self.said)(event)
    }
}

impl fmt::Debug for KeyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRules").field("rates", &self.rates).finish_non_exhaustive()
    }
}

/// Says of an event, by its payload, whether a step takes it, and under which key.
#[derive(Clone)]
pub struct Selector(Arc<Select>);

type Select = dyn Fn(&Event) -> Result<Selection, Undecodable> + Send + Sync;

impl Selector {
    /// A selector of this function.
    pub fn new(
        select: impl Fn(&Event) -> Result<Selection, Undecodable> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(select))
    }

    /// What it says of an event.
    ///
    /// # Errors
    /// When the payload does not fit the step's input.
    pub fn select(&self, event: &Event) -> Result<Selection, Undecodable> {
        (self.0)(event)
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Selector")
    }
}

/// What a cron step has.
pub struct CronStep {
    /// When it runs.
    pub options: CronOptions,
    /// The handler.
    pub handler: CronHandler,
}

/// A registered step.
pub struct Step {
    /// Its number in name order.
    pub index: usize,
    /// Name, description, flows.
    pub about: About,
    /// The topics that it emits.
    pub emits: Vec<TopicDef>,
    /// The topics that it hears.
    pub subscribes: Vec<TopicDef>,
    /// What kind of step it is.
    pub kind: Kind,
    /// Where its `step!` stands.
    pub source: Source,
}

impl Step {
    /// The step's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.about.name
    }

    /// What only an event step has.
    #[must_use]
    pub const fn event(&self) -> Option<&EventStep> {
        match &self.kind {
            Kind::Event(event) => Some(event),
            _ => None,
        }
    }
}

impl EventStep {
    /// Whether anything says how often an attempt of one key may start.
    #[must_use]
    pub fn is_rated_per_key(&self) -> bool {
        let said = self.key_rules.as_ref().is_some_and(|rules| rules.rates);
        said || self.options.rate_limit_per_key.is_some()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} step {} ({})", self.kind.name(), self.name(), self.source)
    }
}

/// Where something was registered.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
pub struct Source {
    /// The file, relative to the workspace.
    pub file: &'static str,
    /// The line.
    pub line: u32,
    /// The module, `steps::petstore::api_trigger`.
    #[serde(skip)]
    pub module: &'static str,
    /// The folder of the package, on the machine that compiled it.
    #[serde(skip)]
    pub package_dir: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One call of `step!`.
pub struct StepEntry {
    build: fn() -> Definition,
    source: Source,
}

impl StepEntry {
    /// What `step!` submits.
    #[must_use]
    pub const fn new(build: fn() -> Definition, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(StepEntry);

/// One call of `stream!`.
pub struct StreamEntry {
    build: fn() -> StreamDef,
    source: Source,
}

impl StreamEntry {
    /// What `stream!` submits.
    #[must_use]
    pub const fn new(build: fn() -> StreamDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(StreamEntry);

/// One call of `setting!`.
pub struct SettingEntry {
    build: fn() -> SettingDef,
    source: Source,
}

impl SettingEntry {
    /// What `setting!` submits.
    #[must_use]
    pub const fn new(build: fn() -> SettingDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(SettingEntry);

/// One call of `metric!`.
pub struct MetricEntry {
    build: fn() -> MetricDef,
    source: Source,
}

impl MetricEntry {
    /// What `metric!` submits.
    #[must_use]
    pub const fn new(build: fn() -> MetricDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(MetricEntry);

/// A declared stream: its name and schema, and who may watch it.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, Stream}, error::StepResult, watch::Visit};
/// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # struct Order { id: String }
/// # #[derive(serde::Deserialize)]
/// # struct User { shop: String }
/// pub const ORDER_FEED: Stream<Order> = Stream::new("order-feed");
///
/// async fn own_shop(visit: Visit, _ctx: Context) -> StepResult<bool> {
///     Ok(visit.auth::<User>().is_some_and(|user| user.shop == visit.group))
/// }
///
/// motia::stream!(ORDER_FEED.access(own_shop));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StreamDef {
    /// What it is called.
    pub name: &'static str,
    /// The schema of its items.
    pub schema: SchemaFn,
    /// Who may watch it; `None`: whoever reaches it.
    pub access: Option<Hook<bool>>,
    /// Who is told when somebody begins to watch.
    pub joined: Option<Hook<()>>,
    /// Who is told when somebody no longer does.
    pub left: Option<Hook<()>>,
}

impl StreamDef {
    /// A stream of this name, whose items look like this.
    #[must_use]
    pub fn new(name: &'static str, schema: SchemaFn) -> Self {
        Self { name, schema, access: None, joined: None, left: None }
    }

    /// Asks this function whether somebody may watch: the group or the item of the visit. An error, a
    /// panic, and an answer that takes too long, mean no.
    #[must_use]
    pub fn access<F, Fut>(self, may_watch: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<bool>> + Send + 'static,
    {
        Self { access: Some(Hook::new(may_watch)), ..self }
    }

    /// Tells this function when somebody begins to watch, before they see anything. What it fails with is
    /// logged.
    #[must_use]
    pub fn on_join<F, Fut>(self, joined: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        Self { joined: Some(Hook::new(joined)), ..self }
    }

    /// Tells this function when somebody no longer watches, however their connection ended; not after a
    /// crash of the app. What it fails with is logged.
    #[must_use]
    pub fn on_leave<F, Fut>(self, left: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        Self { left: Some(Hook::new(left)), ..self }
    }
}

/// All steps, streams, settings and metrics of an app.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// The steps, by name, then by place.
    pub steps: Vec<Arc<Step>>,
    /// The streams, by name, then by place.
    pub streams: Vec<(StreamDef, Source)>,
    /// The settings, by name, then by place.
    pub settings: Vec<(SettingDef, Source)>,
    /// The metrics, by name, then by place.
    pub metrics: Vec<(MetricDef, Source)>,
    /// The pages that it adds to the Workbench, by name, then by place.
    pub panels: Vec<(Panel, Source)>,
    /// Finds out who watches streams.
    pub authenticator: Option<Authenticator>,
}

impl Registry {
    /// Everything that is linked into this program.
    #[must_use]
    pub fn collect() -> Self {
        let steps = inventory::iter::<StepEntry>.into_iter();
        let streams = inventory::iter::<StreamEntry>.into_iter();
        let settings = inventory::iter::<SettingEntry>.into_iter();
        let metrics = inventory::iter::<MetricEntry>.into_iter();
        Self::of(
            steps.map(|entry| ((entry.build)(), entry.source)),
            streams.map(|entry| ((entry.build)(), entry.source)),
        )
        .with_settings(settings.map(|entry| ((entry.build)(), entry.source)))
        .with_metrics(metrics.map(|entry| ((entry.build)(), entry.source)))
    }

    /// These steps and streams, put in order.
    pub fn of(
        steps: impl IntoIterator<Item = (Definition, Source)>,
        streams: impl IntoIterator<Item = (StreamDef, Source)>,
    ) -> Self {
        let mut steps: Vec<_> = steps.into_iter().collect();
        steps.sort_by_key(|(step, source)| (step.about.name, *source));
        let mut streams: Vec<_> = streams.into_iter().collect();
        streams.sort_by_key(|(stream, source)| (stream.name, *source));
        let steps = steps.into_iter().enumerate().map(|(index, (definition, source))| {
            let Definition { about, emits, subscribes, kind } = definition;
            Arc::new(Step { index, about, emits, subscribes, kind, source })
        });
        Self { steps: steps.collect(), streams, ..Self::default() }
    }

    /// The same with these metrics beside its own.
    #[must_use]
    pub fn with_metrics(mut self, metrics: impl IntoIterator<Item = (MetricDef, Source)>) -> Self {
        self.metrics.extend(metrics);
        self.metrics.sort_by_key(|(metric, source)| (metric.name, *source));
        self
    }

    /// The same with these settings beside its own.
    #[must_use]
    pub fn with_settings(
        mut self,
        settings: impl IntoIterator<Item = (SettingDef, Source)>,
    ) -> Self {
        self.settings.extend(settings);
        self.settings.sort_by_key(|(setting, source)| (setting.name, *source));
        self
    }

    /// The same with these panels beside its own.
    #[must_use]
    pub fn with_panels(mut self, panels: impl IntoIterator<Item = (Panel, Source)>) -> Self {
        self.panels.extend(panels);
        self.panels.sort_by_key(|(panel, source)| (panel.name, *source));
        self
    }

    /// The same, with who finds out who watches streams.
    #[must_use]
    pub fn with_authenticator(self, authenticator: Authenticator) -> Self {
        Self { authenticator: Some(authenticator), ..self }
    }

    /// The stream of this name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&StreamDef> {
        self.streams.iter().map(|(stream, _)| stream).find(|stream| stream.name == name)
    }

    /// The panel of this name.
    #[must_use]
    pub fn panel(&self, name: &str) -> Option<&Panel> {
        self.panels.iter().map(|(panel, _)| panel).find(|panel| panel.name == name)
    }

    /// The step of this name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Arc<Step>> {
        self.steps.iter().find(|step| step.name() == name)
    }
}

/// Typed topics, then those that are only named.
pub(crate) fn emits(typed: Vec<TopicDef>, raw: &[&'static str]) -> Vec<TopicDef> {
    typed.into_iter().chain(raw.iter().copied().map(TopicDef::named)).collect()
}

/// Registers a step: its config and, unless it is a noop, its handler.
///
/// The file must be reached by a `mod` of a crate that the program names (`use steps as _;`); the
/// boot check finds those that are not.
#[macro_export]
macro_rules! step {
    ($config:path $(, $handler:path)? $(,)?) => {
        const _: () = $config.check();

        $crate::__private::inventory::submit! {
            $crate::registry::StepEntry::new(|| $config.bind($($handler)?), $crate::source!())
        }
    };
}

/// Registers a stream, with who may watch it; see [`StreamDef`](crate::registry::StreamDef).
#[macro_export]
macro_rules! stream {
    ($stream:expr) => {
        $crate::__private::inventory::submit! {
            $crate::registry::StreamEntry::new(
                || ::core::convert::Into::into($stream),
                $crate::source!(),
            )
        }
    };
}

/// Registers a [`Setting`](crate::setting::Setting), so that it is read before the app starts.
#[macro_export]
macro_rules! setting {
    ($setting:path) => {
        $crate::__private::inventory::submit! {
            $crate::registry::SettingEntry::new(|| $setting.describe(), $crate::source!())
        }
    };
}

/// Registers a [`Metric`](crate::metric::Metric), so that it is shown from the start.
#[macro_export]
macro_rules! metric {
    ($metric:path) => {
        $crate::__private::inventory::submit! {
            $crate::registry::MetricEntry::new(|| $metric.describe(), $crate::source!())
        }
    };
}

/// The place where it stands.
#[doc(hidden)]
#[macro_export]
macro_rules! source {
    () => {
        $crate::registry::Source {
            file: ::core::file!(),
            line: ::core::line!(),
            module: ::core::module_path!(),
            package_dir: ::core::env!("CARGO_MANIFEST_DIR"),
        }
    };
}
