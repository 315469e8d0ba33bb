//! What a secret looks like in a text.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use super::{REDACTED, is_secret, is_secret_plainly, plain};

/// What signs a query or lets somebody in by it, beside what [`is_secret`] knows and what is called `…signature`.
/// Source: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/> for signed links, RFC 6749 for
/// `code`.
const SECRET_IN_QUERY: [&str; 6] = ["awsaccesskeyid", "code", "hmac", "jwt", "otp", "sig"];

/// Whether a parameter of a query does. What is a `code` elsewhere is a status or a country.
fn is_secret_in_query(name: &str) -> bool {
    let plain = &*plain(name);
    is_secret_plainly(plain) || SECRET_IN_QUERY.contains(&plain) || plain.ends_with("signature")
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
