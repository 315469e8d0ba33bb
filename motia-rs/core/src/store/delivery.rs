//! An event on its way to one step.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::batch::Ending;
use crate::event::Event;

/// The number of a step's queue, given by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct QueueId(pub u16);

/// Names one delivery: a queue and a sequence number that rises with each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DeliveryId {
    /// The queue it waits in.
    pub queue: QueueId,
    /// Its place in the order of commits; never 0, below 2⁴⁷.
    pub seq: u64,
}

/// Sequence numbers stay below this.
const SEQ_END: u64 = 1 << 47;

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.queue.0, self.seq)
    }
}

/// The text is no delivery id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a delivery id reads like `3-1042`: a queue's number and a sequence number")]
pub struct InvalidDeliveryId;

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<Self, InvalidDeliveryId> {
        let (queue, seq) = text.split_once('-').ok_or(InvalidDeliveryId)?;
        let queue = QueueId(queue.parse().map_err(|_| InvalidDeliveryId)?);
        let seq = seq.parse().map_err(|_| InvalidDeliveryId)?;
        if !(1..SEQ_END).contains(&seq) {
            return Err(InvalidDeliveryId);
        }
        Ok(Self { queue, seq })
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeliveryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl schemars::JsonSchema for DeliveryId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DeliveryId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+-[0-9]+$" })
    }
}

/// A fencing token: rises with every attempt that is started, across restarts too, and never
/// repeats. Whoever keeps the highest token it has seen can refuse a straggler.
///
/// The upper 24 bits count the openings of the store, the lower 40 the attempts since.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Token(pub u64);

/// A part of a queue: the deliveries of one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The key, up to [`MAX_KEY`] bytes.
    pub key: Arc<str>,
    /// Whether its deliveries are started strictly in the order of their sequence numbers, one after
    /// the other is settled.
    pub ordered: bool,
}

/// The longest key of a lane, of a deduplication and of a cancellation, in bytes.
pub const MAX_KEY: usize = 256;

/// An event on its way to one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// What is delivered.
    pub event: Arc<Event>,
    /// Its lane, if the step has a key.
    pub lane: Option<Lane>,
    /// How many attempts were started so far.
    pub attempts: u32,
    /// Whether an attempt may have begun to handle it, counted or not: one that failed, that was postponed or
    /// given back when it had begun, or that was recorded as started. A dead letter that is redriven keeps it.
    pub begun: bool,
    /// When it may start, if it waits for a time; [`Timestamp::MAX`] while it is held. A store keeps whole microseconds and cuts off what
    /// is finer, so that what is due now can be pulled now; the arrival that was heard says the same
    /// instant.
    pub due: Option<Timestamp>,
}

/// One failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What went wrong, with its causes.
    pub error: String,
    /// The class of the error, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The delivery's name, kept from when it waited.
    pub id: DeliveryId,
    /// The step that gave it up.
    pub queue: String,
    /// The key of its lane, if the step has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// What was to be delivered.
    pub event: Event,
    /// How many attempts were started.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
    /// When it was given up.
    pub died_at: Timestamp,
    /// The failed attempts, oldest first.
    pub failures: Vec<Failure>,
}

/// A delivery that was neither handled nor given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// The delivery's name, kept from when it waited.
    pub id: DeliveryId,
    /// The step that it waited for.
    pub queue: String,
    /// What was to be delivered.
    pub event: Event,
    /// How many attempts were started.
    pub attempts: u32,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
    /// By whom, or because of what.
    pub note: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_id_reads_back_as_it_was_written() {
        let id = DeliveryId { queue: QueueId(3), seq: 1042 };
        assert_eq!(id.to_string().parse(), Ok(id));
        let last = DeliveryId { seq: SEQ_END - 1, ..id };
        assert_eq!(last.to_string().parse(), Ok(last));
    }

    #[test]
    fn other_text_is_no_delivery_id() {
        for text in [
            "",
            "3",
            "3-",
            "-1042",
            "70000-1",
            "a-b",
            "3-1042-1",
            "3-0",
            "3-140737488355328",
            "3-18446744073709551615",
        ] {
            assert_eq!(text.parse::<DeliveryId>(), Err(InvalidDeliveryId), "{text}");
        }
    }
}
