//! All methods of one path, and what is answered to the others.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, body::Body, response::Response};
use http::{HeaderValue, Method, Request, StatusCode, header};
use motia_core::{http::ProblemShape, trace::TraceId};
use tokio::time::Instant;
use tower::service_fn;

use crate::{
    metrics::HttpMetrics,
    problem,
    route::{Begun, Route},
    trace::{self, Span},
};

/// All methods of one path. `HEAD` is answered by the `GET` route; axum takes the body away.
pub(crate) struct Junction {
    /// The path, as the first of its steps writes it.
    path: &'static str,
    routes: Vec<(Method, Arc<Route>)>,
    allow: HeaderValue,
    shape: Option<ProblemShape>,
    metrics: HttpMetrics,
}

impl Junction {
    /// A path without methods yet.
    pub(crate) fn new(
        path: &'static str,
        shape: Option<ProblemShape>,
        metrics: HttpMetrics,
    ) -> Self {
        let allow = HeaderValue::from_static("OPTIONS");
        Self { path, routes: Vec::new(), allow, shape, metrics }
    }

    /// Adds a method.
    ///
    /// # Panics
    /// When the method is there already; the boot check says so before, with both places.
    pub(crate) fn add(&mut self, method: Method, route: Route) {
        let free = self.routes.iter().all(|(known, _)| *known != method);
        assert!(free, "two steps answer `{method} {}`", self.path);
        self.routes.push((method, Arc::new(route)));
        self.allow = allow(self.routes.iter().map(|(method, _)| method));
    }

    /// Mounts it at the shape of its path.
    pub(crate) fn mount(self, shape: &str, router: Router) -> Router {
        let junction = Arc::new(self);
        router.route_service(
            shape,
            service_fn(move |request: Request<Body>| junction.clone().answer(request)),
        )
    }

    /// Answers a request. What can be done at once is done before the future is made, to keep it
    /// small: it is moved several times.
    fn answer(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let span = Span::of(&parts.headers);
        let begun = match self.route(&parts.method) {
            Some(route) => Ok((route.clone(), route.begin(parts, body, span.context))),
            None => Err(Box::new(self.turn_away(&parts.method, span.trace_id()))),
        };
        async move {
            let (route, begun) = match begun {
                Ok(begun) => begun,
                Err(response) => return Ok(*response),
            };
            let answer = match begun {
                Begun::Called(call) => call.await.or_else(|error| route.refuse(error, &span)),
                Begun::Reading(reading) => reading.await,
                Begun::Refused(refused) => Err(refused),
            };
            let response = route.end(answer, &span);
            route.metrics.answered(response.status(), began.elapsed());
            Ok(response)
        }
    }

    fn route(&self, method: &Method) -> Option<&Arc<Route>> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        self.routes.iter().find(|(known, _)| known == wanted).map(|(_, route)| route)
    }

    /// Says which methods there are: on `OPTIONS` gladly, on others with 405.
    fn turn_away(&self, method: &Method, trace_id: TraceId) -> Response {
        let mut response = if *method == Method::OPTIONS {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response.headers_mut().insert(trace::X_TRACE_ID, trace::header(trace_id));
            response
        } else {
            problem::response(problem::wrong_method(), self.shape, trace_id)
        };
        response.headers_mut().insert(header::ALLOW, self.allow.clone());
        self.metrics.refused(method, self.path, response.status());
        response
    }
}

/// The `Allow` of a path with these methods.
fn allow<'m>(methods: impl Iterator<Item = &'m Method>) -> HeaderValue {
    let mut names: Vec<_> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    HeaderValue::from_str(&names.join(", ")).expect("methods may stand in a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_names_what_is_answered_for_the_steps_too() {
        assert_eq!(allow([Method::POST, Method::GET].iter()), "GET, HEAD, OPTIONS, POST");
        assert_eq!(allow([Method::DELETE].iter()), "DELETE, OPTIONS");
    }
}
