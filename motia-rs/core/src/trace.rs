//! W3C trace context: which run something belongs to.
//!
//! Format: <https://www.w3.org/TR/trace-context/>, version `00`.

use std::{borrow::Cow, fmt, str::FromStr};

use rand::Rng as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Names one run across all steps that it passes: 16 random bytes, written as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

/// Names one span of a run: 8 random bytes, written as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

/// The text is no trace id or span id: the wrong length, not lower-case hex, or all zeros.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of {0} lower-case hex digits, not all of them zero")]
pub struct InvalidId(usize);

/// Random bytes, drawn at once: one at a time costs several times as much.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

macro_rules! id {
    ($Id:ident, $bytes:literal, $what:literal) => {
        impl $Id {
            /// A new random id.
            #[must_use]
            pub fn random() -> Self {
                Self(random_bytes())
            }

            #[doc = concat!("The id of these bytes; all zeros stand for no ", $what, ".")]
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes of the id.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let mut text = [0; 2 * $bytes];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 0xf)];
                }
                f.write_str(std::str::from_utf8(&text).expect("hex digits are ASCII"))
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $Id {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId(2 * $bytes);
                if text.len() != 2 * $bytes {
                    return Err(invalid);
                }
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let (Some(high), Some(low)) = (nibble(pair[0]), nibble(pair[1])) else {
                        return Err(invalid);
                    };
                    *byte = high << 4 | low;
                }
                if bytes == [0; $bytes] { Err(invalid) } else { Ok(Self(bytes)) }
            }
        }

        impl Serialize for $Id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $Id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $Id {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($Id).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "minLength": 2 * $bytes,
                    "maxLength": 2 * $bytes,
                })
            }
        }
    };
}

id!(TraceId, 16, "trace");
id!(SpanId, 8, "span");

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Where in which run something happens: the `traceparent` that is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceContext {
    /// The run.
    pub trace_id: TraceId,
    /// The span that is at work; the parent of whatever it causes.
    pub span_id: SpanId,
    /// Whether the caller asked for this run to be recorded.
    pub sampled: bool,
    /// The span that caused this one; known only where the span is at work.
    #[serde(skip)]
    pub parent: Option<SpanId>,
}

impl TraceContext {
    /// The start of a new run.
    #[must_use]
    pub fn root() -> Self {
        Self { trace_id: TraceId::random(), span_id: SpanId::random(), sampled: true, parent: None }
    }

    /// A new span of the same run.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: SpanId::random(), parent: Some(self.span_id), ..self }
    }

    /// Reads a `traceparent` header. A header that breaks the format is no header: `None`.
    ///
    /// ```
    /// use motia_core::trace::TraceContext;
    ///
    /// let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// assert_eq!(TraceContext::parse(sent).unwrap().to_string(), sent);
    /// assert!(TraceContext::parse("00-00000000000000000000000000000000-00f067aa0ba902b7-01").is_none());
    /// ```
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let version = parts.next().filter(|v| v.len() == 2 && *v != "ff")?;
        version.bytes().all(|digit| nibble(digit).is_some()).then_some(())?;
        let trace_id = parts.next()?.parse().ok()?;
        let span_id = parts.next()?.parse().ok()?;
        let flags = parts.next().filter(|flags| flags.len() == 2)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        if version == "00" && parts.next().is_some() {
            return None;
        }
        Some(Self { trace_id, span_id, sampled: flags & 1 == 1, parent: None })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_breaks_the_format_is_no_header() {
        for broken in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
        ] {
            assert_eq!(TraceContext::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_later_version_may_bring_more_fields() {
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-extra";
        assert!(TraceContext::parse(later).is_some_and(|context| !context.sampled));
    }
}
