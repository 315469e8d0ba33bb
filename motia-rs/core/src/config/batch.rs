//! Event steps that take several events at once.

use std::future::Future;

use super::EventConfig;
use crate::{
    context::Context,
    error::{StepError, StepResult},
    input::EventInput,
    registry::{Definition, Events},
    store::BoxFuture,
    topic::TopicSet,
};

/// The config of an event step that takes several `I` at once; made by [`EventConfig::batch`].
///
/// # Example: rows that are written a hundred at a time
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::{BatchConfig, EventConfig}, context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Measured { celsius: f64 }
/// # motia::topic!(Measured = "measured");
/// const CONFIG: BatchConfig<Measured> =
///     EventConfig::new("WriteRows").batch(100, Duration::from_millis(50));
///
/// async fn handler(rows: Vec<Measured>, _ctx: Context) -> StepResult {
///     println!("{} rows in one insert", rows.len());
///     Ok(())
/// }
///
/// motia::step!(CONFIG, handler);
/// ```
pub struct BatchConfig<I, E = ()>(pub(super) EventConfig<I, E>);

impl<I, E> BatchConfig<I, E> {
    /// Checks that what was said goes together; [`step!`](crate::step!) calls it at compile time.
    ///
    /// # Panics
    /// At compile time, when it does not.
    pub const fn check(&self) {
        self.0.check();
    }

    /// Joins the config to its handler; [`step!`](crate::step!) calls it.
    pub fn bind<F, Fut>(self, handler: F) -> Definition
    where
        I: EventInput,
        E: TopicSet,
        F: Fn(Vec<I>, Context<E>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        self.0.define(Box::new(move |events: Events, ctx: Context| {
            let inputs: Result<Vec<I>, _> = events.iter().map(|event| I::decode(event)).collect();
            let handler = handler.clone();
            Box::pin(async move {
                let inputs = inputs.map_err(StepError::fatal)?;
                handler(inputs, ctx.narrow()).await
            }) as BoxFuture<'static, _>
        }))
    }
}
