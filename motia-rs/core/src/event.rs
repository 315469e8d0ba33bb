//! An event: one payload on one topic, as it is kept and handed to every subscriber.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    config::Priority,
    json::JsonText,
    trace::{TraceContext, random_bytes},
};

/// Names one event for ever: a UUID of version 7, so that ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "String", extend("format" = "uuid"))]
pub struct EventId(Uuid);

impl EventId {
    /// A new id for an event of the instant `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid())
    }

    /// The id that these bytes hold.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for EventId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// One event, shared by all deliveries of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its name for ever.
    pub id: EventId,
    /// The topic it was emitted on.
    pub topic: Cow<'static, str>,
    /// What was emitted.
    pub payload: JsonText,
    /// The run and span that emitted it.
    pub trace: TraceContext,
    /// When it was emitted.
    pub emitted_at: Timestamp,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// When it is no longer worth starting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The key under which it can be cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_key: Option<Box<str>>,
}

impl Event {
    /// An event of normal priority, with no end and no key.
    #[must_use]
    pub fn new(
        topic: Cow<'static, str>,
        payload: JsonText,
        trace: TraceContext,
        emitted_at: Timestamp,
    ) -> Self {
        Self {
            id: EventId::new(emitted_at),
            topic,
            payload,
            trace,
            emitted_at,
            priority: Priority::NORMAL,
            expires_at: None,
            cancel_key: None,
        }
    }

    /// Where it stands among others of its queue: lower is sooner. When it was emitted, moved by the
    /// head start of its priority.
    #[must_use]
    pub fn rank(&self) -> Timestamp {
        self.priority.rank(self.emitted_at)
    }
}
