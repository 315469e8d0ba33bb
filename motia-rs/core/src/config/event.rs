//! Event steps: a handler that hears a topic.

use std::{
    future::Future,
    marker::PhantomData,
    num::NonZeroU32,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{About, BatchConfig, CircuitBreaker, RateLimit, Retry, about_builders};
use crate::{
    context::{Context, GivenUp, Unhandled, given_up::OnDead, unhandled::OnEnded},
    error::{StepError, StepResult},
    event::Event,
    input::EventInput,
    registry::{Definition, EventHandler, EventStep, Events, KeyRules, Kind, Selector},
    setting::Values,
    store::BoxFuture,
    topic::{Topic, TopicSet},
};

/// How large a share of the starts goes to what was tried before: told how many of it wait, and the app's
/// settings.
pub type RetryShare = fn(u64, &Values) -> f64;

/// The config of an event step that takes `I` and emits the topics of `E`.
///
/// # Example: a patient step
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::{EventConfig, Retry}, context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// const CONFIG: EventConfig<OrderPlaced> = EventConfig::new("ChargeCard")
///     .retry(Retry::exponential(5, Duration::from_millis(200)))
///     .timeout(Duration::from_secs(10))
///     .concurrency(4);
///
/// async fn handler(order: OrderPlaced, _ctx: Context) -> StepResult {
///     println!("charging for {}", order.order_id);
///     Ok(())
/// }
///
/// motia::step!(CONFIG, handler);
/// ```
///
/// # Example: one customer after the other's order, and no more than the bank takes
/// ```
/// # use motia_core as motia;
/// # use motia_core::config::{CircuitBreaker, EventConfig, RateLimit};
/// # use motia_core::{context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Charge { customer: String }
/// # motia::topic!(Charge = "charge");
/// const BANK: CircuitBreaker = CircuitBreaker::new("bank");
///
/// const CONFIG: EventConfig<Charge> = EventConfig::new("ChargeCustomer")
///     .fifo(|charge: &Charge| charge.customer.clone())
///     .rate_limit(RateLimit::token_bucket(100, Duration::from_secs(1)))
///     .circuit_breaker(BANK)
///     .max_depth(10_000);
/// # async fn handler(_: Charge, _ctx: Context) -> StepResult { Ok(()) }
/// # motia::step!(CONFIG, handler);
/// ```
///
/// # Example: what does not go together does not compile
/// ```compile_fail
/// # use motia_core as motia;
/// # use motia_core::{config::EventConfig, context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Charge { customer: String }
/// # motia::topic!(Charge = "charge");
/// const CONFIG: EventConfig<Charge> = EventConfig::new("ChargeCustomer")
///     .concurrency_per_key(2); // of which key?
/// # async fn handler(_: Charge, _ctx: Context) -> StepResult { Ok(()) }
/// motia::step!(CONFIG, handler);
/// ```
pub struct EventConfig<I, E = ()> {
    pub(super) about: About,
    pub(super) options: EventOptions,
    key: Option<fn(&I) -> String>,
    when: Option<fn(&I) -> bool>,
    concurrency_per_key_by: Option<fn(&I) -> Option<NonZeroU32>>,
    rate_limit_per_key_by: Option<fn(&I) -> Option<RateLimit>>,
    on_dead: Option<OnDead>,
    on_ended: Option<OnEnded>,
    retry_share: Option<RetryShare>,
    types: PhantomData<fn(I) -> E>,
}

/// How a step's deliveries are handled.
#[derive(Debug, Clone, Copy, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventOptions {
    /// When a failed attempt is made again.
    pub retry: Retry,
    /// The same for errors of a class.
    pub retry_classes: &'static [(&'static str, Retry)],
    /// How long one attempt may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
    /// How many attempts run at once in this process, where not the app's.
    pub concurrency: Option<NonZeroU32>,
    /// How many attempts of one key run at once.
    pub concurrency_per_key: Option<NonZeroU32>,
    /// Whether the deliveries of one key are handled one by one in their order.
    pub fifo: bool,
    /// Whether it has a key.
    pub keyed: bool,
    /// How often an attempt may start.
    pub rate_limit: Option<RateLimit>,
    /// How often an attempt of one key may start.
    pub rate_limit_per_key: Option<RateLimit>,
    /// How long a key must be silent before its last event is handled.
    pub debounce: Option<Debounce>,
    /// How many events are handled at once, by a handler that takes several.
    pub batch: Option<Batching>,
    /// Which dependency it needs.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How long each event waits at least.
    pub delay: Option<Duration>,
    /// How long after it was emitted an event is worth starting.
    pub ttl: Option<Duration>,
    /// How many events may wait.
    pub max_depth: Option<u64>,
    /// Topics it emits, named for the graph only, as `emit_raw` does.
    pub emits_raw: &'static [&'static str],
}

/// How long a key must be silent before its last event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Debounce {
    /// No event of the key for so long.
    pub quiet: Duration,
    /// However many come, it is handled after so long.
    pub at_most: Duration,
}

/// How many events make a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batching {
    /// So many, or fewer when the time is over.
    pub size: NonZeroU32,
    /// How long the first of them waits for others.
    pub within: Duration,
}

impl EventOptions {
    const DEFAULT: Self = Self {
        retry: Retry::DEFAULT,
        retry_classes: &[],
        timeout: None,
        concurrency: None,
        concurrency_per_key: None,
        fifo: false,
        keyed: false,
        rate_limit: None,
        rate_limit_per_key: None,
        debounce: None,
        batch: None,
        circuit_breaker: None,
        delay: None,
        ttl: None,
        max_depth: None,
        emits_raw: &[],
    };

    /// The retry policy for errors of this class.
    #[must_use]
    pub fn retry_of(&self, class: Option<&str>) -> Retry {
        let of_class = self.retry_classes.iter().find(|(name, _)| Some(*name) == class);
        of_class.map_or(self.retry, |(_, retry)| *retry)
    }

    /// The most attempts that any of its policies makes.
    #[must_use]
    pub fn most_attempts(&self) -> u32 {
        let classes = self.retry_classes.iter().map(|(_, retry)| retry.attempts);
        classes.chain([self.retry.attempts]).max().unwrap_or(self.retry.attempts).get()
    }

    /// How many attempts of one key run at once; `None`: as many as of the step.
    #[must_use]
    pub const fn per_key(&self) -> Option<NonZeroU32> {
        if self.fifo { Some(NonZeroU32::MIN) } else { self.concurrency_per_key }
    }
}

impl<I, E> EventConfig<I, E> {
    /// A step of this name.
    ///
    /// # Panics
    /// At compile time, when the name cannot be.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let (about, options) = (About::new(name), EventOptions::DEFAULT);
        Self {
            about,
            options,
            key: None,
            when: None,
            concurrency_per_key_by: None,
            rate_limit_per_key_by: None,
            on_dead: None,
            on_ended: None,
            retry_share: None,
            types: PhantomData,
        }
    }

    about_builders!();

    /// When a failed attempt is made again; [`Retry::DEFAULT`] where nothing is said.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = retry;
        self
    }

    /// The same for errors of a class, which a handler says with
    /// [`StepError::in_class`](crate::error::StepError::in_class).
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::{config::{EventConfig, Retry}, context::Context, error::{StepError, StepResult}};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use std::time::Duration;
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct Summarize { text: String }
    /// # motia::topic!(Summarize = "summarize");
    /// const PATIENT: Retry = Retry::schedule(&[Duration::from_secs(120), Duration::from_secs(300)]);
    ///
    /// const CONFIG: EventConfig<Summarize> =
    ///     EventConfig::new("Summarize").retry_class(&[("rate limited", PATIENT)]);
    ///
    /// async fn handler(_: Summarize, _ctx: Context) -> StepResult {
    ///     Err(StepError::retry("429").in_class("rate limited"))
    /// }
    /// # motia::step!(CONFIG, handler);
    /// ```
    #[must_use]
    pub const fn retry_class(mut self, classes: &'static [(&'static str, Retry)]) -> Self {
        self.options.retry_classes = classes;
        self
    }

    /// Ends an attempt that takes longer; it counts as failed and may be made again. A handler that
    /// blocks its thread is given up as well: its event is delivered again, and its result refused.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        assert!(!timeout.is_zero(), "an attempt needs some time");
        self.options.timeout = Some(timeout);
        self
    }

    /// How many attempts of this step run at once in this process; without it the app's
    /// `concurrency` holds (16).
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn concurrency(mut self, attempts: u32) -> Self {
        self.options.concurrency = Some(at_least_one(attempts));
        self
    }

    /// The key that an event belongs to, for all that is said per key. An emit may name another with
    /// `.group(key)`. Up to 256 bytes; the emit is refused if it is longer, or if the function
    /// panics.
    #[must_use]
    pub const fn key(mut self, key: fn(&I) -> String) -> Self {
        self.key = Some(key);
        self.options.keyed = true;
        self
    }

    /// Handles the events of one key one by one, in the order in which they were emitted: also across
    /// retries, restarts and redrives. Different keys run in parallel. While an event waits to be tried
    /// again, those behind it wait too; a priority does not change the order of one key. An event that
    /// was emitted with a delay takes its place when its time has come.
    #[must_use]
    pub const fn fifo(self, key: fn(&I) -> String) -> Self {
        let mut config = self.key(key);
        config.options.fifo = true;
        config
    }

    /// How many attempts of one [`key`](Self::key) run at once.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn concurrency_per_key(mut self, attempts: u32) -> Self {
        self.options.concurrency_per_key = Some(at_least_one(attempts));
        self
    }

    /// The same, where each event says it of its key; `None` says nothing, and then
    /// [`concurrency_per_key`](Self::concurrency_per_key) holds. Where two events of one key say
    /// different things, that of the event whose turn it is holds.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::{config::EventConfig, context::Context, error::StepResult};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # use std::num::NonZeroU32;
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct Call { customer: String, plan: u32 }
    /// # motia::topic!(Call = "call");
    /// const CONFIG: EventConfig<Call> = EventConfig::new("PlaceCall")
    ///     .key(|call: &Call| call.customer.clone())
    ///     .concurrency_per_key_by(|call: &Call| NonZeroU32::new(call.plan));
    /// # async fn handler(_: Call, _ctx: Context) -> StepResult { Ok(()) }
    /// # motia::step!(CONFIG, handler);
    /// ```
    #[must_use]
    pub const fn concurrency_per_key_by(mut self, by: fn(&I) -> Option<NonZeroU32>) -> Self {
        self.concurrency_per_key_by = Some(by);
        self
    }

    /// How often an attempt of this step may start. What goes beyond it waits.
    #[must_use]
    pub const fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.options.rate_limit = Some(limit);
        self
    }

    /// How often an attempt of one [`key`](Self::key) may start. What goes beyond it waits.
    #[must_use]
    pub const fn rate_limit_per_key(mut self, limit: RateLimit) -> Self {
        self.options.rate_limit_per_key = Some(limit);
        self
    }

    /// The same, where each event says it of its key; `None` says nothing, and then
    /// [`rate_limit_per_key`](Self::rate_limit_per_key) holds.
    #[must_use]
    pub const fn rate_limit_per_key_by(mut self, by: fn(&I) -> Option<RateLimit>) -> Self {
        self.rate_limit_per_key_by = Some(by);
        self
    }

    /// Lets at least this long pass between two starts.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn throttle(self, pause: Duration) -> Self {
        self.rate_limit(RateLimit::every(pause))
    }

    /// Waits until no event of the [`key`](Self::key) has come for so long, and handles the last one
    /// alone; the others end in the history as superseded. However many come, it waits no longer than
    /// ten times as long; see [`debounce_at_most`](Self::debounce_at_most).
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn debounce(mut self, quiet: Duration) -> Self {
        assert!(!quiet.is_zero(), "a debounce waits for some time");
        self.options.debounce = Some(Debounce { quiet, at_most: quiet.saturating_mul(10) });
        self
    }

    /// How long a [`debounce`](Self::debounce) waits at most, from the first event on.
    ///
    /// # Panics
    /// At compile time, without a debounce before it, or when it is shorter than that.
    #[must_use]
    pub const fn debounce_at_most(mut self, at_most: Duration) -> Self {
        let Some(debounce) = self.options.debounce else {
            panic!("say first what is debounced: `.debounce(..)`");
        };
        assert!(
            at_most.as_nanos() >= debounce.quiet.as_nanos(),
            "a debounce waits at least for its own time"
        );
        self.options.debounce = Some(Debounce { at_most, ..debounce });
        self
    }

    /// Hands several events at once to a handler that takes a `Vec`: as many as `size`, or those that
    /// came within this time of the first. Comes last in a config.
    ///
    /// All events of a batch are settled together. When the handler fails, each is tried again alone,
    /// so that one bad event does not take the others with it.
    ///
    /// # Panics
    /// At compile time, when the size is less than 2.
    #[must_use]
    pub const fn batch(mut self, size: u32, within: Duration) -> BatchConfig<I, E> {
        assert!(size >= 2, "a batch has two events or more");
        self.options.batch = Some(Batching { size: at_least_one(size), within });
        BatchConfig(self)
    }

    /// Leaves the dependency alone while it fails; see [`CircuitBreaker`].
    #[must_use]
    pub const fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.options.circuit_breaker = Some(breaker);
        self
    }

    /// Starts each event no sooner than so long after it was emitted.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.options.delay = Some(delay);
        self
    }

    /// Does not start an event that was emitted longer ago than this: it ends in the history as
    /// expired.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        assert!(!ttl.is_zero(), "an event that expires at once is never handled");
        self.options.ttl = Some(ttl);
        self
    }

    /// Refuses emits while so many events wait for this step: an API step that emits then answers 503
    /// with `Retry-After`. Without it a queue is as deep as the disk allows.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn max_depth(mut self, events: u64) -> Self {
        assert!(events > 0, "a queue that takes nothing hears nothing");
        self.options.max_depth = Some(events);
        self
    }

    /// Emits `D` when an event of this step is given up: after its last attempt, after a fatal error, or
    /// because the process died in its last attempt. It is kept in the same commit as the dead letter,
    /// so that nobody waits for what never comes. A full queue does not refuse it.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::{config::EventConfig, context::{Context, GivenUp}, error::StepResult};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct OrderPlaced { order_id: String }
    /// # motia::topic!(OrderPlaced = "order.placed");
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct OrderFailed { order_id: String, why: String }
    /// # motia::topic!(OrderFailed = "order.failed");
    /// impl From<GivenUp<OrderPlaced>> for OrderFailed {
    ///     fn from(given_up: GivenUp<OrderPlaced>) -> Self {
    ///         Self { order_id: given_up.input.order_id, why: given_up.reason }
    ///     }
    /// }
    ///
    /// const CONFIG: EventConfig<OrderPlaced> =
    ///     EventConfig::new("ChargeCard").on_dead::<OrderFailed>();
    /// # async fn handler(_: OrderPlaced, _ctx: Context) -> StepResult { Ok(()) }
    /// # motia::step!(CONFIG, handler);
    /// ```
    #[must_use]
    pub const fn on_dead<D>(mut self) -> Self
    where
        I: EventInput,
        D: Topic + From<GivenUp<I>>,
    {
        self.on_dead = Some(OnDead::new::<I, D>());
        self
    }

    /// Emits `D` when an event of this step ends before it was handled: because somebody cancelled it,
    /// from a handler or by hand, or because it had expired before it could start. It is kept in the same
    /// commit as that end, so that what is written elsewhere of the event need not stay as it was. A full
    /// queue does not refuse it. What a newer event of its key took the place of is not told: that one
    /// speaks for both.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::{config::EventConfig, context::{Context, Unhandled}, error::StepResult};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct OrderPlaced { order_id: String }
    /// # motia::topic!(OrderPlaced = "order.placed");
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct OrderDropped { order_id: String, why: String }
    /// # motia::topic!(OrderDropped = "order.dropped");
    /// impl From<Unhandled<OrderPlaced>> for OrderDropped {
    ///     fn from(unhandled: Unhandled<OrderPlaced>) -> Self {
    ///         Self { order_id: unhandled.input.order_id, why: unhandled.note }
    ///     }
    /// }
    ///
    /// const CONFIG: EventConfig<OrderPlaced> =
    ///     EventConfig::new("ChargeCard").on_ended::<OrderDropped>();
    /// # async fn handler(_: OrderPlaced, _ctx: Context) -> StepResult { Ok(()) }
    /// # motia::step!(CONFIG, handler);
    /// ```
    #[must_use]
    pub const fn on_ended<D>(mut self) -> Self
    where
        I: EventInput,
        D: Topic + From<Unhandled<I>>,
    {
        self.on_ended = Some(OnEnded::new::<I, D>());
        self
    }

    /// Shares the starts between what was tried before and what was not, while both wait: `share` is told
    /// how many wait to be tried again, and what the app's settings say, and gives the share of the starts
    /// that go to them, from 0 to 1. Without it, each starts in the order in which it fell due.
    ///
    /// No more are counted than are in memory, a window of them; where more wait in the store, two windows
    /// are told.
    ///
    /// ```
    /// # use motia_core as motia;
    /// # use motia_core::config::EventConfig;
    /// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    /// # struct Parcel { town: String }
    /// # motia::topic!(Parcel = "parcel");
    /// // A third, and less while many fail, so that what is new is not held up by it.
    /// const CONFIG: EventConfig<Parcel> = EventConfig::new("Ship")
    ///     .retry_share(|waiting, _| if waiting > 1000 { 0.1 } else { 0.33 });
    /// ```
    #[must_use]
    pub const fn retry_share(mut self, share: RetryShare) -> Self {
        self.retry_share = Some(share);
        self
    }

    /// Takes only events of which this is true; others are not kept for this step.
    #[must_use]
    pub const fn when(mut self, when: fn(&I) -> bool) -> Self {
        self.when = Some(when);
        self
    }

    /// Names topics that the handler emits with `emit_raw`, for the graph.
    #[must_use]
    pub const fn emits_raw(mut self, topics: &'static [&'static str]) -> Self {
        self.options.emits_raw = topics;
        self
    }

    /// Checks that what was said goes together; [`step!`](crate::step!) calls it at compile time.
    ///
    /// # Panics
    /// At compile time, when it does not.
    pub const fn check(&self) {
        let EventOptions { fifo, keyed, batch, debounce, concurrency_per_key, .. } = self.options;
        assert!(
            keyed || concurrency_per_key.is_none(),
            "`concurrency_per_key` needs to know the key: `.key(|event: &Event| ..)`"
        );
        assert!(
            keyed || self.options.rate_limit_per_key.is_none(),
            "`rate_limit_per_key` needs to know the key: `.key(|event: &Event| ..)`"
        );
        assert!(
            keyed
                || (self.concurrency_per_key_by.is_none() && self.rate_limit_per_key_by.is_none()),
            "what an event says of its key needs to know the key: `.key(|event: &Event| ..)`"
        );
        assert!(
            keyed || debounce.is_none(),
            "`debounce` needs to know the key: `.key(|event: &Event| ..)`"
        );
        assert!(
            !(fifo && (concurrency_per_key.is_some() || self.concurrency_per_key_by.is_some())),
            "`fifo` handles the events of a key one by one: leave `concurrency_per_key` out"
        );
        assert!(
            !(fifo && debounce.is_some()),
            "`fifo` keeps every event, `debounce` only the last"
        );
        assert!(
            !(keyed && batch.is_some()),
            "a batch takes events whatever their key: leave out what is said per key"
        );
        assert!(
            !(keyed && self.retry_share.is_some()),
            "`retry_share` orders a whole queue, which a step with keys does not have"
        );
    }

    /// Joins the config to its handler; [`step!`](crate::step!) calls it.
    pub fn bind<F, Fut>(self, handler: F) -> Definition
    where
        I: EventInput,
        E: TopicSet,
        F: Fn(I, Context<E>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        self.define(Box::new(move |events: Events, ctx: Context| {
            let input = events.first().map(|event| I::decode(event).map_err(StepError::fatal));
            let handler = handler.clone();
            Box::pin(async move {
                match input {
                    Some(input) => handler(input?, ctx.narrow()).await,
                    None => Ok(()),
                }
            }) as BoxFuture<'static, _>
        }))
    }

    pub(super) fn define(self, handler: EventHandler) -> Definition
    where
        I: EventInput,
        E: TopicSet,
    {
        let Self { about, options, key, when, on_dead, on_ended, retry_share, types: _, .. } = self;
        let (concurrency, rate) = (self.concurrency_per_key_by, self.rate_limit_per_key_by);
        let said = (concurrency.is_some() || rate.is_some()).then(|| {
            KeyRules::new(rate.is_some(), move |event| {
                let say = || {
                    let input = I::decode(event).ok()?;
                    Some((concurrency.and_then(|by| by(&input)), rate.and_then(|by| by(&input))))
                };
                // One that panics says nothing.
                catch_unwind(AssertUnwindSafe(say)).ok().flatten().unwrap_or_default()
            })
        });
        let selector = (key.is_some() || when.is_some()).then(|| {
            Selector::new(move |event| {
                let input = I::decode(event)?;
                let takes = when.is_none_or(|when| when(&input));
                Ok(takes.then(|| key.map(|key| key(&input))))
            })
        });
        let decodes = |event: &Event| I::decode(event).map(drop);
        let mut emits = crate::registry::emits(E::topics(), options.emits_raw);
        let told = [on_dead.map(|told| told.topic), on_ended.map(|told| told.topic)];
        for topic in told.into_iter().flatten().map(|topic| topic()) {
            if emits.iter().all(|known| known.name != topic.name) {
                emits.push(topic);
            }
        }
        Definition {
            about,
            emits,
            subscribes: I::topics(),
            kind: Kind::Event(EventStep {
                options,
                handler,
                decodes,
                selector,
                key_rules: said,
                on_dead,
                on_ended,
                retry_share,
            }),
        }
    }
}

const fn at_least_one(attempts: u32) -> NonZeroU32 {
    let Some(attempts) = NonZeroU32::new(attempts) else {
        panic!("a step that runs nothing at once runs nothing at all");
    };
    attempts
}
