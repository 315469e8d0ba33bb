//! JSON as text: what the store keeps and what travels between steps.

pub mod strict;

use std::{cell::Cell, sync::Arc};

use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{redact::redact, secret::for_store};

/// A buffer of more bytes is not kept for the next document.
const BUFFER_BYTES: usize = 64 << 10;

/// One JSON document, encoded once and shared by everyone who needs it. Cloning copies a pointer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Encodes `value`; a [`Secret`](crate::secret::Secret) in it whole, with its mark.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails, or a map key is not a string.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        for_store(|| write(value))
    }

    /// Encodes `value` as everybody may see it: a [`Secret`](crate::secret::Secret) in it is redacted.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_shown<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        write(value)
    }

    /// Takes text that is already known to be JSON, such as what [`as_str`](Self::as_str) gave.
    pub fn from_trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Decodes the document.
    ///
    /// # Errors
    /// When the document does not fit `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        for_store(|| serde_json::from_str(&self.0))
    }

    /// The document as people may see it: secrets are redacted, by their mark and by their name.
    #[must_use]
    pub fn shown(&self) -> Value {
        let mut value = self.to_value();
        redact(&mut value);
        value
    }

    /// The same as a document.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self(self.shown().to_string().into())
    }

    /// The document as a tree.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.decode().unwrap_or(Value::Null)
    }

    /// The encoded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length of the encoded text in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all; never the case for a document that was encoded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for JsonText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Any value.
impl schemars::JsonSchema for JsonText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!(true)
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&serde_json::value::RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// Encodes into a buffer of the thread, so that the document is allocated once and at its length.
fn write<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<JsonText> {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    // A value that encodes another while it is encoded finds none there, and makes one.
    let mut buffer = BUFFER.take();
    buffer.clear();
    let written = serde_json::to_writer(&mut buffer, value);
    let document = written.map(|()| {
        let text = std::str::from_utf8(&buffer).expect("serde_json writes UTF-8");
        JsonText(text.into())
    });
    if buffer.capacity() <= BUFFER_BYTES {
        BUFFER.set(buffer);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes another document in the middle of its own.
    struct Nested;

    impl Serialize for Nested {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = JsonText::encode(&["inner"]).map_err(serde::ser::Error::custom)?;
            (1, inner.as_str(), 2).serialize(serializer)
        }
    }

    #[test]
    fn a_document_may_be_encoded_while_another_is() {
        assert_eq!(JsonText::encode(&Nested).unwrap().as_str(), r#"[1,"[\"inner\"]",2]"#);
    }

    #[test]
    fn a_document_holds_nothing_of_the_one_before() {
        let long = "x".repeat(2 * BUFFER_BYTES);
        assert_eq!(JsonText::encode(&long).unwrap().as_str().len(), long.len() + 2);
        assert_eq!(JsonText::encode("a long one").unwrap().as_str(), r#""a long one""#);
        assert_eq!(JsonText::encode(&1).unwrap().as_str(), "1");
    }
}
