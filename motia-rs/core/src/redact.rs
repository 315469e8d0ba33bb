//! Keeps secrets out of what people are shown: values by their mark or by the name of their field, texts by
//! what a secret looks like in them.
//!
//! # Layout
//! - `text`: texts

mod text;

use std::borrow::Cow;

use serde_json::Value;

pub use self::text::in_text;
use crate::secret::{MARK, marked};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

const SECRET_WORDS: [&str; 12] = [
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "token",
];

/// Whether a field of this name holds a secret: `api_key`, `X-Auth-Token`, `clientSecret`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    is_secret_plainly(&plain(name))
}

fn is_secret_plainly(plain: &str) -> bool {
    // `maxTokens` counts tokens; it is none.
    SECRET_WORDS.iter().any(|word| plain.contains(word)) && !plain.ends_with("tokens")
}

/// Whether a field of this name counts tokens or holds some: only its value tells.
fn names_tokens(name: &str) -> bool {
    plain(name).ends_with("tokens")
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Replaces what is kept as a [`Secret`](crate::secret::Secret), and the value of every field whose name says
/// that it is one, at any depth.
pub fn redact(value: &mut Value) {
    if marked(value).is_some() {
        *value = Value::String(REDACTED.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if is_secret(name) && !value.is_null() {
                    *value = Value::String(REDACTED.to_owned());
                } else if names_tokens(name) {
                    hide_texts(value);
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Hides every text, at any depth: tokens are texts, and how many there are is a number.
fn hide_texts(value: &mut Value) {
    each_text(value, &|text| REDACTED.clone_into(text));
}

/// [`redact`] of the fields of a log line: what looks like a secret in a text is replaced too.
pub fn redact_line(fields: &mut Value) {
    redact(fields);
    clean_texts(fields);
}

fn clean_texts(value: &mut Value) {
    each_text(value, &|text| {
        if let Cow::Owned(clean) = in_text(text) {
            *text = clean;
        }
    });
}

/// Changes every text, at any depth; names of fields are none.
fn each_text(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(map) => map.values_mut().for_each(|value| each_text(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces what is kept as a [`Secret`](crate::secret::Secret), at any depth, and nothing else; says whether
/// there was one. For what an app shows its own users, who may need a field called `token`.
pub fn hide_marked(value: &mut Value) -> bool {
    if marked(value).is_some() {
        *value = Value::String(REDACTED.to_owned());
        return true;
    }
    match value {
        Value::Object(map) => {
            map.iter_mut().fold(false, |found, (_, value)| hide_marked(value) | found)
        }
        Value::Array(list) => {
            list.iter_mut().fold(false, |found, value| hide_marked(value) | found)
        }
        _ => false,
    }
}

/// A secret that was sent back as it was shown stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{REDACTED}` at {0} stands for a secret that is not there: write the secret itself")]
pub struct Unknown(pub String);

/// Puts back what [`redact`] took away: wherever `value`, which somebody was shown and has changed, still has
/// `[redacted]`, it gets what `kept` has there. A new value in the place of a kept secret becomes one.
/// In a list, only an item that is otherwise unchanged, in a list of the same length, is known to be the one
/// that is kept there: another one's secret is put into none.
///
/// # Errors
/// When nothing is kept in such a place, or it is not known what is.
pub fn restore(value: &mut Value, kept: &Value) -> Result<(), Unknown> {
    restore_at(value, Some(kept), &mut String::new())
}

fn restore_at(value: &mut Value, kept: Option<&Value>, place: &mut String) -> Result<(), Unknown> {
    if value.as_str() == Some(REDACTED) {
        let place = if place.is_empty() { "/" } else { place };
        *value = kept.cloned().ok_or_else(|| Unknown(place.to_owned()))?;
        return Ok(());
    }
    if kept.and_then(marked).is_some() && marked(value).is_none() && !value.is_null() {
        let secret = value.take();
        *value = Value::Object([(MARK.to_owned(), secret)].into_iter().collect());
        return Ok(());
    }
    let before = place.len();
    let mut each = |name: &str, value: &mut Value, kept: Option<&Value>| {
        place.push('/');
        place.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let restored = restore_at(value, kept, place);
        place.truncate(before);
        restored
    };
    match value {
        Value::Object(map) => map
            .iter_mut()
            .try_for_each(|(name, value)| each(name, value, kept.and_then(|kept| kept.get(name)))),
        Value::Array(list) => {
            let length = list.len();
            let kept = kept.and_then(Value::as_array).filter(|kept| kept.len() == length);
            list.iter_mut().enumerate().try_for_each(|(at, value)| {
                let kept = kept.map(|kept| &kept[at]);
                let known = kept.filter(|kept| !has_redacted(value) || is_shown_as(kept, value));
                each(&at.to_string(), value, known)
            })
        }
        _ => Ok(()),
    }
}

fn has_redacted(value: &Value) -> bool {
    match value {
        Value::String(text) => text == REDACTED,
        Value::Array(list) => list.iter().any(has_redacted),
        Value::Object(map) => map.values().any(has_redacted),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether somebody who was shown what is kept saw this.
fn is_shown_as(kept: &Value, value: &Value) -> bool {
    let mut shown = kept.clone();
    redact(&mut shown);
    shown == *value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let mut fields = json!({
            "user": { "Password": "x" }, "list": [{ "api-key": "y" }, { "pin": { MARK: "z" } }], "n": 1,
        });

        redact(&mut fields);

        let expected = json!({
            "user": { "Password": REDACTED }, "list": [{ "api-key": REDACTED }, { "pin": REDACTED }], "n": 1,
        });
        assert_eq!(fields, expected);
    }

    #[test]
    fn names_that_only_sound_secret_are_left() {
        for name in ["maxTokens", "monkey", "passenger"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_was_shown_and_sent_back_is_what_was_kept() {
        let kept = json!({ "name": "Ana", "password": "hunter2", "pin": { MARK: "1234" }, "old": [{ "token": "t" }] });
        let mut sent = kept.clone();
        redact(&mut sent);
        sent["name"] = json!("Anna");

        restore(&mut sent, &kept).unwrap();

        assert_eq!(sent["name"], json!("Anna"));
        sent["name"] = json!("Ana");
        assert_eq!(sent, kept);
    }

    #[test]
    fn a_new_secret_takes_the_place_of_the_kept_one() {
        let mut sent = json!({ "pin": "4321" });
        restore(&mut sent, &json!({ "pin": { MARK: "1234" } })).unwrap();
        assert_eq!(sent, json!({ "pin": { MARK: "4321" } }));
    }

    #[test]
    fn what_stands_for_no_secret_is_refused_with_its_place() {
        let mut sent = json!({ "users": [{ "password": REDACTED }] });
        let refused = restore(&mut sent, &json!({ "users": [] })).unwrap_err();
        assert_eq!(refused, Unknown("/users/0/password".into()));
    }

    #[test]
    fn a_secret_in_a_list_is_put_back_into_its_own_item_alone() {
        let kept = json!([{ "user": "ann", "password": "a" }, { "user": "bob", "password": "b" }]);
        let hidden = |user: &str| json!({ "user": user, "password": REDACTED });

        let mut unchanged = json!([hidden("ann"), hidden("bob")]);
        restore(&mut unchanged, &kept).unwrap();
        assert_eq!(unchanged, kept);
        for mut changed in [
            json!([hidden("bob")]),
            json!([hidden("bob"), hidden("ann")]),
            json!([hidden("eve"), hidden("ann"), hidden("bob")]),
        ] {
            let refused = restore(&mut changed, &kept).unwrap_err();
            assert_eq!(refused.0, "/0/password");
        }
    }

    #[test]
    fn tokens_are_hidden_and_how_many_there_are_is_not() {
        let mut value =
            json!({ "accessTokens": ["a"], "maxTokens": 5, "tokens": { "in": 1 }, "pwd": "x" });

        redact(&mut value);

        let expected = json!({ "accessTokens": [REDACTED], "maxTokens": 5, "tokens": { "in": 1 }, "pwd": REDACTED });
        assert_eq!(value, expected);
    }
}
