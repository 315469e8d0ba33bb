//! How files are answered: with what they are, when they changed, and what they may load.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

/// What a file is, by the ending of its name.
pub(crate) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// A file that is answered.
pub(crate) struct File<'f> {
    /// What it is called, for its kind.
    pub(crate) path: &'f str,
    /// Another one for other bytes.
    pub(crate) hash: u64,
    /// For how long it may be kept: for ever, since its name says what is in it, or never unasked.
    pub(crate) is_immutable: bool,
}

/// What was asked, as far as files are concerned.
pub(crate) struct Asked<'r> {
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
}

impl Asked<'_> {
    /// Answers with a file, or with nothing where the asker has it already. `body` is asked for only when
    /// it is sent.
    pub(crate) fn answer(&self, file: &File<'_>, body: impl FnOnce() -> Vec<u8>) -> Response {
        let etag = format!("W/\"{:016x}\"", file.hash);
        let known = self.has(&etag);
        let body = if known { Body::empty() } else { Body::from(body()) };
        let mut response = Response::new(body);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        if !known {
            let kind = HeaderValue::from_static(media_type(file.path));
            headers.insert(header::CONTENT_TYPE, kind);
        }
        let kept =
            if file.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        headers.extend(HeaderValue::try_from(etag).ok().map(|etag| (header::ETAG, etag)));
        self.harden(headers);
        response
    }

    /// Says what a page may load: from where it was loaded itself, and from nowhere else; and that it is
    /// framed by nobody else.
    fn harden(&self, headers: &mut HeaderMap) {
        // What `'self'` means for sockets differs between browsers.
        let sockets = self.host().map(|host| format!(" ws://{host} wss://{host}"));
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             font-src 'self'; connect-src 'self'{}; frame-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'self'",
            sockets.unwrap_or_default()
        );
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }

    /// The host that was asked, if it is one that can stand in a policy.
    fn host(&self) -> Option<&str> {
        let host = match self.uri.authority() {
            Some(authority) => authority.as_str(),
            None => self.headers.get(header::HOST)?.to_str().ok()?,
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        (!host.is_empty() && host.bytes().all(plain)).then_some(host)
    }

    /// Whether the asker has what this tag stands for.
    fn has(&self, etag: &str) -> bool {
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let sent = self.headers.get_all(header::IF_NONE_MATCH).iter();
        let mut sent = sent.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
        sent.any(|tag| tag.trim() == "*" || plain(tag) == plain(etag))
    }

    /// Whether the asker takes what brotli packed.
    pub(crate) fn takes_brotli(&self) -> bool {
        let sent = self.headers.get_all(header::ACCEPT_ENCODING).iter();
        let mut sent = sent.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
        sent.any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            is_brotli && weight.is_none_or(|weight| weight.parse().is_ok_and(|it: f32| it > 0.0))
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn asked(headers: &[(&str, &str)]) -> Response {
        let request =
            headers.iter().fold(Request::builder(), |it, (name, value)| it.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let asked = Asked { uri: &parts.uri, headers: &parts.headers };
        asked.answer(&File { path: "a.css", hash: 7, is_immutable: false }, || b"a{}".to_vec())
    }

    #[test]
    fn who_has_the_file_is_sent_nothing() {
        let first = asked(&[]);
        let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");

        for tags in
            [etag.as_str(), &format!("\"other\", {etag}"), etag.trim_start_matches("W/"), "*"]
        {
            let again = asked(&[("if-none-match", tags)]);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{tags}");
        }
        assert_eq!(asked(&[("if-none-match", "W/\"0\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn a_policy_names_the_host_that_was_asked_and_takes_nothing_else_from_it() {
        let policy = |host: &str| {
            let response = asked(&[("host", host)]);
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        assert!(policy("localhost:3000").contains("connect-src 'self' ws://localhost:3000 wss:"));
        assert!(policy("[::1]:3000").contains("ws://[::1]:3000 "));
        assert!(policy("a; script-src *").contains("connect-src 'self'; frame-src"));
    }

    #[test]
    fn brotli_is_taken_where_it_is_offered() {
        for (offered, takes) in [
            ("gzip, br", true),
            ("BR;q=0.5", true),
            ("br;q=0", false),
            ("gzip", false),
            ("*", false),
        ] {
            let request = Request::get("/").header("accept-encoding", offered);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let asked = Asked { uri: &parts.uri, headers: &parts.headers };
            assert_eq!(asked.takes_brotli(), takes, "{offered}");
        }
    }
}
