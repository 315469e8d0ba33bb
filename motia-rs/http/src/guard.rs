//! Who may ask under `/__motia`: pages of the app itself and programs, with the token where one is set.
//!
//! A page on the Internet can make a browser send requests to localhost. Browsers say so: in `Origin`,
//! and in `Sec-Fetch-Site`. Both are looked at on every request of every method, upgrades to WebSocket
//! among them, before anything below `/__motia` sees it.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts};
use motia_core::http::{Problem, request::bearer};
use sha2::{Digest as _, Sha256};

use crate::settings::{AdminAccess, HttpSettings};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The cookie that stands for the token.
const COOKIE: &str = "motia_session";

/// Who may ask under `/__motia`.
#[derive(Debug, Clone)]
pub struct Guard {
    access: AdminAccess,
    origins: Arc<[String]>,
}

impl Guard {
    /// The guard that the settings ask for.
    #[must_use]
    pub fn new(settings: &HttpSettings) -> Self {
        Self { access: settings.admin.clone(), origins: settings.allowed_origins.clone().into() }
    }

    /// Whether a request may pass.
    ///
    /// # Errors
    /// 403 for a foreign page, 401 without the token, 404 where `/__motia` is closed.
    pub fn check(&self, request: &Parts) -> Result<(), Box<Problem>> {
        if self.access == AdminAccess::Closed {
            return Err(crate::problem::not_found().into());
        }
        self.check_page(request)?;
        self.check_token(request)
    }

    /// Whether the page may ask that the request comes from, if it comes from one.
    ///
    /// # Errors
    /// 403 for a foreign page.
    pub fn check_page(&self, request: &Parts) -> Result<(), Box<Problem>> {
        let headers = &request.headers;
        if headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site") {
            return Err(foreign().into());
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if let Some(origin) = origins.next()
            && (origins.next().is_some() || !self.is_own(origin, host(&request.uri, headers)))
        {
            return Err(foreign().into());
        }
        Ok(())
    }

    /// Whether the request brings the token, where one is asked for.
    ///
    /// # Errors
    /// 401 without the token, 404 where `/__motia` is closed.
    pub fn check_token(&self, request: &Parts) -> Result<(), Box<Problem>> {
        match &self.access {
            AdminAccess::Closed => Err(crate::problem::not_found().into()),
            AdminAccess::Token(token) if !brings(&request.headers, token) => Err(unknown().into()),
            _ => Ok(()),
        }
    }

    /// The `Set-Cookie` that stands for the token from now on.
    pub(crate) fn cookie(&self) -> Option<HeaderValue> {
        let AdminAccess::Token(token) = &self.access else { return None };
        let cookie = format!(
            "{COOKIE}={}; Path=/__motia; HttpOnly; SameSite=Strict",
            hex(&Sha256::digest(token))
        );
        HeaderValue::from_str(&cookie).ok()
    }

    /// Whether a page of this origin is the app's own, or allowed. `null` is nobody's.
    fn is_own(&self, origin: &HeaderValue, host: Option<&str>) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        if self.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|own| host.is_some_and(|host| host.eq_ignore_ascii_case(own)))
    }
}

/// The host that was asked, with its port.
fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// Whether the request brings the token: itself, or the cookie that stands for it.
fn brings(headers: &HeaderMap, token: &str) -> bool {
    let bearer = bearer(headers).is_some_and(|sent| same(sent, token));
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    bearer
        || cookies.any(|cookie| {
            let sent = cookie.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='));
            sent.is_some_and(|sent| same(sent, &hex(&Sha256::digest(token))))
        })
}

/// Compares digests, so that the time it takes says nothing about the token.
fn same(sent: &str, token: &str) -> bool {
    Sha256::digest(sent) == Sha256::digest(token)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn foreign() -> Problem {
    Problem::new(StatusCode::FORBIDDEN)
        .detail("pages of other origins may not use this; add the origin to the allowed ones")
}

fn unknown() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED)
        .detail("bring the token that the app printed when it started, as `Authorization: Bearer`")
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn asked(access: AdminAccess, headers: &[(&str, &str)]) -> u16 {
        let settings = HttpSettings {
            admin: access,
            allowed_origins: vec!["http://localhost:5173".into()],
            ..HttpSettings::default()
        };
        let request = Request::post("/__motia/api").header("host", "localhost:3000");
        let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Guard::new(&settings).check(&parts).map_or_else(|it| it.status.as_u16(), |()| 200)
    }

    #[test]
    fn programs_and_the_apps_own_pages_pass() {
        for headers in [
            &[][..],
            &[("origin", "http://localhost:3000")],
            &[("origin", "https://LOCALHOST:3000"), ("sec-fetch-site", "same-origin")],
            &[("origin", "http://localhost:5173")],
            &[("sec-fetch-site", "none")],
        ] {
            assert_eq!(asked(AdminAccess::Open, headers), 200, "{headers:?}");
        }
    }

    #[test]
    fn foreign_pages_do_not_pass() {
        for headers in [
            &[("origin", "null")][..],
            &[("origin", "http://evil.example")],
            &[("origin", "http://localhost:8080")],
            &[("origin", "http://localhost")],
            &[("origin", "http://localhost:3000.evil.example")],
            &[("origin", "ws://localhost:3000")],
            &[("origin", "")],
            &[("origin", "http://localhost:3000"), ("origin", "http://evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(asked(AdminAccess::Open, headers), 403, "{headers:?}");
        }
    }

    #[test]
    fn where_a_token_is_set_it_must_be_brought() {
        let token = || AdminAccess::Token("s3cret".into());
        let cookie = Guard::new(&HttpSettings { admin: token(), ..HttpSettings::default() });
        let cookie = cookie.cookie().unwrap().to_str().unwrap().to_owned();
        let cookie = cookie.split(';').next().unwrap();

        assert_eq!(asked(token(), &[("authorization", "Bearer s3cret")]), 200);
        assert_eq!(asked(token(), &[("authorization", "bearer s3cret")]), 200);
        assert_eq!(asked(token(), &[("cookie", &format!("a=b; {cookie}"))]), 200);
        for headers in [
            &[][..],
            &[("authorization", "Bearer s3cre")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic s3cret")],
            &[("authorization", "s3cret")],
            &[("cookie", "motia_session=s3cret")],
            &[("cookie", "motia_session=")],
        ] {
            assert_eq!(asked(token(), headers), 401, "{headers:?}");
        }
        let foreign = [("authorization", "Bearer s3cret"), ("origin", "http://evil.example")];
        assert_eq!(asked(token(), &foreign), 403);
    }

    #[test]
    fn what_is_closed_is_not_there() {
        assert_eq!(asked(AdminAccess::Closed, &[]), 404);
    }
}
