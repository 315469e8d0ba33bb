//! Keeps secrets out of what people are shown: values by their mark or by the name of their field, texts by
//! what a secret looks like in them.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};
use serde_json::Value;

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

/// What signs a query or lets somebody in by it, beside what [`is_secret`] knows and what is called `…signature`.
/// Source: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/> for signed links, RFC 6749 for
/// `code`.
const SECRET_IN_QUERY: [&str; 6] = ["awsaccesskeyid", "code", "hmac", "jwt", "otp", "sig"];

/// Whether a field of this name holds a secret: `api_key`, `X-Auth-Token`, `clientSecret`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    // `maxTokens` counts tokens; it is none.
    SECRET_WORDS.iter().any(|word| plain.contains(word)) && !plain.ends_with("tokens")
}

/// Whether a parameter of a query does. What is a `code` elsewhere is a status or a country.
fn is_secret_in_query(name: &str) -> bool {
    let plain = plain(name);
    is_secret(name) || SECRET_IN_QUERY.contains(&&*plain) || plain.ends_with("signature")
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

/// A text with what looks like a secret in it replaced: credentials in an address, `Bearer` with what follows, a
/// JWT, `password=…`, `"token": "…"` and the like, and behind `?`, `&` or `#` what signs a query or lets somebody
/// in by it, such as `sig=…`. What a text says of a secret in other words stays.
///
/// ```
/// use motia_core::redact::in_text;
///
/// let said = in_text("postgres://app:hunter2@db/shop refused us: password=hunter2&user=app");
/// assert_eq!(said, "postgres://[redacted]@db/shop refused us: password=[redacted]&user=app");
/// ```
#[must_use]
pub fn in_text(text: &str) -> Cow<'_, str> {
    // The last `@` counts: a password may have one in it.
    static CREDENTIALS: LazyLock<Regex> = LazyLock::new(|| regex(r#"://[^/\s@"]*:[^/\s"]*@"#));
    static SCHEME: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}"));
    // Source: RFC 7515 and 7516, for those of five parts. `eyJ` is how `{"` begins in base64url.
    static JWT: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?:\b|%[0-9A-Fa-f]{2})eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,2}",
        )
    });
    // Most texts have none of these signs.
    if !text.contains(['=', ':', ' ']) && !text.contains("eyJ") {
        return Cow::Borrowed(text);
    }
    let text = replace(&JWT, Cow::Borrowed(text), |_| REDACTED.to_owned());
    let text = replace(&CREDENTIALS, text, |_| format!("://{REDACTED}@"));
    let text = replace(&SCHEME, text, |found| format!("{} {REDACTED}", &found[1]));
    without_fields(text)
}

/// Replaces what is given to a name that a secret has. What is given to another may hold a field itself, as
/// in `refused: password=…`, and is looked into.
fn without_fields(text: Cow<'_, str>) -> Cow<'_, str> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"(?i)([?&#]?)([a-z0-9_.-]*[a-z0-9_])\\?["']?\s*[=:]\s*"#));
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\"[^"]*"|[^\s"'&,;)}\]]+)"#));

    // In a query, commas and brackets are part of the value.
    static VALUE_IN_QUERY: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\"[^"]*"|[^\s"<>&#]+)"#));

    let (mut changed, mut kept) = (String::new(), 0);
    for found in NAME.captures_iter(&text) {
        let in_query = !found[1].is_empty() && found[0].ends_with('=');
        let (is_secret, value) = match in_query {
            true => (is_secret_in_query(&found[2]), &VALUE_IN_QUERY),
            false => (is_secret(&found[2]), &VALUE),
        };
        let begin = found.get_match().end();
        if !is_secret || begin < kept {
            continue;
        }
        let Some(value) = value.find(&text[begin..]) else { continue };
        if is_one(value.as_str().trim_matches(['"', '\'', '\\'])) {
            changed.push_str(&text[kept..begin]);
            changed.push_str(REDACTED);
            kept = begin + value.end();
        }
    }
    if kept == 0 {
        return text;
    }
    changed.push_str(&text[kept..]);
    Cow::Owned(changed)
}

/// Words are said of a secret rather than that they are one: `the token: Bearer [redacted]`.
fn is_one(value: &str) -> bool {
    let scheme = ["bearer", "basic"].iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    !value.is_empty() && !value.starts_with(REDACTED.trim_end_matches(']')) && !scheme
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns here are constants")
}

fn replace<'t>(
    regex: &Regex,
    text: Cow<'t, str>,
    with: impl Fn(&Captures<'_>) -> String,
) -> Cow<'t, str> {
    match regex.replace_all(&text, with) {
        Cow::Owned(changed) => Cow::Owned(changed),
        Cow::Borrowed(_) => text,
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
    fn what_looks_like_a_secret_in_a_text_is_replaced() {
        for (text, expected) in [
            ("token=abc123", "token=[redacted]"),
            ("?api_key=a&page=2", "?api_key=[redacted]&page=2"),
            (r#"{"clientSecret": "a b", "n": 1}"#, r#"{"clientSecret": [redacted], "n": 1}"#),
            ("authorization: Bearer abc.def-123", "authorization: Bearer [redacted]"),
            ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"),
            ("https://u:p@host/x", "https://[redacted]@host/x"),
            ("redis://:p@ss@host/1", "redis://[redacted]@host/1"),
            (
                "postgres://app:pa'ss@db and u://u:p<w@h",
                "postgres://[redacted]@db and u://[redacted]@h",
            ),
            (r#"{"a":"http://a:1","b":"c@d"}"#, r#"{"a":"http://a:1","b":"c@d"}"#),
            ("password='a b' was refused", "password=[redacted] was refused"),
            (r#"said {\"password\":\"hunter2\"}"#, r#"said {\"password\":[redacted]}"#),
            ("?sig=a%2Fb&page=2", "?sig=[redacted]&page=2"),
            ("GET /back?code=4/0A,b;c&state=x", "GET /back?code=[redacted]&state=x"),
            ("/f?X-Amz-Signature=ab12&X-Amz-Date=1", "/f?X-Amz-Signature=[redacted]&X-Amz-Date=1"),
            ("http://a/?n=1&Signature=ab was 403", "http://a/?n=1&Signature=[redacted] was 403"),
            (
                r#"{"at":"http://a/?signature=b","n":1}"#,
                r#"{"at":"http://a/?signature=[redacted]","n":1}"#,
            ),
            ("https://app/#code=abc", "https://app/#code=[redacted]"),
            ("/f?token=a,b&n=1", "/f?token=[redacted]&n=1"),
            (r#"#password="hunter 2" is off"#, "#password=[redacted] is off"),
            ("?n=1&password='a b' was refused", "?n=1&password=[redacted] was refused"),
            ("next%3DeyJhbGciOi.eyJzdWIi.c2ln&n=1", "next[redacted]&n=1"),
            ("eyJhbGciOi.eyJzdWIi.c2ln-_", "[redacted]"),
            ("saw eyJhbGciOi.eyJzdWIi.c2ln. Go on", "saw [redacted]. Go on"),
            ("/f?id_hint=eyJhbGciOi..aXY.dGV4dA.dGFn&n=1", "/f?id_hint=[redacted]&n=1"),
            ("token=eyJhbGciOi.eyJzdWIi.c2ln", "token=[redacted]"),
        ] {
            assert_eq!(in_text(text), expected, "{text}");
            assert_eq!(in_text(expected), expected, "once more");
        }
    }

    #[test]
    fn a_text_without_one_is_left_as_it_is() {
        for text in [
            "the bank is closed",
            "maxTokens=5, n=1",
            "10:41:07 http://localhost:3000/orders",
            "steps/orders/place.rs:21: no step names the topic",
            "a bearer of news",
            "it answered code=404, signature: none",
            "what? code: 7",
            "/orders?design=a&codes=7&barcode=8",
            "heyJude.the.song and eyJolly.good",
            "",
        ] {
            assert!(matches!(in_text(text), Cow::Borrowed(same) if same == text), "{text}");
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
