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
pub struct Refusal(pub Problem);

impl Refusal {
    /// The request itself is wrong: 400.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self(Problem::new(StatusCode::BAD_REQUEST).detail(detail))
    }

    /// There is no such thing: 404.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self(Problem::new(StatusCode::NOT_FOUND).detail(detail))
    }

    /// The state of things forbids it: 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self(Problem::new(StatusCode::CONFLICT).detail(detail))
    }

    /// It is too large: 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self(Problem::new(StatusCode::PAYLOAD_TOO_LARGE).detail(detail))
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
        Self(Problem::new(StatusCode::SERVICE_UNAVAILABLE).detail(error.to_string()))
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::NoSuchDeadLetter(_) => Self::missing(error.to_string()),
            CommitError::Store(error) => error.into(),
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
                Self(Problem { errors: violations, ..Self::bad(detail).0 })
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
        Self(Problem::new(error.status()).detail(error.body_text()))
    }
}
