//! One step behind its route: from the wire to the step and back.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::request::Parts;
use motia_core::{
    http::{ApiRequest, ApiResponse, Problem},
    trace::TraceContext,
};
use motia_runtime::{Runtime, api::Endpoint};

use crate::{
    answer::{self, Streams},
    decode::Rules,
    idempotency::Idempotency,
    metrics::RouteMetrics,
    params, problem,
    settings::HttpSettings,
    trace,
};

/// One step behind its route. All that does not change from request to request is worked out here.
pub(crate) struct Route {
    endpoint: Arc<Endpoint>,
    names: Box<[Arc<str>]>,
    body: Rules,
    idempotency: Option<Arc<Idempotency>>,
    streams: Streams,
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
        let once = api.options.idempotent.then(|| {
            let timeout = api.options.timeout.unwrap_or(runtime.settings().handler_timeout);
            Arc::new(Idempotency::new(runtime, settings, endpoint.step().name(), timeout))
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
            metrics,
            endpoint: endpoint.clone(),
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, parts: Parts, body: Body, span: TraceContext) -> Response {
        let traced = trace::is_asked_for(&parts.headers);
        let mut response = match self.run(parts, body, span).await {
            Ok(answer) => answer::response(answer, span.trace_id, &self.streams),
            Err(problem) => problem::response(*problem, span.trace_id),
        };
        if traced {
            trace::say(response.headers_mut(), span);
        }
        response
    }

    async fn run(
        &self,
        mut parts: Parts,
        body: Body,
        span: TraceContext,
    ) -> Result<ApiResponse, Box<Problem>> {
        let params = match &*self.names {
            [] => Vec::new(),
            names => params::read(&mut parts, names).await?,
        };
        let received = self.body.read(&parts.headers, body).await?;
        let asked = match &self.idempotency {
            Some(once) => once.asked(&parts, received.bytes())?.map(|asked| (once, asked)),
            None => None,
        };
        let query = parts.uri.query().map(str::to_owned);
        let body = self.body.parse(received)?;
        let request = ApiRequest::from_parts(body, parts.headers, params, query);
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

/// Calls the step.
async fn call(
    endpoint: &Arc<Endpoint>,
    request: ApiRequest,
    span: TraceContext,
) -> Result<ApiResponse, Box<Problem>> {
    let answer = endpoint.call(request, span).await;
    answer.or_else(|error| problem::of_step(error, endpoint.step().name(), span.trace_id))
}
