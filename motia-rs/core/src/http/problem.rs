//! Refusals as RFC 9457 has them: `application/problem+json`.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::{schema::Violation, trace::TraceId};

/// A refusal that a machine can read. RFC 9457, with `errors` and `traceId` as extension members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What is wrong this time; shown to the caller.
    pub detail: Option<String>,
    /// What is wrong where, each with its JSON pointer.
    pub errors: Vec<Violation>,
    /// Headers of the answer, such as `Retry-After`.
    pub headers: HeaderMap,
}

impl Problem {
    /// The media type of a problem.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    /// A problem of this status, with nothing more to say.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, detail: None, errors: Vec::new(), headers: HeaderMap::new() }
    }

    /// A value that breaks its schema: 400 with every violation.
    #[must_use]
    pub fn violations(errors: Vec<Violation>) -> Self {
        let detail = match errors.len() {
            1 => "the request breaks one rule; see `errors`".to_owned(),
            n => format!("the request breaks {n} rules; see `errors`"),
        };
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST).detail(detail) }
    }

    /// Says what is wrong this time.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The problem as JSON: `{type, title, status, detail, errors, traceId}`.
    #[must_use]
    pub fn to_json(&self, trace_id: TraceId) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "traceId": trace_id,
        });
        if let Some(detail) = &self.detail {
            body["detail"] = json!(detail);
        }
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        body
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        self.errors.iter().try_for_each(|violation| write!(f, "; {violation}"))
    }
}
