//! A step as the registry has it: what its config says, joined to its handler.

use std::{fmt, num::NonZeroU32, sync::Arc};

use http::StatusCode;
use smallvec::SmallVec;

use super::Source;
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
    schema::SchemaFn,
    store::BoxFuture,
    topic::TopicDef,
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
