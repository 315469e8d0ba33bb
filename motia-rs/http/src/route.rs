//! One step behind its route: from the wire to the step and back.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::request::Parts;
use motia_core::{
    error::StepError,
    http::{ApiRequest, ApiResponse, BodyKind, Problem, ProblemShape, RawBody},
    store::BoxFuture,
    trace::TraceContext,
};
use motia_runtime::{
    Runtime,
    api::{Call, Endpoint},
};

use crate::{
    answer::{self, Streams},
    decode::Rules,
    idempotency::Idempotency,
    metrics::RouteMetrics,
    params, problem,
    settings::HttpSettings,
    trace::Span,
};

/// One step behind its route. All that does not change from request to request is worked out here.
pub(crate) struct Route {
    endpoint: Arc<Endpoint>,
    names: Box<[Arc<str>]>,
    body: Rules,
    idempotency: Option<Arc<Idempotency>>,
    streams: Streams,
    shape: Option<ProblemShape>,
    /// What is counted of it.
    pub(crate) metrics: RouteMetrics,
}

impl Route {
    /// The route of an API step.
    pub(crate) fn new(
        endpoint: &Arc<Endpoint>,
        runtime: &Runtime,
        settings: &HttpSettings,
        metrics: RouteMetrics,
    ) -> Self {
        let api = endpoint.api();
        let shape = ProblemShape::of(&settings.problems, api.path);
        let once = api.options.idempotent.then(|| {
            let timeout = api.options.timeout.unwrap_or(runtime.settings().handler_timeout);
            Arc::new(Idempotency::new(runtime, settings, endpoint.step().name(), timeout, shape))
        });
        Self {
            names: params::names(api.path),
            body: Rules {
                kind: api.body_kind,
                limit: api.options.body_limit.unwrap_or(settings.body_limit),
                depth: settings.json_depth,
                timeout: settings.body_timeout,
            },
            idempotency: once,
            streams: Streams {
                keep_alive: settings.sse_keep_alive,
                stopping: settings.stopping.clone(),
            },
            shape,
            metrics,
            endpoint: endpoint.clone(),
        }
    }

    /// Begins the answer of a request. A step that takes no body is called at once, so that next to
    /// nothing has to be carried to where the answer is awaited: most of what a request costs beyond
    /// the step is the moving about of its parts.
    pub(crate) fn begin(self: &Arc<Self>, parts: Parts, body: Body, span: TraceContext) -> Begun {
        if self.body.kind == BodyKind::None && self.idempotency.is_none() {
            return match self.request(parts, RawBody::None) {
                Ok(request) => Begun::Called(self.endpoint.call(request, span)),
                Err(refused) => Begun::Refused(refused),
            };
        }
        let route = self.clone();
        Begun::Reading(Box::pin(async move { route.read(parts, body, span).await }))
    }

    /// Ends the answer of a request.
    pub(crate) fn end(&self, answer: Result<ApiResponse, Box<Problem>>, span: &Span) -> Response {
        let mut response = match answer {
            Ok(answer) => answer::response(answer, span.trace_id(), &self.streams),
            Err(problem) => problem::response(*problem, self.shape, span.trace_id()),
        };
        span.tell(response.headers_mut());
        response
    }

    /// What a failed call answers.
    pub(crate) fn refuse(
        &self,
        error: StepError,
        span: &Span,
    ) -> Result<ApiResponse, Box<Problem>> {
        problem::of_step(error, self.endpoint.step().name(), span.trace_id())
    }

    fn request(&self, mut parts: Parts, body: RawBody) -> Result<ApiRequest, Box<Problem>> {
        let params = match &*self.names {
            [] => Vec::new(),
            names => params::read(&mut parts, names)?,
        };
        let query = parts.uri.query().map(str::to_owned);
        Ok(ApiRequest::from_parts(body, parts.headers, params, query))
    }

    async fn read(
        &self,
        parts: Parts,
        body: Body,
        span: TraceContext,
    ) -> Result<ApiResponse, Box<Problem>> {
        let received = self.body.read(&parts.headers, body).await?;
        let asked = match &self.idempotency {
            Some(once) => once.asked(&parts, received.bytes())?.map(|asked| (once, asked)),
            None => None,
        };
        let body = self.body.parse(received)?;
        let request = self.request(parts, body)?;
        match asked {
            None => call(&self.endpoint, request, span).await,
            Some((once, asked)) => {
                // Begun inside, for a call that is begun runs to its end even if nobody awaits it.
                let endpoint = self.endpoint.clone();
                let whole = async move { call(&endpoint, request, span).await };
                Box::pin(once.clone().answer(asked, span, whole)).await
            }
        }
    }
}

/// An answer that was begun.
pub(crate) enum Begun {
    /// The step was called.
    Called(Call),
    /// The body is being read, and then the step is called.
    Reading(BoxFuture<'static, Result<ApiResponse, Box<Problem>>>),
    /// It is over already.
    Refused(Box<Problem>),
}

/// Calls the step.
async fn call(
    endpoint: &Arc<Endpoint>,
    request: ApiRequest,
    span: TraceContext,
) -> Result<ApiResponse, Box<Problem>> {
    let answer = endpoint.call(request, span).await;
    answer.or_else(|error| problem::of_step(error, endpoint.step().name(), span.trace_id))
}
