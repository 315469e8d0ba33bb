//! What to look for in the lists of a store.

use jiff::Timestamp;

use super::{
    batch::Ending,
    delivery::{DeliveryId, QueueId},
};
use crate::{event::EventId, trace::TraceId};

/// Which of the deliveries that are not settled: those to which all that is said applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingFilter {
    /// In this queue.
    pub queue: Option<QueueId>,
    /// This one alone.
    pub delivery: Option<DeliveryId>,
    /// Of this event. Without a queue, all that waits is looked through.
    pub event: Option<EventId>,
    /// Of this trace. Without a queue, all that waits is looked through.
    pub trace: Option<TraceId>,
    /// Emitted with this key for cancellation.
    pub cancel_key: Option<String>,
    /// In the lane of this key.
    pub lane: Option<String>,
    /// Held, because their payload does not fit.
    pub held: bool,
}

/// Which of the dead letters: those to which all that is said applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadFilter {
    /// Of the step of this name.
    pub queue: Option<String>,
    /// On this topic.
    pub topic: Option<String>,
    /// Of this event.
    pub event: Option<EventId>,
    /// Of this trace.
    pub trace: Option<TraceId>,
    /// In the lane of this key.
    pub lane: Option<String>,
    /// With this text in the reason.
    pub reason: Option<String>,
    /// Given up at this instant or later.
    pub since: Option<Timestamp>,
    /// Given up before this instant.
    pub until: Option<Timestamp>,
}

impl DeadFilter {
    /// The dead letters of one step.
    #[must_use]
    pub fn of(queue: &str) -> Self {
        Self { queue: Some(queue.to_owned()), ..Self::default() }
    }
}

/// Which of the deliveries that were neither handled nor given up: those to which all that is said
/// applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndedFilter {
    /// Of the step of this name.
    pub queue: Option<String>,
    /// That ended like this.
    pub ending: Option<Ending>,
    /// This one alone.
    pub delivery: Option<DeliveryId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// Of this trace.
    pub trace: Option<TraceId>,
}
