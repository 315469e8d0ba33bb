//! What an API step can take as its body.

use std::any::TypeId;

use bytes::Bytes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::{StepError, StepResult},
    http::Problem,
    schema::{Place, SchemaFn, Violation, schema_of},
    store::BoxFuture,
};

/// How a body is read from the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// Not at all.
    None,
    /// As JSON; any other content type is 415.
    Json,
    /// As a urlencoded form.
    Form,
    /// As UTF-8 text.
    Text,
    /// As bytes of any type.
    Bytes,
    /// As the parts of a multipart form, one after the other, never held whole in memory.
    Multipart,
}

/// A body as it was read from the wire.
#[derive(Debug, Default)]
pub enum RawBody {
    /// There is none.
    #[default]
    None,
    /// JSON, free of duplicate keys.
    Json(Value),
    /// Bytes as they came.
    Bytes(Bytes),
    /// Parts still to be read.
    Multipart(Multipart),
}

impl RawBody {
    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }
}

/// A type that an API step can take as its body: anything that implements `Deserialize` and
/// `JsonSchema`, `()` for none, `serde_json::Value` for any JSON, or one of [`Form`], [`Text`],
/// [`RawBytes`] and [`Multipart`].
#[diagnostic::on_unimplemented(
    message = "an API step cannot take `{Self}` as its body",
    label = "the body is named in the step's config",
    note = "JSON bodies derive both: `#[derive(Deserialize, JsonSchema)]`",
    note = "other bodies: `()`, `Value`, `Form<T>`, `Text`, `RawBytes` and `Multipart`"
)]
pub trait Body: Send + Sized + 'static {
    /// How it is read.
    fn kind() -> BodyKind;

    /// Its schema, where it has one.
    fn schema() -> Option<SchemaFn>;

    /// Makes it from what was read and has passed its schema.
    ///
    /// # Errors
    /// A rejection that names what does not fit.
    fn from_raw(raw: RawBody) -> StepResult<Self>;
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Body for T {
    fn kind() -> BodyKind {
        if TypeId::of::<T>() == TypeId::of::<()>() { BodyKind::None } else { BodyKind::Json }
    }

    fn schema() -> Option<SchemaFn> {
        (Self::kind() == BodyKind::Json).then_some(schema_of::<T>())
    }

    fn from_raw(raw: RawBody) -> StepResult<Self> {
        let value = match raw {
            RawBody::Json(value) => value,
            RawBody::None => Value::Null,
            RawBody::Bytes(_) | RawBody::Multipart(_) => return Err(unexpected("JSON")),
        };
        decode_json(&value)
    }
}

fn decode_json<T: DeserializeOwned>(value: &Value) -> StepResult<T> {
    // Where a fault lies is only worked out for a value that has one.
    T::deserialize(value).or_else(|_| serde_path_to_error::deserialize(value)).map_err(|error| {
        let pointer = pointer(error.path());
        let detail = masked(&error.into_inner().to_string());
        StepError::Reject(Box::new(Problem::violations(vec![Violation::new(pointer, detail)])))
    })
}

/// Writes the place of a decoding error as a JSON pointer (RFC 6901).
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

/// Serde quotes the offending value; a message must not. `invalid value: integer `-1`, expected u32`
/// becomes `invalid value, expected u32`.
pub(crate) fn masked(message: &str) -> String {
    match (message.split_once(": "), message.rsplit_once(", expected ")) {
        (Some((what, _)), Some((_, expected))) if what.starts_with("invalid") => {
            format!("{what}, expected {expected}")
        }
        _ if message.starts_with("unknown variant") => match message.split_once(", expected") {
            Some((_, expected)) => format!("unknown variant, expected{expected}"),
            None => "unknown variant".to_owned(),
        },
        _ => message.to_owned(),
    }
}

fn unexpected(wanted: &str) -> StepError {
    StepError::reject(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("this step takes {wanted}"))
}

fn bytes(raw: RawBody, wanted: &str) -> StepResult<Bytes> {
    match raw {
        RawBody::Bytes(bytes) => Ok(bytes),
        RawBody::None => Ok(Bytes::new()),
        RawBody::Json(_) | RawBody::Multipart(_) => Err(unexpected(wanted)),
    }
}

/// A body of bytes, taken as they come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawBytes(pub Bytes);

impl Body for RawBytes {
    fn kind() -> BodyKind {
        BodyKind::Bytes
    }

    fn schema() -> Option<SchemaFn> {
        None
    }

    fn from_raw(raw: RawBody) -> StepResult<Self> {
        bytes(raw, "bytes").map(Self)
    }
}

/// A body of UTF-8 text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub String);

impl Body for Text {
    fn kind() -> BodyKind {
        BodyKind::Text
    }

    fn schema() -> Option<SchemaFn> {
        None
    }

    fn from_raw(raw: RawBody) -> StepResult<Self> {
        String::from_utf8(bytes(raw, "text")?.into())
            .map(Self)
            .map_err(|_| StepError::reject(StatusCode::BAD_REQUEST, "the text is not UTF-8"))
    }
}

/// A urlencoded form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Body for Form<T> {
    fn kind() -> BodyKind {
        BodyKind::Form
    }

    fn schema() -> Option<SchemaFn> {
        Some(schema_of::<T>())
    }

    fn from_raw(raw: RawBody) -> StepResult<Self> {
        super::request::decode_form(Place::Body, &bytes(raw, "a urlencoded form")?).map(Self)
    }
}

/// A multipart form, read part by part as it arrives.
pub struct Multipart(Box<dyn Parts>);

/// The head of one part of a multipart form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, as the client gave it: never to be used as a path.
    pub file_name: Option<String>,
    /// The part's media type.
    pub content_type: Option<String>,
}

/// Where the parts come from; the HTTP floor and tests implement it.
pub trait Parts: Send {
    /// Leaves the present part, read or not, and goes to the next.
    fn next(&mut self) -> BoxFuture<'_, StepResult<Option<Part>>>;

    /// Reads on in the present part.
    fn chunk(&mut self) -> BoxFuture<'_, StepResult<Option<Bytes>>>;
}

impl Multipart {
    /// A form whose parts come from `parts`.
    pub fn new(parts: impl Parts + 'static) -> Self {
        Self(Box::new(parts))
    }

    /// Leaves the present part, read or not, and goes to the next; `None` behind the last.
    ///
    /// # Errors
    /// A rejection, when the form is cut off or malformed.
    pub async fn next(&mut self) -> StepResult<Option<Part>> {
        self.0.next().await
    }

    /// Reads on in the present part; `None` at its end.
    ///
    /// # Errors
    /// A rejection, when the form is cut off, malformed or too large.
    pub async fn chunk(&mut self) -> StepResult<Option<Bytes>> {
        self.0.chunk().await
    }

    /// Reads the rest of the present part, which must not be longer than `limit` bytes.
    ///
    /// # Errors
    /// A rejection, 413 for a part that is longer.
    pub async fn bytes(&mut self, limit: usize) -> StepResult<Bytes> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > limit {
                return Err(StepError::reject(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("a part of this form must not be longer than {limit} bytes"),
                ));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }
}

impl std::fmt::Debug for Multipart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Multipart")
    }
}

impl Body for Multipart {
    fn kind() -> BodyKind {
        BodyKind::Multipart
    }

    fn schema() -> Option<SchemaFn> {
        None
    }

    fn from_raw(raw: RawBody) -> StepResult<Self> {
        match raw {
            RawBody::Multipart(parts) => Ok(parts),
            _ => Err(unexpected("a multipart form")),
        }
    }
}
