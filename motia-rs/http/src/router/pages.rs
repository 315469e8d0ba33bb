//! What the app says about itself, each page at its own path.

use std::sync::{Arc, OnceLock};

use axum::{
    body::Body,
    response::Response,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use motia_core::{http::ProblemShape, trace::TraceContext};
use motia_runtime::Runtime;

use crate::{health, metrics, openapi, problem, settings::HttpSettings, trace};

/// The pages with their paths.
pub(super) fn all(runtime: &Runtime, settings: &HttpSettings) -> [(&'static str, MethodRouter); 4] {
    let stopping = settings.stopping.clone();
    let ready = {
        let runtime = runtime.clone();
        get(async move || health::ready(&runtime, &stopping).await)
    };
    let counted = {
        let runtime = runtime.clone();
        get(async move || metrics::page(&runtime).await)
    };
    [
        ("/livez", get(async || health::alive())),
        ("/readyz", ready),
        ("/metrics", counted),
        ("/openapi.json", document(runtime.clone(), settings.clone())),
    ]
    .map(|(path, page)| {
        let shape = ProblemShape::of(&settings.problems, path);
        (path, page.fallback(move |headers| turn_away(headers, shape)))
    })
}

/// The `OpenAPI` document, rendered when it is first asked for.
fn document(runtime: Runtime, settings: HttpSettings) -> MethodRouter {
    let rendered = Arc::new(OnceLock::<Bytes>::new());
    get(async move || {
        let text = rendered
            .get_or_init(|| openapi::document(runtime.registry(), &settings).to_string().into());
        let mut response = Response::new(Body::from(text.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(trace::X_TRACE_ID, trace::header(TraceContext::root().trace_id));
        response
    })
}

/// 405; axum adds the `Allow`.
async fn turn_away(headers: HeaderMap, shape: Option<ProblemShape>) -> Response {
    let trace_id = trace::Span::of(&headers).trace_id();
    problem::response(problem::wrong_method(), shape, trace_id)
}
