//! The headers of a request, as far as they are kept with its run: so that it can be sent again, and nobody
//! who looks at it later learns a secret.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::redact::{in_text, is_secret};

/// As many headers are kept of one request: 64.
pub const MOST: usize = 64;

/// As much is kept of them together, names and values: 4 KiB.
pub const LARGEST: usize = 4 * 1024;

/// What says how a request came here, and not what it is. Another one comes its own way.
const OF_THE_WAY: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the names of headers that let somebody in have in them, beside what [`is_secret`] knows.
const LETS_IN: [&str; 10] = [
    "access-key",
    "assertion",
    "auth",
    "client-cert",
    "csrf",
    "jwt",
    "oidc",
    "session",
    "websocket-protocol",
    "xsrf",
];

/// The headers of a request, as far as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Headers {
    /// Names and values, as they came.
    pub kept: Vec<(String, String)>,
    /// The names of the others, each once: they hold secrets, are no texts, or there was no room for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl Headers {
    /// What is kept of these. Of a header that stands there several times, all values are or none.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderName, HeaderValue};
    /// use motia_core::context::notes::Headers;
    ///
    /// let sent = [("x-tenant", "7"), ("authorization", "Bearer s3cret")];
    /// let sent = sent.map(|(name, value)| {
    ///     (HeaderName::from_static(name), HeaderValue::from_static(value))
    /// });
    /// let headers = Headers::of(&HeaderMap::from_iter(sent));
    ///
    /// assert_eq!(headers.kept, [("x-tenant".to_owned(), "7".to_owned())]);
    /// assert_eq!(headers.left_out, ["authorization"]);
    /// ```
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let (mut known, mut size) = (Self::default(), 0);
        let names = headers.keys().filter(|name| !OF_THE_WAY.contains(&name.as_str()));
        for name in names {
            let values = shown(name, headers);
            let larger = values
                .iter()
                .flatten()
                .map(|value| name.as_str().len() + value.len())
                .sum::<usize>();
            match values {
                Some(values)
                    if size + larger <= LARGEST && known.kept.len() + values.len() <= MOST =>
                {
                    size += larger;
                    let name = name.as_str();
                    known
                        .kept
                        .extend(values.iter().map(|&value| (name.to_owned(), value.to_owned())));
                }
                // Whoever sends too much shall not be remembered for each of its names.
                _ if known.left_out.len() < MOST => known.left_out.push(name.to_string()),
                _ => {}
            }
        }
        known
    }

    /// Those that are kept, to be sent again. What does not read, somebody else wrote.
    #[must_use]
    pub fn to_map(&self) -> HeaderMap {
        let read = |(name, value): &(String, String)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        let mut map = HeaderMap::new();
        for (name, value) in self.kept.iter().filter_map(read) {
            map.append(name, value);
        }
        map
    }

    /// As many bytes they take, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let kept = self.kept.iter().map(|(name, value)| name.len() + value.len());
        kept.chain(self.left_out.iter().map(String::len)).sum()
    }
}

/// The values of a header, if people may see all of them.
fn shown<'h>(name: &HeaderName, headers: &'h HeaderMap) -> Option<Vec<&'h str>> {
    let plain = name.as_str();
    // `otp` is a word of its own only: `x-footprint` lets nobody in.
    let is_one_time = plain.split('-').any(|word| word == "otp");
    if is_one_time || is_secret(plain) || LETS_IN.iter().any(|word| plain.contains(word)) {
        return None;
    }
    let value = |value: &'h HeaderValue| {
        let text = value.to_str().ok().filter(|_| !value.is_sensitive())?;
        matches!(in_text(text), Cow::Borrowed(_)).then_some(text)
    };
    headers.get_all(name).iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(sent: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_lets_somebody_in_is_not_kept_and_named() {
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "x-auth-token",
            "x-auth",
            "x-access-key",
            "x-amzn-oidc-data",
            "x-session-id",
            "x-csrf",
            "x-otp",
            "x-forwarded-client-cert",
            "cf-access-jwt-assertion",
            "sec-websocket-protocol",
        ] {
            let known = Headers::of(&headers(&[(name, "s3cret"), ("accept", "*/*")]));
            assert_eq!(known.kept, [("accept".to_owned(), "*/*".to_owned())], "{name}");
            assert_eq!(known.left_out, [name]);
        }
    }

    #[test]
    fn a_header_with_a_secret_in_its_value_is_not_kept_in_part() {
        for value in [
            "https://shop/?token=abc",
            "https://shop/?sig=abc",
            "Bearer abcdef123",
            "https://u:p@host",
            "eyJhbGciOi.eyJzdWIi.c2ln",
        ] {
            let known = Headers::of(&headers(&[("referer", "a"), ("referer", value)]));
            assert_eq!((known.kept.len(), known.left_out), (0, vec!["referer".to_owned()]));
        }
    }

    #[test]
    fn a_header_that_only_sounds_like_a_one_time_code_is_kept() {
        let known = Headers::of(&headers(&[("x-footprint", "7")]));
        assert_eq!(known.kept, [("x-footprint".to_owned(), "7".to_owned())]);
    }

    #[test]
    fn what_is_kept_is_sent_again_as_it_came() {
        let sent = headers(&[("x-tag", "a"), ("x-tag", "b"), ("host", "shop"), ("te", "trailers")]);

        let again = Headers::of(&sent).to_map();

        let tags: Vec<_> = again.get_all("x-tag").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!((tags, again["host"].as_bytes()), (vec![&b"a"[..], b"b"], &b"shop"[..]));
        assert!(!again.contains_key("te"), "it is of the way that the request came");
    }

    #[test]
    fn too_much_is_left_out() {
        let large = "x".repeat(LARGEST);
        let known = Headers::of(&headers(&[("x-large", &large), ("x-small", "1")]));
        assert_eq!((known.kept.len(), &*known.left_out), (1, &["x-large".to_owned()][..]));

        let names: Vec<_> = (0..3 * MOST).map(|n| format!("x-{n}")).collect();
        let many: Vec<_> = names.iter().map(|name| (&**name, "1")).collect();
        let known = Headers::of(&headers(&many));
        assert_eq!((known.kept.len(), known.left_out.len()), (MOST, MOST));
    }
}
