//! The front door of an app that answers nothing at `/`: people are shown to the Workbench, if it is open to them.

use std::convert::Infallible;

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use tower::{Service, ServiceExt as _, service_fn};

use crate::{guard::Guard, settings::HttpSettings, trace};

/// Where the Workbench is.
const WORKBENCH: HeaderValue = HeaderValue::from_static("/__motia/");

/// Shows people to the Workbench; hands everybody else on.
pub(super) fn door<S>(
    settings: &HttpSettings,
    nowhere: S,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let guard = Guard::new(settings);
    service_fn(move |request: Request<Body>| {
        let (guard, nowhere) = (guard.clone(), nowhere.clone());
        async move {
            let (parts, body) = request.into_parts();
            if is_person(&parts.method, &parts.headers) && guard.check(&parts).is_ok() {
                return Ok(shown_in(&parts.headers));
            }
            nowhere.oneshot(Request::from_parts(parts, body)).await
        }
    })
}

/// Whether a page is wanted, rather than data.
fn is_person(method: &Method, headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let looks = [Method::GET, Method::HEAD].contains(method);
    looks && accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn shown_in(headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let trace_id = trace::header(trace::Span::of(headers).trace_id());
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, WORKBENCH);
    // The app may answer here tomorrow.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(trace::X_TRACE_ID, trace_id);
    response
}
