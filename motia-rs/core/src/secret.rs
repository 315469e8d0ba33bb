//! A value that is kept and handed on, and shown to nobody.
//!
//! What an app keeps it needs whole: an event that carries a password must deliver it. So the store gets it
//! whole, and marked: `{"$secret": "hunter2"}`. By the mark every view of what is kept knows what to hide.
//! Everywhere else, in answers, in log lines, in `json!`, it serialises as `[redacted]`.

use std::{borrow::Cow, cell::Cell, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _,
};
use serde_json::Value;

use crate::redact::REDACTED;

/// The one field of a secret as it is kept.
pub const MARK: &str = "$secret";

/// A value that is kept and handed on, and shown to nobody: not by `Debug` or `Display`, not in log lines,
/// answers, runs, state, dead letters or the Workbench. [`expose`](Self::expose) gives it to whoever needs it.
///
/// It is kept whole, in clear: whoever can read the data folder can read it.
///
/// # Example: a payload with a secret in it
/// ```
/// use motia_core::{json::JsonText, secret::Secret};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// struct Login {
///     user: String,
///     pin: Secret<String>,
/// }
///
/// let login: Login = serde_json::from_str(r#"{ "user": "ana", "pin": "1234" }"#).unwrap();
/// assert_eq!(login.pin.expose(), "1234");
///
/// // Shown to nobody:
/// assert_eq!(format!("{} {login:?}", login.pin), r#"[redacted] Login { user: "ana", pin: [redacted] }"#);
/// assert_eq!(serde_json::to_string(&login).unwrap(), r#"{"user":"ana","pin":"[redacted]"}"#);
///
/// // Kept and delivered whole:
/// let kept: Login = JsonText::encode(&login).unwrap().decode().unwrap();
/// assert_eq!(kept.pin.expose(), "1234");
/// ```
///
/// # Example: what does not compile
/// ```compile_fail
/// # use motia_core::secret::Secret;
/// let pin = Secret::new("1234".to_owned());
/// let text: String = pin.into(); // say `expose`
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for whoever needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Who is written for, or read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Anybody: nothing of a secret is written.
    Anybody,
    /// The store: whole, with its mark.
    Store,
    /// The checks of a schema: whole, as a client would send it.
    Checks,
}

thread_local! {
    static READER: Cell<Reader> = const { Cell::new(Reader::Anybody) };
}

fn with<T>(reader: Reader, work: impl FnOnce() -> T) -> T {
    struct Before(Reader);
    impl Drop for Before {
        fn drop(&mut self) {
            READER.set(self.0);
        }
    }
    let _before = Before(READER.replace(reader));
    work()
}

/// Serialises or reads for the store.
pub(crate) fn for_store<T>(work: impl FnOnce() -> T) -> T {
    with(Reader::Store, work)
}

/// Serialises for the checks of a schema; what comes of it is shown to nobody.
pub(crate) fn for_checks<T>(work: impl FnOnce() -> T) -> T {
    with(Reader::Checks, work)
}

impl<T: Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match READER.get() {
            Reader::Anybody => serializer.serialize_str(REDACTED),
            Reader::Checks => self.0.serialize(serializer),
            Reader::Store => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(MARK, &self.0)?;
                map.end()
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What serde says of a value that does not fit may repeat it.
        let unfit = || D::Error::custom("a secret is of another type");
        if READER.get() != Reader::Store {
            return T::deserialize(deserializer).map_err(|_| unfit()).map(Self);
        }
        // What was kept before its field became a secret has no mark.
        let kept = Value::deserialize(deserializer)?;
        let value = marked(&kept).cloned().unwrap_or(kept);
        T::deserialize(value).map_err(|_| unfit()).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<T>();
        let rules = schema.ensure_object();
        rules.insert("writeOnly".to_owned(), true.into());
        if rules.get("type").is_some_and(|kind| kind == "string") {
            rules.entry("format").or_insert_with(|| "password".into());
        }
        schema
    }
}

/// What a value hides, if it is a secret as it is kept.
pub(crate) fn marked(value: &Value) -> Option<&Value> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get(MARK)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::JsonText;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Login {
        user: String,
        pin: Secret<String>,
        card: Option<Secret<u32>>,
    }

    fn login() -> Login {
        Login { user: "ana".into(), pin: Secret::new("1234".into()), card: Some(Secret::new(7)) }
    }

    #[test]
    fn the_store_gets_it_whole_and_marked_and_nobody_else_gets_it() {
        let kept = JsonText::encode(&login()).unwrap();

        assert_eq!(
            kept.as_str(),
            r#"{"user":"ana","pin":{"$secret":"1234"},"card":{"$secret":7}}"#
        );
        assert_eq!(kept.decode::<Login>().unwrap(), login());
        let shown = json!({ "login": login() }).to_string() + &format!("{:?}", login());
        assert!(!shown.contains("1234") && !shown.contains('7'), "{shown}");
    }

    #[test]
    fn what_was_kept_before_it_became_a_secret_is_read() {
        let old = JsonText::encode(&json!({ "user": "ana", "pin": "1234", "card": 7 })).unwrap();
        assert_eq!(old.decode::<Login>().unwrap(), login());
    }

    #[test]
    fn what_does_not_fit_is_not_repeated() {
        let wrong = json!({ "user": "ana", "pin": 1234, "card": null });
        let said = serde_json::from_value::<Login>(wrong.clone()).unwrap_err().to_string();
        let kept = JsonText::encode(&wrong).unwrap().decode::<Login>().unwrap_err().to_string();
        assert!(!said.contains("1234") && !kept.contains("1234"), "{said} {kept}");
    }

    #[test]
    fn its_schema_says_that_it_is_only_written() {
        let schema = SchemaGenerator::default().into_root_schema_for::<Login>().to_value();
        let pin = &schema["properties"]["pin"];
        assert_eq!(*pin, json!({ "type": "string", "format": "password", "writeOnly": true }));
        assert_eq!(schema["properties"]["card"]["writeOnly"], json!(true), "{schema}");
    }

    #[test]
    fn a_panic_leaves_nobody_reading_for_the_store() {
        let _ = std::panic::catch_unwind(|| for_store(|| panic!("it fell")));
        assert_eq!(serde_json::to_string(&Secret::new(1)).unwrap(), r#""[redacted]""#);
    }
}
