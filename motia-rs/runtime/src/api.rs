//! Calls of API steps: middleware, validation, handler.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use http::StatusCode;
use motia_core::{
    context::{
        Context, Engine,
        notes::{Headers, Input, short},
    },
    error::{StepError, StepResult},
    http::{
        ApiRequest, ApiResponse, BodyKind, Middleware, Next, Problem, RawBody,
        middleware::ApiFuture,
    },
    redact::in_text,
    registry::{ApiStep, Kind, Step},
    schema::{Checker, Place, Schemas, Violation},
    trace::TraceContext,
};
use serde_json::Value;

use crate::{
    invoke::{attempt, first_run},
    runs::observe::{Observer, Observers},
    tasks::Tasks,
};

/// An API step, ready to be called.
pub struct Endpoint {
    step: Arc<Step>,
    checks: Checks,
    middleware: Arc<[Middleware]>,
    timeout: Duration,
    observer: Observer,
    engine: Arc<dyn Engine>,
    tasks: Tasks,
}

/// The compiled schemas of an endpoint.
#[derive(Debug, Default)]
struct Checks {
    body: Option<Checker>,
    query: Option<Checker>,
    params: Option<Checker>,
}

/// What all endpoints of an app share.
pub(crate) struct Shared<'a> {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) tasks: &'a Tasks,
    pub(crate) observers: &'a Observers,
    pub(crate) middleware: &'a [Middleware],
    pub(crate) timeout: Duration,
}

impl Endpoint {
    pub(crate) fn new(
        step: Arc<Step>,
        schemas: &mut Schemas,
        shared: &Shared<'_>,
    ) -> Result<Self, String> {
        let Kind::Api(api) = &step.kind else {
            return Err(format!("`{}` is no API step", step.name()));
        };
        let mut compile = |what: &str, schema: Option<_>| {
            let named =
                |why| format!("the {what} schema of `{}` does not compile: {why}", step.name());
            schema.map(|schema| schemas.checker(schema).map_err(named)).transpose()
        };
        let checks = Checks {
            body: compile("body", api.body)?,
            query: compile("query", api.options.query)?,
            params: compile("path", api.options.params)?,
        };
        let middleware = shared.middleware.iter().chain(api.options.middleware).copied().collect();
        Ok(Self {
            checks,
            middleware,
            timeout: api.options.timeout.unwrap_or(shared.timeout),
            observer: shared.observers.of(step.name(), "api"),
            engine: shared.engine.clone(),
            tasks: shared.tasks.clone(),
            step,
        })
    }

    /// The step.
    #[must_use]
    pub fn step(&self) -> &Arc<Step> {
        &self.step
    }

    /// What only an API step has.
    #[must_use]
    pub fn api(&self) -> &ApiStep {
        match &self.step.kind {
            Kind::Api(api) => api,
            _ => unreachable!("an endpoint is made of an API step"),
        }
    }

    /// Runs the step for a request. A caller that goes away does not stop it: what was begun runs to
    /// its end.
    pub fn call(self: &Arc<Self>, request: ApiRequest, trace: TraceContext) -> Call {
        self.begin(request, trace, None)
    }

    /// The same once more, for the run of this id.
    pub fn replay(self: &Arc<Self>, request: ApiRequest, trace: TraceContext, of: u64) -> Call {
        self.begin(request, trace, Some(of))
    }

    fn begin(
        self: &Arc<Self>,
        request: ApiRequest,
        trace: TraceContext,
        replay_of: Option<u64>,
    ) -> Call {
        let endpoint = self.clone();
        let answer = Box::pin(async move {
            let (engine, over) = (endpoint.engine.clone(), endpoint.tasks.over().clone());
            let mut run = first_run(engine, &endpoint.step, trace, over);
            let now = endpoint.engine.now();
            run.notes = endpoint.observer.notes(now, || Some(endpoint.input(&request)));
            if let Some(notes) = &mut run.notes {
                notes.replay_of = replay_of;
            }
            let (run, timeout) = (Arc::new(run), Some(endpoint.timeout));
            let ctx = Context::new(run.clone());
            let descend = || endpoint.clone().descend(0, request, ctx);
            attempt(&endpoint.observer, &run, timeout, descend, status).await
        });
        Call { answer: Some(answer), tasks: self.tasks.clone() }
    }

    /// What is shown of a request to those who look at its run later.
    fn input(&self, request: &ApiRequest) -> Input {
        let api = self.api();
        let mut asked = format!("{} {}", api.method, request.fill_shown(api.path));
        if !request.query_string().is_empty() {
            asked += &in_text(&format!("?{}", request.query_string()));
        }
        let input = match &request.body {
            RawBody::None => Input::of(&serde_json::Value::Null),
            RawBody::Json(value) => match &self.checks.body {
                Some(checker) => Input::hiding(value, |shown| checker.hide(shown)),
                None => Input::of(value),
            },
            RawBody::Bytes(bytes) => Input::left_out(&format!("{} bytes", bytes.len())),
            RawBody::Multipart(_) => Input::left_out("the parts of a form, read as they came"),
        };
        let headers = Some(Headers::of(&request.headers));
        Input { request: Some(short(&asked)), headers, ..input }
    }

    /// Goes through the middleware from `depth` on, then through the checks to the handler.
    fn descend(self: Arc<Self>, depth: usize, request: ApiRequest, ctx: Context) -> ApiFuture {
        match self.middleware.get(depth) {
            Some(middleware) => {
                let call = middleware.call;
                let inner = ctx.clone();
                let next = Next::new(move |request| self.descend(depth + 1, request, inner));
                call(request, ctx, next)
            }
            None => match self.checks.pass(&request, self.api().body_kind) {
                Ok(()) => (self.api().handler)(request, ctx),
                Err(problem) => Box::pin(std::future::ready(Err(StepError::Reject(problem)))),
            },
        }
    }
}

/// The status of an answer.
fn status(result: &StepResult<ApiResponse>) -> Option<u16> {
    Some(result.as_ref().map_or_else(StepError::status, |answer| answer.status).as_u16())
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.step).finish()
    }
}

impl Checks {
    fn pass(&self, request: &ApiRequest, kind: BodyKind) -> Result<(), Box<Problem>> {
        if let Some(params) = &self.params
            && let Err(errors) = params.check_text(request.params())
        {
            let detail = "nothing lies at a path with such parameters";
            let problem = Problem::new(StatusCode::NOT_FOUND).detail(detail);
            return Err(Box::new(Problem { errors: within(Place::Path, errors), ..problem }));
        }
        let mut errors = Vec::new();
        if let Some(query) = &self.query {
            let broken = check_pairs(query, request.query_string().as_bytes());
            errors.extend(within(Place::Query, broken));
        }
        if let (Some(form), BodyKind::Form, RawBody::Bytes(text)) =
            (&self.body, kind, &request.body)
        {
            errors.extend(check_pairs(form, text));
        }
        if let Some(body) = &self.body
            && kind == BodyKind::Json
        {
            match &request.body {
                RawBody::Json(value) => errors.extend(body.check(value).err().unwrap_or_default()),
                // An `Option`: nothing is as good as `null`.
                RawBody::None if body.check(&Value::Null).is_ok() => {}
                _ => errors.push(Violation::new("", "a JSON body is required").of_rule("required")),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(Box::new(Problem::violations(errors))) }
    }
}

/// Says which part of the request is meant.
fn within(place: Place, errors: Vec<Violation>) -> Vec<Violation> {
    errors.into_iter().map(|error| error.within(place)).collect()
}

/// Checks `a=1&b=2`.
fn check_pairs(checker: &Checker, text: &[u8]) -> Vec<Violation> {
    let pairs: Vec<_> = form_urlencoded::parse(text).into_owned().collect();
    let fields = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    checker.check_text(fields).err().unwrap_or_default()
}

/// A call under way. Dropped before its end, it goes on by itself.
pub struct Call {
    answer: Option<ApiFuture>,
    tasks: Tasks,
}

impl Future for Call {
    type Output = StepResult<ApiResponse>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let answer = self.answer.as_mut().expect("a call is not polled after its answer");
        let polled = answer.as_mut().poll(cx);
        if polled.is_ready() {
            self.answer = None;
        }
        polled
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.tasks.spawn(async move { drop(answer.await) });
        }
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Call")
    }
}
