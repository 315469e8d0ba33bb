//! The same API without a socket: what the command line asks when no server runs.

use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::who::BY;

/// Asks the API for `path`, which may have a query string. An empty answer is `null`.
pub async fn call(
    api: &Router,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (StatusCode, Value) {
    call_by(api, "", method, path, body).await
}

/// The same in somebody's name, for the audit log.
pub async fn call_by(
    api: &Router,
    by: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Ok(by) = HeaderValue::from_bytes(by.as_bytes()) {
        request = request.header(BY, by);
    }
    let request = match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    };
    let Ok(request) = request else {
        return (StatusCode::BAD_REQUEST, Value::Null);
    };
    let Ok(response) = api.clone().oneshot(request).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}
