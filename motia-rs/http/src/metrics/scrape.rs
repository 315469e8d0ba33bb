//! `/metrics`: all that is counted, and what is measured when somebody asks.

use axum::response::Response;
use http::{HeaderValue, header};
use motia_core::trace::TraceContext;
use motia_runtime::{Runtime, metrics};

use crate::{problem, trace};

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Writes the page.
pub(crate) async fn page(runtime: &Runtime) -> Response {
    let trace_id = TraceContext::root().trace_id;
    let text = match metrics::page::page(runtime).await {
        Ok(text) => text,
        Err(error) => return problem::response(problem::store_failed(&error), None, trace_id),
    };
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
    response.headers_mut().insert(trace::X_TRACE_ID, trace::header(trace_id));
    response
}
