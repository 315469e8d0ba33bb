//! Event steps: a handler that hears a topic.
//!
//! # Layout
//! - [`options`]: what is said of deliveries, free of types
//! - `keys`, `limits`, `time`, `told`: the ways to say it

mod keys;
mod limits;
pub mod options;
mod time;
mod told;

use std::{
    future::Future,
    marker::PhantomData,
    num::NonZeroU32,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

pub use self::options::{Batching, Debounce, EventOptions};
use super::{About, RateLimit, Retry, about_builders};
use crate::{
    context::{Context, given_up::OnDead, unhandled::OnEnded},
    error::{StepError, StepResult},
    event::Event,
    input::EventInput,
    registry::{Definition, EventHandler, EventStep, Events, KeyRules, Kind, Selector},
    setting::Values,
    store::BoxFuture,
    topic::TopicSet,
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
            self.options.may_start_in_time(),
            "no event could start before its `ttl` is over: make it longer than `delay` and `debounce`"
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
