//! Failures on the wire: each is `application/problem+json`, or has the form that the app gives it
//! there, and none shows the inside.

use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use motia_core::{
    error::{BoxError, StepError},
    http::{ApiResponse, Problem, ProblemShape},
    redact::in_text,
    trace::TraceId,
};
use motia_runtime::{invoke::Interrupted, log::printable};

use crate::trace;

/// How soon a caller should come back after a timeout or a store that failed.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// Writes a problem.
pub(crate) fn response(
    problem: Problem,
    shape: Option<ProblemShape>,
    trace_id: TraceId,
) -> Response {
    let answer = problem.answer(shape, trace_id);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    *headers = answer.headers;
    headers.insert(trace::X_TRACE_ID, trace::header(trace_id));
    response
}

/// What a failed step answers: a problem, or what it said it would answer exactly. Failures of the
/// inside are logged, here and only here, with the trace id that the caller is shown.
pub(crate) fn of_step(
    error: StepError,
    step: &str,
    trace_id: TraceId,
) -> Result<ApiResponse, Box<Problem>> {
    match error {
        StepError::Reject(problem) => Err(problem),
        StepError::Respond(response) => Ok(*response),
        StepError::RetryAfter(delay, _) | StepError::Postpone(delay, _) => {
            log(&error, step, trace_id);
            Err(unavailable(delay, "this cannot be done just now; try again later").into())
        }
        StepError::Retry(ref inner) if timed_out(inner) => {
            log(&error, step, trace_id);
            Err(unavailable(SOON, "this took too long; try again later").into())
        }
        _ => {
            log(&error, step, trace_id);
            Err(internal().into())
        }
    }
}

fn log(error: &StepError, step: &str, trace_id: TraceId) {
    let error = printable(&in_text(&error.to_string()));
    tracing::error!(step, %trace_id, error, "an API step failed");
}

fn timed_out(error: &BoxError) -> bool {
    matches!(error.downcast_ref(), Some(Interrupted::TimedOut(_)))
}

/// Something failed inside: nothing is said but that it did.
pub(crate) fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
        .detail("something failed inside; the trace id leads to what it was")
}

/// It may work later.
pub(crate) fn unavailable(after: Duration, detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .detail(detail)
        .header(header::RETRY_AFTER, retry_after(after))
}

/// The store failed: logged, and 503.
pub(crate) fn store_failed(error: &dyn std::error::Error) -> Problem {
    let error = printable(&error.to_string());
    tracing::error!(error, "the store failed under a request");
    unavailable(SOON, "this cannot be done just now; try again later")
}

/// `Retry-After` in whole seconds, rounded up.
pub(crate) fn retry_after(delay: Duration) -> HeaderValue {
    HeaderValue::from(delay.as_millis().div_ceil(1000).max(1) as u64)
}

/// This path answers other methods.
pub(crate) fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED)
        .detail("this path does not answer this method; see `Allow`")
}

/// Nothing lies at this path.
pub(crate) fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND).detail("nothing lies at this path")
}
