//! Keeps secrets out of what people are shown.

use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

const SECRET_WORDS: [&str; 10] = [
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// Whether a field of this name holds a secret: `api_key`, `X-Auth-Token`, `clientSecret`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    // `maxTokens` counts tokens; it is none.
    SECRET_WORDS.iter().any(|word| plain.contains(word)) && !plain.ends_with("tokens")
}

/// Replaces the value of every field, at any depth, whose name says that it is secret.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if is_secret(name) && !value.is_null() {
                    *value = Value::String(REDACTED.to_owned());
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let mut fields =
            json!({ "user": { "Password": "x" }, "list": [{ "api-key": "y" }], "n": 1 });

        redact(&mut fields);

        let expected = json!({
            "user": { "Password": REDACTED }, "list": [{ "api-key": REDACTED }], "n": 1,
        });
        assert_eq!(fields, expected);
    }

    #[test]
    fn names_that_only_sound_secret_are_left() {
        for name in ["maxTokens", "monkey", "passenger"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
