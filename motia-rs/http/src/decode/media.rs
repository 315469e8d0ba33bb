//! Media types of requests, as far as bodies are told apart by them.

use http::HeaderValue;

/// A `Content-Type`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Media<'h> {
    /// Type and subtype, in the caller's case.
    essence: &'h str,
    charset: Option<&'h str>,
}

impl<'h> Media<'h> {
    /// Reads a header; one that is no text is of no type.
    pub(super) fn parse(header: &'h HeaderValue) -> Self {
        let mut parts = header.to_str().unwrap_or_default().split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        Self { essence, charset }
    }

    /// `application/json` or a type built on it, such as `application/merge-patch+json`; JSON is
    /// UTF-8 (RFC 8259, 8.1).
    pub(super) fn is_json(self) -> bool {
        let built_on = || {
            let bytes = self.essence.as_bytes();
            let tail = bytes.len().checked_sub("+json".len()).map(|at| &bytes[at..]);
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(b"+json")) && bytes.contains(&b'/')
        };
        (self.essence.eq_ignore_ascii_case("application/json") || built_on()) && self.is_utf8()
    }

    pub(super) fn is_form(self) -> bool {
        self.essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    pub(super) fn is_multipart(self) -> bool {
        self.essence.eq_ignore_ascii_case("multipart/form-data")
    }

    /// Whether it says nothing against UTF-8.
    pub(super) fn is_utf8(self) -> bool {
        self.charset.is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|utf8| charset.eq_ignore_ascii_case(utf8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_json(header: &'static str) -> bool {
        Media::parse(&HeaderValue::from_static(header)).is_json()
    }

    #[test]
    fn json_and_what_is_built_on_it_is_json() {
        for header in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/vnd.pets+json",
        ] {
            assert!(is_json(header), "{header}");
        }
    }

    #[test]
    fn what_a_page_can_send_without_asking_is_no_json() {
        for header in [
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x+json",
            "application/jsonp",
            "application/json; charset=utf-16",
            "+json",
            "",
        ] {
            assert!(!is_json(header), "{header}");
        }
    }
}
