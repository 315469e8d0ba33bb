//! A service that is called over HTTP: the input is posted, the answer is the output.

use std::time::Duration;

use motia::prelude::*;
use reqwest::{Client, Response, Url, header};

use super::{Failed, Job};
use crate::{
    outbound::{self, Forbidden},
    task_router::task::{Fault, FaultReason},
};

/// How long a health check may take.
const CHECK: Duration = Duration::from_secs(5);

/// Who calls a URL, if it may be called.
fn caller(url: &str, private: bool) -> Result<(&'static Client, Url), Failed> {
    let url = outbound::allowed(url, private).map_err(|forbidden| {
        let reason = match forbidden {
            Forbidden::Private => FaultReason::ForbiddenAddress,
            _ => FaultReason::Unreachable,
        };
        Failed::fault(reason, format!("the URL {forbidden}"))
    })?;
    Ok((outbound::caller(private), url))
}

/// Posts a task's input and reads the output. The executor is told the task's id as the idempotency
/// key, the same with each attempt.
pub(super) async fn post(job: &Job<'_>) -> Result<Value, Failed> {
    let url = job.executor.url.as_deref().unwrap_or_default();
    let (client, url) = caller(url, job.allowance.private)?;
    let body = serde_json::to_vec(&job.task.input)
        .map_err(|error| Failed::fault(FaultReason::Refused, error.to_string()))?;
    let request = client
        .post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header("idempotency-key", &job.task.id)
        .header("task-id", &job.task.id)
        .header("task-attempt", job.attempt)
        .header("traceparent", &job.trace)
        .body(body);

    let response = request.send().await.map_err(|error| fault_of(&error))?;
    if !response.status().is_success() {
        return Err(refusal(&response));
    }
    let answer = read(response, job.allowance.answer).await?;
    serde_json::from_slice(&answer)
        .map_err(|_| Failed::fault(FaultReason::BadAnswer, "the answer is not JSON"))
}

/// Asks whether a service is well: at a URL of its own it must answer 2xx, at that of its tasks
/// anything but 5xx.
///
/// # Errors
/// What is wrong with it.
pub async fn check(url: &str, is_own: bool, private: bool) -> Result<(), String> {
    let told = |failed| match failed {
        Failed::Fault(fault, _) => fault.to_string(),
        Failed::Cancelled => "cancelled".to_owned(),
    };
    let (client, url) = caller(url, private).map_err(told)?;
    let answer = client.get(url).timeout(CHECK).send().await;
    let status = answer.map_err(|error| told(fault_of(&error)))?.status();
    let well = if is_own { status.is_success() } else { !status.is_server_error() };
    if well { Ok(()) } else { Err(format!("answered {status}")) }
}

/// What went wrong on the way.
fn fault_of(error: &reqwest::Error) -> Failed {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return Failed::fault(FaultReason::ForbiddenAddress, format!("the URL {error}"));
        }
        cause = error.source();
    }
    if error.is_connect() {
        Failed::fault(FaultReason::Unreachable, "no connection could be made")
    } else {
        Failed::fault(FaultReason::Broken, "the connection broke off")
    }
}

/// What an answer means that is no success.
fn refusal(response: &Response) -> Failed {
    let status = response.status();
    let detail = match status.is_redirection() {
        true => format!("answered {status}; redirects are not followed"),
        false => format!("answered {status}"),
    };
    let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|secs| secs.parse().ok()).map(Duration::from_secs);
    match status.as_u16() {
        408 | 425 | 429 | 503 => Failed::Fault(Fault::new(FaultReason::Busy, detail), after),
        500.. => Failed::fault(FaultReason::Broken, detail),
        _ => Failed::fault(FaultReason::Refused, detail),
    }
}

/// Reads an answer that has no more than so many bytes.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, Failed> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault_of(&error))? {
        if answer.len() + chunk.len() > most {
            let detail = format!("the answer is larger than {most} bytes (`ROUTER_MAX_OUTPUT`)");
            return Err(Failed::fault(FaultReason::BadAnswer, detail));
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}
