//! What is told of an event that was given up.

use std::sync::Arc;

use super::{EmitOptions, Run, outgoing::Outgoing};
use crate::{
    error::BoxError,
    event::{Event, EventId},
    input::EventInput,
    store::Write,
    topic::{Topic, TopicDef},
};

/// An event that a step could not handle and that is a dead letter now; see
/// [`EventConfig::on_dead`](crate::config::EventConfig::on_dead).
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::context::GivenUp;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct OrderFailed { order_id: String, why: String }
/// motia::topic!(OrderFailed = "order.failed");
///
/// impl From<GivenUp<OrderPlaced>> for OrderFailed {
///     fn from(given_up: GivenUp<OrderPlaced>) -> Self {
///         Self { order_id: given_up.input.order_id, why: given_up.reason }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GivenUp<I> {
    /// What the step was to handle.
    pub input: I,
    /// The event that carried it.
    pub event: EventId,
    /// How many attempts were made.
    pub attempts: u32,
    /// The fencing token under which it was given up: no lower than that of any attempt.
    pub fencing_token: u64,
    /// Why, as the dead letter says it: `failed 3 times: the bank is closed`.
    pub reason: String,
}

/// Who is told when an event of a step is given up, and how.
#[derive(Debug, Clone, Copy)]
pub struct OnDead {
    pub(crate) topic: fn() -> TopicDef,
    announce: Announce,
}

type Announce = fn(&Arc<Run>, &Event, u32, &str) -> Result<Write, BoxError>;

impl OnDead {
    pub(crate) const fn new<I, D>() -> Self
    where
        I: EventInput,
        D: Topic + From<GivenUp<I>>,
    {
        Self { topic: TopicDef::of::<D>, announce: announce::<I, D> }
    }

    /// The write that announces it; `run` is the attempt with which it was given up.
    ///
    /// # Errors
    /// When the announcement is refused, as [`EmitError`](super::EmitError) says.
    pub fn write(
        &self,
        run: &Arc<Run>,
        event: &Event,
        attempts: u32,
        reason: &str,
    ) -> Result<Write, BoxError> {
        (self.announce)(run, event, attempts, reason)
    }
}

fn announce<I, D>(
    run: &Arc<Run>,
    event: &Event,
    attempts: u32,
    reason: &str,
) -> Result<Write, BoxError>
where
    I: EventInput,
    D: Topic + From<GivenUp<I>>,
{
    let announced = D::from(GivenUp {
        input: I::decode(event)?,
        event: event.id,
        attempts,
        fencing_token: run.token.0,
        reason: reason.to_owned(),
    });
    let (_, write) = Outgoing::typed(run, &announced)?.publish(run, &EmitOptions::new())?;
    Ok(write)
}
