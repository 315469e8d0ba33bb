//! Event steps: a handler that hears a topic.

use std::{future::Future, marker::PhantomData, num::NonZeroU32, sync::Arc, time::Duration};

use super::{About, Retry, about_builders};
use crate::{
    context::Context,
    error::{StepError, StepResult},
    event::Event,
    input::EventInput,
    registry::{Definition, EventStep, Kind},
    store::BoxFuture,
    topic::TopicSet,
};

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
pub struct EventConfig<I, E = ()> {
    about: About,
    options: EventOptions,
    types: PhantomData<fn(I) -> E>,
}

/// How a step's deliveries are handled.
#[derive(Debug, Clone, Copy)]
pub struct EventOptions {
    /// When a failed attempt is made again.
    pub retry: Retry,
    /// How long one attempt may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
    /// How many attempts run at once in this process, where not the app's.
    pub concurrency: Option<NonZeroU32>,
    /// Topics it emits, named for the graph only, as `emit_raw` does.
    pub emits_raw: &'static [&'static str],
}

impl<I, E> EventConfig<I, E> {
    /// A step of this name.
    ///
    /// # Panics
    /// At compile time, when the name cannot be.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let options = EventOptions {
            retry: Retry::DEFAULT,
            timeout: None,
            concurrency: None,
            emits_raw: &[],
        };
        Self { about: About::new(name), options, types: PhantomData }
    }

    about_builders!();

    /// When a failed attempt is made again; [`Retry::DEFAULT`] where nothing is said.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = retry;
        self
    }

    /// Ends an attempt that takes longer; it counts as failed and may be made again.
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
        let Some(attempts) = NonZeroU32::new(attempts) else {
            panic!("a step that runs nothing at once runs nothing at all");
        };
        self.options.concurrency = Some(attempts);
        self
    }

    /// Names topics that the handler emits with `emit_raw`, for the graph.
    #[must_use]
    pub const fn emits_raw(mut self, topics: &'static [&'static str]) -> Self {
        self.options.emits_raw = topics;
        self
    }

    /// Joins the config to its handler; [`step!`](crate::step!) calls it.
    pub fn bind<F, Fut>(self, handler: F) -> Definition
    where
        I: EventInput,
        E: TopicSet,
        F: Fn(I, Context<E>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        let erased = move |event: Arc<Event>, ctx: Context| {
            let input = I::decode(&event).map_err(StepError::fatal);
            let handler = handler.clone();
            Box::pin(async move { handler(input?, ctx.narrow()).await }) as BoxFuture<'static, _>
        };
        Definition {
            about: self.about,
            emits: crate::registry::emits(E::topics(), self.options.emits_raw),
            subscribes: I::topics(),
            kind: Kind::Event(EventStep {
                options: self.options,
                handler: Box::new(erased),
                decodes: |event| I::decode(event).map(drop),
            }),
        }
    }
}
