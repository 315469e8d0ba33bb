//! What is answered when it cannot be done: an RFC 9457 problem.

use axum::{
    extract::rejection::{BytesRejection, PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use motia_core::{
    context::EmitError,
    http::Problem,
    store::{CommitError, StoreError},
    trace::TraceId,
};

/// The request was refused, or it failed.
#[derive(Debug)]
pub struct Refusal(pub Box<Problem>);

impl Refusal {
    fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(status).detail(detail)))
    }

    /// The request itself is wrong: 400.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing: 404.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, detail)
    }

    /// The state of things forbids it: 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::CONFLICT, detail)
    }

    /// The body is of a kind that is not taken: 415.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// It failed inside: 500.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// It is too large: 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let trace_id = TraceId::random();
        if self.0.status.is_server_error() {
            tracing::error!(%trace_id, problem = %self.0, "the admin API could not answer");
        }
        let body = self.0.to_json(trace_id).to_string();
        let mut response = (self.0.status, body).into_response();
        let kind = HeaderValue::from_static(Problem::CONTENT_TYPE);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().extend(self.0.headers);
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::NoSuchDeadLetter(_) => Self::missing(error.to_string()),
            CommitError::Store(error) => error.into(),
            CommitError::QueueFull { retry_after, .. } => {
                let seconds = retry_after.as_millis().div_ceil(1000).max(1) as u64;
                let mut refusal = Self::of(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
                refusal.0.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                refusal
            }
            error => Self::conflict(error.to_string()),
        }
    }
}

impl From<EmitError> for Refusal {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::Refused { topic, violations } => {
                let rules = if violations.len() == 1 { "a rule" } else { "several rules" };
                let detail = format!("the payload breaks {rules} of `{topic}`; see `errors`");
                let mut refusal = Self::bad(detail);
                refusal.0.errors = violations;
                refusal
            }
            EmitError::UnknownTopic { .. } => Self::missing(error.to_string()),
            EmitError::TooLarge { .. } => Self::too_large(error.to_string()),
            EmitError::Store(error) => error.into(),
            error => Self::bad(error.to_string()),
        }
    }
}

impl From<PathRejection> for Refusal {
    fn from(error: PathRejection) -> Self {
        Self::bad(error.body_text())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(error: BytesRejection) -> Self {
        Self::of(error.status(), error.body_text())
    }
}
