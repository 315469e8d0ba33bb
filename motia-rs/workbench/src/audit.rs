//! The audit log: who changed what, when and from where, kept in the store within bounds.
//!
//! One layer around the whole API writes it, so that no route can forget to: a handler says what it did by
//! a [`Deed`] in its answer, and one that says nothing is noted by its method and path.
//!
//! What somebody asks for is kept before it is begun, and the same entry says what became of it before the
//! answer goes out. So a process that is killed in between leaves an entry of what was begun; and where the log
//! cannot be written, nothing is changed. What was refused, and what changed nothing, leaves none.
//!
//! # Layout
//! - `deed`: what a handler did; `book`: the entries in the store; `list`: who reads them

mod book;
mod deed;
mod list;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use motia_core::role::{Role, may_change};
use motia_runtime::log::printable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::{book::Numbers, deed::Deed, list::routes};
use crate::{Desk, Refusal, who};

/// The target of the lines that say what a person changed.
const TARGET: &str = "motia::audit";

/// The state group that the audit log is kept in.
pub const KEPT_IN: &str = "__motia.audit";

/// What an entry says was done until it is known what was.
const BEGUN: &str = "begun";

/// So much of what was asked for is kept, in characters.
const LONGEST_ASKED: usize = 512;

/// Who changed what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: the name that was given.
    pub by: String,
    /// In which role.
    pub role: Role,
    /// From which address; absent for the command line beside an app at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What was done: `queue.pause`, `state.set`; `begun`, where the process ended before anybody knew whether it
    /// was done.
    pub did: String,
    /// What it was done to.
    pub what: String,
    /// What was there before, if it is small; secrets are redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The status that was answered, where it failed half way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Keeps in the audit log what a request changes. What was begun is ended and kept even if the caller goes
/// away meanwhile.
pub(crate) async fn keep(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    if !may_change(request.method()) {
        return next.run(request).await;
    }
    let tasks = desk.runtime().map(|runtime| runtime.tasks().clone());
    let work = async move { answered_and_kept(&desk, request, next).await.into_response() };
    let Some(tasks) = tasks else { return work.await };
    let (answer, answered) = tokio::sync::oneshot::channel();
    tasks.spawn(async move {
        // Nobody waits for it any more if the caller went away.
        let _ = answer.send(work.await);
    });
    match answered.await {
        Ok(response) => response,
        Err(_) => Refusal::failed("it was broken off").into_response(),
    }
}

async fn answered_and_kept(desk: &Desk, request: Request, next: Next) -> Result<Response, Refusal> {
    let begun = begun(desk, &request);
    let number = desk.audit_numbers().next(begun.at);
    desk.write_audit(number, &begun).await?;

    let mut response = next.run(request).await;

    let status = response.status();
    let deed = response.extensions_mut().remove::<Deed>();
    let may_have_changed = status.is_success() || status.is_server_error();
    if !may_have_changed || deed.as_ref().is_some_and(Deed::is_nothing) {
        desk.strike_from_audit(number).await;
        return Ok(response);
    }
    let deed = deed.unwrap_or_else(|| Deed::new("other", &begun.what));
    let done = Entry {
        status: status.is_server_error().then_some(status.as_u16()),
        ..deed.complete(begun)
    };
    desk.end_in_audit(number, &done).await;
    Ok(response)
}

/// What is known of a change before it is made.
fn begun(desk: &Desk, request: &Request) -> Entry {
    let extensions = request.extensions();
    let from = extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
    let asked = format!("{} {}", request.method(), request.uri());
    Entry {
        at: desk.engine().now(),
        by: who::told(request.headers()),
        role: extensions.get().copied().unwrap_or_default(),
        from: from.map(|ip| ip.to_string()),
        did: BEGUN.to_owned(),
        what: printable(&asked.chars().take(LONGEST_ASKED).collect::<String>()),
        before: None,
        after: None,
        status: None,
    }
}
