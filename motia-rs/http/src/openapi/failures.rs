//! What the framework answers for a step: the failures of an operation, in the form they have there.

use std::collections::BTreeSet;

use http::{StatusCode, header};
use motia_core::{
    config::path::parameters,
    http::{BodyKind, Problem, ProblemShape},
    registry::ApiStep,
    schema::{REFERENCE_PREFIX, Schemas, Violation},
    trace::TraceId,
};
use serde_json::{Value, json};

use super::components::{Components, PROBLEM};

/// The run that examples are of.
const EXAMPLE: TraceId = TraceId::from_bytes([0x4b; 16]);

/// A failure that the framework answers for a step.
pub(super) struct Failure {
    status: StatusCode,
    when: &'static str,
    media: String,
    /// Its schema, where it is no [`Problem`].
    schema: Option<Value>,
    /// What a rejection of the step's own looks like.
    example: Option<Value>,
}

impl Failure {
    /// The failures of a step whose problems have this shape, each status once: its own rejections
    /// first.
    pub(super) fn all(
        api: &ApiStep,
        shape: Option<ProblemShape>,
        schemas: &mut Schemas,
    ) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for reply in api.options.replies.iter().filter(|reply| reply.schema.is_none()) {
            let problem = Problem::new(reply.status()).detail(reply.description);
            let example = problem.clone().answer(shape, EXAMPLE).body;
            let described = Self::of(problem, reply.description, shape, schemas);
            let example = serde_json::from_slice(&example).ok();
            all.push(Self { when: reply.description, example, ..described });
        }
        all.extend(problems(api).map(|(problem, when)| Self::of(problem, when, shape, schemas)));
        let mut seen = BTreeSet::new();
        all.retain(|failure| seen.insert(failure.status));
        all
    }

    fn of(
        problem: Problem,
        when: &'static str,
        shape: Option<ProblemShape>,
        schemas: &mut Schemas,
    ) -> Self {
        // What is made of it says its status and its type.
        let answer = problem.answer(shape, EXAMPLE);
        let media = answer.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        Self {
            status: answer.status,
            when: shape.and_then(|it| it.description(answer.status)).unwrap_or(when),
            media: media.and_then(|it| it.split(';').next()).unwrap_or_default().to_owned(),
            schema: shape.map(|it| schemas.output(it.schema(answer.status))),
            example: None,
        }
    }

    /// The status.
    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Writes it as a response of an operation.
    pub(super) fn to_json(&self, components: &Components) -> Value {
        let schema = match &self.schema {
            Some(schema) => components.going_out(schema.clone()),
            None => json!({ "$ref": format!("{REFERENCE_PREFIX}{PROBLEM}") }),
        };
        let mut content = json!({ "schema": schema });
        if let Some(example) = &self.example {
            content["example"] = example.clone();
        }
        json!({ "description": self.when, "content": { &*self.media: content } })
    }
}

/// One problem of each kind that the framework answers for a step, and when.
fn problems(api: &ApiStep) -> impl Iterator<Item = (Problem, &'static str)> {
    let takes_body = api.body_kind != BodyKind::None;
    let typed = matches!(api.body_kind, BodyKind::Json | BodyKind::Form | BodyKind::Multipart);
    let idempotent = api.options.idempotent;
    let has_params = parameters(api.path).next().is_some();
    let may_be_bad = takes_body || has_params || api.options.query.is_some() || idempotent;
    let broken = |status| Problem {
        status,
        ..Problem::violations(vec![Violation::new("/field", "is required")])
    };
    let plain = Problem::new;
    [
        (
            may_be_bad,
            broken(StatusCode::BAD_REQUEST),
            "The request breaks a rule; `errors` has all.",
        ),
        (takes_body, plain(StatusCode::BAD_REQUEST), "The body was cut off."),
        (api.options.params.is_some(), broken(StatusCode::NOT_FOUND), "Nothing lies at this path."),
        (takes_body, plain(StatusCode::REQUEST_TIMEOUT), "The body took too long to arrive."),
        (idempotent, plain(StatusCode::CONFLICT), "The first request with this key still runs."),
        (takes_body, plain(StatusCode::PAYLOAD_TOO_LARGE), "The body is too large."),
        (typed, plain(StatusCode::UNSUPPORTED_MEDIA_TYPE), "The body is of another type."),
        (
            idempotent,
            broken(StatusCode::UNPROCESSABLE_ENTITY),
            "The key came with another request.",
        ),
        (true, plain(StatusCode::INTERNAL_SERVER_ERROR), "Something failed inside."),
        (true, plain(StatusCode::SERVICE_UNAVAILABLE), "Not now: try again after `Retry-After`."),
    ]
    .into_iter()
    .filter_map(|(occurs, problem, when)| occurs.then_some((problem, when)))
}
