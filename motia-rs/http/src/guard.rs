//! Who may ask under `/__motia`, and what they may do there: pages of the app itself and programs, with a
//! token where one is set.
//!
//! A page on the Internet can make a browser send requests to localhost. Browsers say so: in `Origin`,
//! and in `Sec-Fetch-Site`. Both are looked at on every request of every method, upgrades to WebSocket
//! among them, before anything below `/__motia` sees it. Whatever changes something is asked for one thing
//! more by a browser: a header that no form can send, and no page of another origin without asking first.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use motia_core::{
    http::{Problem, request::bearer},
    role::{Role, may_change},
};
use sha2::{Digest as _, Sha256};

use crate::settings::{AdminAccess, HttpSettings};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What a browser says beside whatever changes something.
pub const CHANGES: HeaderName = HeaderName::from_static("x-motia-workbench");

/// The cookie that stands for a token.
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

    /// Whether a request may pass, and what whoever sent it may do.
    ///
    /// # Errors
    /// 403 for a foreign page, 401 without a token, 404 where `/__motia` is closed.
    pub fn check(&self, request: &Parts) -> Result<Role, Box<Problem>> {
        if self.access == AdminAccess::Closed {
            return Err(crate::problem::not_found().into());
        }
        if !is_visit(request) {
            self.check_page(request)?;
        }
        self.check_token(request)
    }

    /// Whether the page may ask that the request comes from, if it comes from one.
    ///
    /// # Errors
    /// 403 for a foreign page.
    pub fn check_page(&self, request: &Parts) -> Result<(), Box<Problem>> {
        let headers = &request.headers;
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next();
        if origins.next().is_some() {
            return Err(foreign().into());
        }
        if origin.is_some_and(|origin| self.is_allowed(origin)) {
            return Ok(());
        }
        // Another port of this machine is another origin too, and the same site.
        let of_its_own = |site: &HeaderValue| site == "same-origin" || site == "none";
        let is_near = headers.get_all(SEC_FETCH_SITE).iter().all(of_its_own);
        let is_own = origin.is_none_or(|origin| is_own(origin, host(&request.uri, headers)));
        if is_near && is_own { Ok(()) } else { Err(foreign().into()) }
    }

    /// Whether the request brings a token, where one is asked for, and what it allows.
    ///
    /// # Errors
    /// 401 without a token, 404 where `/__motia` is closed.
    pub fn check_token(&self, request: &Parts) -> Result<Role, Box<Problem>> {
        let brings = |token: &str, role| brings(&request.headers, token, role);
        match &self.access {
            AdminAccess::Closed => Err(crate::problem::not_found().into()),
            AdminAccess::Open => Ok(Role::Operate),
            AdminAccess::Token { operate, .. } if brings(operate, Role::Operate) => {
                Ok(Role::Operate)
            }
            AdminAccess::Token { read: Some(read), .. } if brings(read, Role::Read) => {
                Ok(Role::Read)
            }
            AdminAccess::Token { .. } => Err(unknown().into()),
        }
    }

    /// Whether somebody of this role may send this request, if it changes something.
    ///
    /// # Errors
    /// 403 for who may only read, and for a browser that does not say [`CHANGES`].
    pub fn check_change(request: &Parts, role: Role) -> Result<(), Box<Problem>> {
        if !may_change(&request.method) {
            return Ok(());
        }
        if !role.may_change() {
            return Err(reads_only().into());
        }
        let headers = &request.headers;
        let by_browser =
            headers.contains_key(header::ORIGIN) || headers.contains_key(SEC_FETCH_SITE);
        if by_browser && !headers.contains_key(CHANGES) {
            return Err(unsaid().into());
        }
        Ok(())
    }

    /// The `Set-Cookie` that stands for the token of this role from now on.
    pub(crate) fn cookie(&self, role: Role) -> Option<HeaderValue> {
        let AdminAccess::Token { operate, read } = &self.access else { return None };
        let token = match role {
            Role::Read => read.as_ref()?,
            Role::Operate => operate,
        };
        let value = stands_for(token, role);
        let cookie = format!("{COOKIE}={value}; Path=/__motia; HttpOnly; SameSite=Strict");
        HeaderValue::from_str(&cookie).ok()
    }

    fn is_allowed(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| origin == allowed.as_str())
    }
}

/// Whether a person opens a page by a link, or from the address line: nothing of it is shown to the page that
/// had the link. What answers with data is no page.
fn is_visit(request: &Parts) -> bool {
    let says = |name, value: &str| request.headers.get(name).is_some_and(|said| said == value);
    request.method == Method::GET
        && !request.headers.contains_key(header::ORIGIN)
        && says(SEC_FETCH_MODE, "navigate")
        && says(SEC_FETCH_DEST, "document")
        && !["/api", "/streams", "/session"].iter().any(|data| request.uri.path().starts_with(data))
}

/// Whether a page of this origin is the app's own. `null` is nobody's.
fn is_own(origin: &HeaderValue, host: Option<&str>) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|own| host.is_some_and(|host| host.eq_ignore_ascii_case(own)))
}

/// The host that was asked, with its port.
fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// Whether the request brings the token: itself, or the cookie that stands for it.
fn brings(headers: &HeaderMap, token: &str, role: Role) -> bool {
    let bearer = bearer(headers).is_some_and(|sent| same(sent, token));
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    bearer
        || cookies.any(|cookie| {
            let sent = cookie.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='));
            sent.is_some_and(|sent| same(sent, &stands_for(token, role)))
        })
}

/// What the cookie holds for a token: nobody can make the token of it, nor the cookie of another role.
fn stands_for(token: &str, role: Role) -> String {
    hex(&Sha256::digest(format!("{COOKIE}/{role}/{token}")))
}

/// Compares digests bit by bit to their end, so that the time it takes says nothing about the token.
fn same(sent: &str, token: &str) -> bool {
    let (sent, token) = (Sha256::digest(sent), Sha256::digest(token));
    sent.iter().zip(token).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
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
        .detail(
            "bring the token that the app was given (`MOTIA_TOKEN`), as `Authorization: Bearer`",
        )
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn reads_only() -> Problem {
    Problem::new(StatusCode::FORBIDDEN).detail(
        "this token is for reading (`read_token`): bring the one of `token` to change something",
    )
}

fn unsaid() -> Problem {
    Problem::new(StatusCode::FORBIDDEN).detail(
        "a browser sends the header `x-motia-workbench: 1` with whatever changes something: it shows that \
         no form and no page of another origin sent it",
    )
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SAID: (&str, &str) = ("x-motia-workbench", "1");

    fn asked(access: AdminAccess, headers: &[(&str, &str)]) -> u16 {
        ask(Request::post("/api/queues/Charge/pause"), access, headers)
    }

    fn ask(request: http::request::Builder, access: AdminAccess, headers: &[(&str, &str)]) -> u16 {
        let settings = HttpSettings {
            admin: access,
            allowed_origins: vec!["http://localhost:5173".into()],
            ..HttpSettings::default()
        };
        let request = request.header("host", "localhost:3000");
        let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let guard = Guard::new(&settings);
        let passed = guard.check(&parts).and_then(|role| Guard::check_change(&parts, role));
        passed.map_or_else(|it| it.status.as_u16(), |()| 200)
    }

    #[test]
    fn programs_and_the_apps_own_pages_pass() {
        for headers in [
            &[][..],
            &[SAID, ("origin", "http://localhost:3000")],
            &[SAID, ("origin", "https://LOCALHOST:3000"), ("sec-fetch-site", "same-origin")],
            &[SAID, ("origin", "http://localhost:5173")],
            &[SAID, ("origin", "http://localhost:5173"), ("sec-fetch-site", "same-site")],
            &[SAID, ("origin", "http://localhost:5173"), ("sec-fetch-site", "cross-site")],
            &[SAID, ("sec-fetch-site", "none")],
        ] {
            assert_eq!(asked(AdminAccess::Open, headers), 200, "{headers:?}");
        }
    }

    #[test]
    fn a_browser_has_to_say_that_it_means_to_change_something() {
        for headers in [&[("origin", "http://localhost:3000")][..], &[("sec-fetch-site", "none")]] {
            assert_eq!(asked(AdminAccess::Open, headers), 403, "{headers:?}");
            let read = Request::get("/api/queues");
            assert_eq!(ask(read, AdminAccess::Open, headers), 200, "{headers:?}");
        }
    }

    #[test]
    fn a_person_may_follow_a_link_to_a_page_and_no_page_may_follow_it_to_data() {
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let open = || AdminAccess::Open;

        assert_eq!(ask(Request::get("/queues"), open(), &link), 200);
        assert_eq!(ask(Request::get("/api/state/orders"), open(), &link), 403);
        assert_eq!(ask(Request::post("/queues"), open(), &link), 403);
        let framed = [link[0], link[1], ("sec-fetch-dest", "iframe")];
        assert_eq!(ask(Request::get("/queues"), open(), &framed), 403);
    }

    #[test]
    fn who_may_read_reads_and_is_told_how_to_change() {
        let access = || AdminAccess::tokens("s3cret", "l00k");
        let reader = [("authorization", "Bearer l00k")];

        for method in ["GET", "HEAD", "OPTIONS"] {
            let request = Request::builder().method(method).uri("/api/queues");
            assert_eq!(ask(request, access(), &reader), 200, "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "BREW"] {
            let request = Request::builder().method(method).uri("/api/queues");
            assert_eq!(ask(request, access(), &reader), 403, "{method}");
            let request = Request::builder().method(method).uri("/api/queues");
            let operator = [("authorization", "Bearer s3cret")];
            assert_eq!(ask(request, access(), &operator), 200, "{method}");
        }
    }

    #[test]
    fn a_cookie_is_of_one_role() {
        let settings =
            HttpSettings { admin: AdminAccess::tokens("same", "same"), ..HttpSettings::default() };
        let guard = Guard::new(&settings);
        let role_of = |cookie: HeaderValue| {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (parts, ()) =
                Request::get("/").header("cookie", cookie).body(()).unwrap().into_parts();
            guard.check_token(&parts).unwrap()
        };

        for role in [Role::Read, Role::Operate] {
            assert_eq!(role_of(guard.cookie(role).unwrap()), role);
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
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://localhost:3000"), ("sec-fetch-site", "same-site")],
            &[("origin", "http://localhost:5173"), ("origin", "http://localhost:5173")],
        ] {
            let said = [headers, &[SAID]].concat();
            assert_eq!(asked(AdminAccess::Open, &said), 403, "{headers:?}");
            let read = Request::get("/api/queues");
            assert_eq!(ask(read, AdminAccess::Open, headers), 403, "{headers:?}");
        }
    }

    #[test]
    fn where_a_token_is_set_it_must_be_brought() {
        let token = || AdminAccess::token("s3cret");
        let cookie = Guard::new(&HttpSettings { admin: token(), ..HttpSettings::default() });
        let cookie = cookie.cookie(Role::Operate).unwrap().to_str().unwrap().to_owned();
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
