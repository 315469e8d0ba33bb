//! What is answered where no step answers: 404, or the way to the path that was meant.

use std::{convert::Infallible, sync::Arc};

use axum::{body::Body, response::Response};
use http::{HeaderValue, Request, StatusCode, Uri, header};
use motia_core::http::ProblemShape;
use tower::{Service, service_fn};

use crate::{
    metrics::{HttpMetrics, NOWHERE},
    problem,
    settings::HttpSettings,
    trace,
};

/// What is answered where no step answers.
pub(super) struct Nowhere {
    problems: Box<[ProblemShape]>,
    /// The paths of the steps, where their last `/` may be forgotten or be one too many.
    known: Option<matchit::Router<()>>,
    metrics: HttpMetrics,
}

impl Nowhere {
    /// What is answered beside `shapes`, the shapes of the steps' paths.
    pub(super) fn new<'s>(
        settings: &HttpSettings,
        shapes: impl Iterator<Item = &'s String>,
        metrics: HttpMetrics,
    ) -> Self {
        let known = settings.redirect_slashes.then(|| {
            let mut known = matchit::Router::new();
            for shape in shapes {
                // The router that answers refuses what cannot be told apart.
                let _ = known.insert(shape, ());
            }
            known
        });
        Self { problems: settings.problems.as_slice().into(), known, metrics }
    }

    /// Itself as a service.
    pub(super) fn service(
        self,
    ) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static {
        let nowhere = Arc::new(self);
        service_fn(move |request: Request<Body>| std::future::ready(Ok(nowhere.answer(&request))))
    }

    fn answer(&self, request: &Request<Body>) -> Response {
        let trace_id = trace::Span::of(request.headers()).trace_id();
        let response = if let Some(meant) = self.meant(request.uri()) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(header::LOCATION, meant);
            response.headers_mut().insert(trace::X_TRACE_ID, trace::header(trace_id));
            response
        } else {
            let shape = ProblemShape::of(&self.problems, request.uri().path());
            problem::response(problem::not_found(), shape, trace_id)
        };
        self.metrics.refused(request.method(), NOWHERE, response.status());
        response
    }

    /// The path with its last `/` added or taken away, if that leads to a step; the query is kept.
    fn meant(&self, asked: &Uri) -> Option<HeaderValue> {
        let path = asked.path();
        let meant = match path.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{path}/"),
        };
        // `//host/path` would lead to another host.
        if meant.starts_with("//") || self.known.as_ref()?.at(&meant).is_err() {
            return None;
        }
        let meant = match asked.query() {
            Some(query) => format!("{meant}?{query}"),
            None => meant,
        };
        HeaderValue::from_str(&meant).ok()
    }
}
