//! `/livez` and `/readyz`, for whatever keeps the process running and sends it requests.

use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use motia_core::trace::TraceContext;
use motia_runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::trace;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// `/livez`: the process answers.
pub(crate) fn alive() -> Response {
    answer(StatusCode::OK, r#"{"status":"alive"}"#)
}

/// `/readyz`: the app takes requests, and its store can be read.
pub(crate) async fn ready(runtime: &Runtime, stopping: &CancellationToken) -> Response {
    if stopping.is_cancelled() || runtime.tasks().stopping().is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stopping"}"#);
    }
    let now = runtime.engine().now();
    let read = runtime.store().get("__motia.ready", "probe", now);
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(_)) => answer(StatusCode::OK, r#"{"status":"ready"}"#),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store cannot be read");
            answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"the store cannot be read"}"#)
        }
        Err(_) => {
            tracing::warn!("the store did not answer within {PATIENCE:?}");
            answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"the store does not answer"}"#)
        }
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(trace::X_TRACE_ID, trace::header(TraceContext::root().trace_id));
    response
}
