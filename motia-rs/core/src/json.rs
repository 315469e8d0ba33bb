//! JSON as text: what the store keeps and what travels between steps.

pub mod strict;

use std::sync::Arc;

use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{redact::redact, secret::for_store};

/// One JSON document, encoded once and shared by everyone who needs it. Cloning copies a pointer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Encodes `value`; a [`Secret`](crate::secret::Secret) in it whole, with its mark.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails, or a map key is not a string.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        for_store(|| serde_json::to_string(value)).map(|text| Self(text.into()))
    }

    /// Encodes `value` as everybody may see it: a [`Secret`](crate::secret::Secret) in it is redacted.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_shown<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(|text| Self(text.into()))
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
