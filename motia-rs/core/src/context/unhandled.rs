//! What is told of an event that ended before a step had handled it.

use std::sync::Arc;

use super::{EmitOptions, Run, outgoing::Outgoing};
use crate::{
    error::BoxError,
    event::{Event, EventId},
    input::EventInput,
    store::{Write, batch::Ending},
    topic::{Topic, TopicDef},
};

/// An event that was cancelled, or had expired, before its step handled it; see
/// [`EventConfig::on_ended`](crate::config::EventConfig::on_ended).
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::context::Unhandled;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct OrderPlaced { order_id: String }
/// # motia::topic!(OrderPlaced = "order.placed");
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct OrderDropped { order_id: String, why: String }
/// motia::topic!(OrderDropped = "order.dropped");
///
/// impl From<Unhandled<OrderPlaced>> for OrderDropped {
///     fn from(unhandled: Unhandled<OrderPlaced>) -> Self {
///         Self { order_id: unhandled.input.order_id, why: unhandled.note }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unhandled<I> {
    /// What the step was to handle.
    pub input: I,
    /// The event that carried it.
    pub event: EventId,
    /// How many attempts were begun.
    pub attempts: u32,
    /// How it ended: cancelled or expired.
    pub ending: Ending,
    /// By whom, or because of what, as the history says it: `cancelled by ana`.
    pub note: String,
}

/// Who is told when an event of a step ends unhandled, and how.
#[derive(Debug, Clone, Copy)]
pub struct OnEnded {
    pub(crate) topic: fn() -> TopicDef,
    announce: Announce,
}

type Announce = fn(&Arc<Run>, &Event, Ending, &str) -> Result<Write, BoxError>;

impl OnEnded {
    pub(crate) const fn new<I, D>() -> Self
    where
        I: EventInput,
        D: Topic + From<Unhandled<I>>,
    {
        Self { topic: TopicDef::of::<D>, announce: announce::<I, D> }
    }

    /// The write that announces it; `run` stands for the last attempt that was begun.
    ///
    /// # Errors
    /// When the announcement is refused, as [`EmitError`](super::EmitError) says.
    pub fn write(
        &self,
        run: &Arc<Run>,
        event: &Event,
        ending: Ending,
        note: &str,
    ) -> Result<Write, BoxError> {
        (self.announce)(run, event, ending, note)
    }
}

fn announce<I, D>(
    run: &Arc<Run>,
    event: &Event,
    ending: Ending,
    note: &str,
) -> Result<Write, BoxError>
where
    I: EventInput,
    D: Topic + From<Unhandled<I>>,
{
    let announced = D::from(Unhandled {
        input: I::decode(event)?,
        event: event.id,
        attempts: run.attempt,
        ending,
        note: note.to_owned(),
    });
    let (_, write) = Outgoing::typed(run, &announced)?.publish(run, &EmitOptions::new())?;
    Ok(write)
}
