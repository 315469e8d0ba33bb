//! Errors in a form of the app's own, for contracts that are not RFC 9457 problems.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde_json::Value;

use super::{ApiResponse, Problem};
use crate::{
    config::api::ReplySchema,
    schema::{SchemaFn, schema_of},
    trace::TraceId,
};

/// Another form for every error under some paths: what steps refuse, what breaks a schema, and what
/// is turned away before a step is reached, such as a path that leads nowhere, a method that is not
/// answered and a body that is too large. The `OpenAPI` document follows it.
///
/// What a step answers with [`StepError::respond`](crate::error::StepError::respond) stays as it is,
/// and so does everything under `/__motia`.
///
/// # Example: refusals that are one line, and 422 for what breaks a schema
/// ```
/// use http::StatusCode;
/// use motia_core::{
///     config::api::reply,
///     http::{ApiResponse, Problem, ProblemShape},
///     schema::Violation,
///     trace::TraceContext,
/// };
/// use schemars::JsonSchema;
/// use serde_json::{Value, json};
///
/// #[derive(JsonSchema)]
/// struct Refusal {
///     error: String,
/// }
///
/// #[derive(JsonSchema)]
/// struct Invalid {
///     faults: Vec<Fault>,
/// }
///
/// #[derive(JsonSchema)]
/// struct Fault {
///     /// `["body", "items", 0, "name"]`
///     at: Vec<Value>,
///     why: String,
/// }
///
/// const PLAIN: ProblemShape = ProblemShape::new::<Refusal>(&["/v1/"], plain)
///     .replies(&[reply::<Invalid>(422, "The request breaks a rule.")]);
///
/// fn plain(problem: &Problem) -> ApiResponse<Value> {
///     if problem.errors.is_empty() {
///         let error = problem.detail.as_deref().unwrap_or("refused");
///         return ApiResponse::with_status(problem.status, json!({ "error": error }));
///     }
///     let fault = |it: &Violation| json!({ "at": it.location(), "why": it.detail });
///     let faults: Vec<_> = problem.errors.iter().map(fault).collect();
///     ApiResponse::with_status(StatusCode::UNPROCESSABLE_ENTITY, json!({ "faults": faults }))
/// }
///
/// let broken = Problem::violations(vec![Violation::new("/items/0/name", "is required")]);
/// let answer = PLAIN.answer(broken);
/// assert_eq!(answer.status, 422);
/// assert_eq!(
///     answer.body,
///     r#"{"faults":[{"at":["body","items",0,"name"],"why":"is required"}]}"#
/// );
/// ```
#[derive(Clone, Copy)]
pub struct ProblemShape {
    under: &'static [&'static str],
    render: fn(&Problem) -> ApiResponse<Value>,
    schema: SchemaFn,
    replies: &'static [ReplySchema],
}

impl ProblemShape {
    /// What `render` makes of a problem, for the paths `under` and all that lies below them:
    /// `/v1` and `/v1/` both hold for `/v1` and `/v1/jobs`, and not for `/v10`. `T` is the answer's
    /// type in the `OpenAPI` document, for each status that [`replies`](Self::replies) does not name.
    ///
    /// `render` says the status too. Headers of the problem, such as `Retry-After`, are kept; the
    /// content type is `application/json` where `render` sets no other. [`Problem::errors`] says
    /// what breaks a rule, and where.
    ///
    /// # Panics
    /// At compile time, when a path does not start with `/`.
    #[must_use]
    pub const fn new<T: JsonSchema>(
        under: &'static [&'static str],
        render: fn(&Problem) -> ApiResponse<Value>,
    ) -> Self {
        let mut i = 0;
        while i < under.len() {
            let path = under[i].as_bytes();
            assert!(
                !path.is_empty() && path[0] == b'/',
                "a path of a problem shape starts with `/`"
            );
            i += 1;
        }
        Self { under, render, schema: schema_of::<T>(), replies: &[] }
    }

    /// Lists the statuses whose answers are of another type:
    /// `&[reply::<Invalid>(422, "The request breaks a rule.")]`. A status that `render` gives answers
    /// of two types is listed with a type that takes both, such as an untagged enum.
    #[must_use]
    pub const fn replies(mut self, replies: &'static [ReplySchema]) -> Self {
        self.replies = replies;
        self
    }

    /// The first of `shapes` that holds for `path`.
    #[must_use]
    pub fn of(shapes: &[Self], path: &str) -> Option<Self> {
        shapes.iter().find(|shape| shape.holds(path)).copied()
    }

    fn holds(&self, path: &str) -> bool {
        self.under.iter().any(|under| {
            let rest = path.strip_prefix(under.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The problem in this form, with its content type.
    #[must_use]
    pub fn answer(&self, problem: Problem) -> ApiResponse<Bytes> {
        let shaped = (self.render)(&problem);
        let mut headers = problem.headers;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(shaped.headers);
        ApiResponse { status: shaped.status, headers, body: shaped.body.to_string().into() }
    }

    /// The schema of answers of `status`.
    #[must_use]
    pub fn schema(&self, status: StatusCode) -> SchemaFn {
        self.reply(status).and_then(|reply| reply.schema).unwrap_or(self.schema)
    }

    /// When `status` is answered, where that was said.
    #[must_use]
    pub fn description(&self, status: StatusCode) -> Option<&'static str> {
        self.reply(status).map(|reply| reply.description)
    }

    fn reply(&self, status: StatusCode) -> Option<&ReplySchema> {
        self.replies.iter().find(|reply| reply.status == status.as_u16())
    }
}

impl Problem {
    /// The problem as it goes over the wire, with its content type: in the form of `shape`, or as
    /// RFC 9457 has it.
    #[must_use]
    pub fn answer(mut self, shape: Option<ProblemShape>, trace_id: TraceId) -> ApiResponse<Bytes> {
        let Some(shape) = shape else {
            let body = self.to_json(trace_id).to_string().into();
            let kind = HeaderValue::from_static(Self::CONTENT_TYPE);
            self.headers.insert(header::CONTENT_TYPE, kind);
            return ApiResponse { status: self.status, headers: self.headers, body };
        };
        shape.answer(self)
    }
}

impl fmt::Debug for ProblemShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProblemShape").field(&self.under).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(problem: &Problem) -> ApiResponse<Value> {
        ApiResponse::with_status(problem.status, json!({ "error": problem.detail }))
    }

    #[test]
    fn a_shape_holds_for_its_paths_and_what_lies_below() {
        const SHAPE: ProblemShape = ProblemShape::new::<Value>(&["/v1/", "/health"], render);

        for path in ["/v1", "/v1/", "/v1/jobs/7", "/health", "/health/"] {
            assert!(ProblemShape::of(&[SHAPE], path).is_some(), "{path}");
        }
        for path in ["/", "/v10", "/healthy", "/v", "/a/v1/jobs"] {
            assert!(ProblemShape::of(&[SHAPE], path).is_none(), "{path}");
        }
    }

    #[test]
    fn under_the_root_lies_everything() {
        const SHAPE: ProblemShape = ProblemShape::new::<Value>(&["/"], render);

        for path in ["/", "/v1", "//"] {
            assert!(ProblemShape::of(&[SHAPE], path).is_some(), "{path}");
        }
    }

    #[test]
    fn the_headers_of_a_problem_are_kept() {
        const SHAPE: ProblemShape = ProblemShape::new::<Value>(&["/"], render);
        let later = Problem::new(StatusCode::SERVICE_UNAVAILABLE)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"));

        let answer = SHAPE.answer(later);

        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}
