//! Who is told of events that were not handled.

use super::EventConfig;
use crate::{
    context::{GivenUp, Unhandled, given_up::OnDead, unhandled::OnEnded},
    input::EventInput,
    topic::Topic,
};

impl<I, E> EventConfig<I, E> {
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
}
