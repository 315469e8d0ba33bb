//! What lies under `/__motia`, behind its guard.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, HttpBody as _},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use motia_core::{http::Problem, role::Role};
use tower::{Service, ServiceExt as _, service_fn};

use crate::{guard::Guard, problem, settings::HttpSettings, trace};

/// What a page may load where it does not say so itself: what the app serves, and no script but from a file.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                       font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
                       form-action 'none'; frame-ancestors 'self'";

/// Headers of every answer that does not say otherwise: it is shown in no frame, taken for nothing that it is
/// not, loads nothing from elsewhere, is kept by no browser or proxy, and its address is told to nobody.
const HARDENING: [(HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT)),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Asks the guard, then hands on.
pub(super) fn guarded(
    settings: &HttpSettings,
    admin: Router,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static {
    let guard = Guard::new(settings);
    service_fn(move |request: Request<Body>| {
        let (guard, admin) = (guard.clone(), admin.clone());
        async move { Ok(answer(&guard, admin, request).await) }
    })
}

async fn answer(guard: &Guard, admin: Router, request: Request<Body>) -> Response {
    let span = trace::Span::of(request.headers());
    let (mut parts, body) = request.into_parts();
    let is_session = parts.method == Method::POST && parts.uri.path() == "/session";
    let passed = guard.check(&parts).and_then(|role| {
        // Whoever brings a token to get the cookie for it changes nothing, and no form can bring one.
        if !is_session {
            Guard::check_change(&parts, role)?;
        }
        Ok(role)
    });
    let mut response = match passed {
        Err(refused) if wants_page(&parts.method, &parts.headers, &refused) => door(),
        Err(refused) => problem::response(*refused, None, span.trace_id()),
        Ok(role) if is_session => session(guard, role),
        Ok(role) => {
            parts.extensions.insert(role);
            let Ok(response) = admin.oneshot(Request::from_parts(parts, body)).await;
            in_words(response, span)
        }
    };
    let headers = response.headers_mut();
    for (name, value) in HARDENING {
        headers.entry(name).or_insert(value);
    }
    headers.entry(trace::X_TRACE_ID).or_insert_with(|| trace::header(span.trace_id()));
    response
}

/// axum's own 404 and 405 have no body: they become problems.
fn in_words(response: Response, span: trace::Span) -> Response {
    let bare = response.body().size_hint().exact() == Some(0);
    let refused = match response.status() {
        StatusCode::NOT_FOUND if bare => problem::not_found(),
        StatusCode::METHOD_NOT_ALLOWED if bare => problem::wrong_method(),
        _ => return response,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = problem::response(refused, None, span.trace_id());
    answer.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    answer
}

/// Gives the cookie that stands for the token, which the guard has seen.
fn session(guard: &Guard, role: Role) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend(guard.cookie(role).map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

/// Whether a person stands at the door without the token, rather than a program.
fn wants_page(method: &Method, headers: &HeaderMap, refused: &Problem) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    refused.status == StatusCode::UNAUTHORIZED
        && method == Method::GET
        && accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The page that takes the token from the address, where no server sees it, and trades it for the
/// cookie.
fn door() -> Response {
    let mut response = Response::new(Body::from(include_str!("door.html")));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; connect-src 'self'; script-src 'sha256-imC5peAifaEIAm7iHklDk6IDNVMznQur3/QzO7QV1uY='"),
    );
    response
}
