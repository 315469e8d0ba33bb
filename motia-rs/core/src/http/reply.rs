//! What an API step can answer with.

use std::{any::TypeId, borrow::Cow, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_core::Stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::body::{RawBytes, Text};
use crate::{
    error::BoxError,
    schema::{SchemaFn, schema_of},
};

/// A stream of bytes.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// A stream of server-sent events.
pub type SseStream = Pin<Box<dyn Stream<Item = SseEvent> + Send>>;

/// The body of an answer, ready for the wire.
#[derive(Default)]
#[non_exhaustive]
pub enum ReplyBody {
    /// None.
    #[default]
    Empty,
    /// Bytes of a media type.
    Bytes(&'static str, Bytes),
    /// Bytes of a media type, as they come.
    Stream(&'static str, ByteStream),
    /// Server-sent events, kept alive while they wait: after each such silence, or as often as the app
    /// says.
    Sse(SseStream, Option<Duration>),
}

impl ReplyBody {
    /// The bytes of an answer that does not stream.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(_, bytes) => bytes,
            _ => &[],
        }
    }
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(kind, bytes) => f.debug_tuple("Bytes").field(kind).field(bytes).finish(),
            Self::Stream(kind, _) => f.debug_tuple("Stream").field(kind).finish(),
            Self::Sse(..) => f.write_str("Sse"),
        }
    }
}

/// A type that an API step can answer with: anything that implements `Serialize` and `JsonSchema`,
/// `()` for an empty body, or one of [`Html`], [`Text`], [`RawBytes`], [`Sse`] and [`ReplyBody`].
#[diagnostic::on_unimplemented(
    message = "an API step cannot answer with `{Self}`",
    label = "the reply is named in the step's config",
    note = "JSON replies derive both: `#[derive(Serialize, JsonSchema)]`",
    note = "other replies: `()`, `Value`, `Html`, `Text`, `RawBytes`, `Sse` and `ReplyBody`"
)]
pub trait Reply: Send + Sized + 'static {
    /// Its schema, where it has one.
    fn schema() -> Option<SchemaFn>;

    /// Its media type; empty for no body.
    fn content_type() -> &'static str;

    /// Makes it ready for the wire.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails.
    fn into_body(self) -> Result<ReplyBody, serde_json::Error>;
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for T {
    fn schema() -> Option<SchemaFn> {
        (!is_unit::<T>()).then_some(schema_of::<T>())
    }

    fn content_type() -> &'static str {
        if is_unit::<T>() { "" } else { "application/json" }
    }

    fn into_body(self) -> Result<ReplyBody, serde_json::Error> {
        if is_unit::<T>() {
            return Ok(ReplyBody::Empty);
        }
        serde_json::to_vec(&self).map(|json| ReplyBody::Bytes("application/json", json.into()))
    }
}

fn is_unit<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

macro_rules! plain_reply {
    ($Type:ty, $content_type:literal, $body:expr) => {
        impl Reply for $Type {
            fn schema() -> Option<SchemaFn> {
                None
            }

            fn content_type() -> &'static str {
                $content_type
            }

            fn into_body(self) -> Result<ReplyBody, serde_json::Error> {
                let body: fn(Self) -> ReplyBody = $body;
                Ok(body(self))
            }
        }
    };
}

/// An HTML page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(pub Cow<'static, str>);

plain_reply!(Html, "text/html; charset=utf-8", |html| {
    ReplyBody::Bytes(
        "text/html; charset=utf-8",
        match html.0 {
            Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => text.into(),
        },
    )
});
plain_reply!(Text, "text/plain; charset=utf-8", |text| {
    ReplyBody::Bytes("text/plain; charset=utf-8", text.0.into())
});
plain_reply!(RawBytes, "application/octet-stream", |bytes| {
    ReplyBody::Bytes("application/octet-stream", bytes.0)
});
plain_reply!(ReplyBody, "*/*", |body| body);
plain_reply!(Sse, "text/event-stream", |sse| ReplyBody::Sse(sse.0, sse.1));

/// A stream of server-sent events, as the HTML standard has them.
///
/// ```
/// use motia_core::http::{Sse, SseEvent};
///
/// let ticks = Sse::new(futures_util::stream::iter([SseEvent::data("tick")]));
/// # let _ = ticks;
/// ```
pub struct Sse(SseStream, Option<Duration>);

impl Sse {
    /// The events of `stream`.
    pub fn new(stream: impl Stream<Item = SseEvent> + Send + 'static) -> Self {
        Self(Box::pin(stream), None)
    }

    /// Sends a comment after each silence of this length, and not as often as the app says: for a contract
    /// that has heartbeats of its own.
    #[must_use]
    pub fn keep_alive(self, silence: Duration) -> Self {
        Self(self.0, Some(silence))
    }
}

impl std::fmt::Debug for Sse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sse")
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SseEvent {
    /// Its id, which a client that comes back sends as `Last-Event-ID`.
    pub id: Option<String>,
    /// Its kind; `message` where nothing is said.
    pub event: Option<String>,
    /// What it says.
    pub data: String,
}

impl SseEvent {
    /// An event that says `data`.
    pub fn data(data: impl Into<String>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// An event that says `value` as JSON.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails.
    pub fn json<T: Serialize>(value: &T) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(Self::data)
    }
}
