//! A model provider that does not think, and fails when it is told to: `cargo run --example provider`.
//!
//! It plays an OpenAI-compatible chat endpoint, so that the task queue can be watched without an account:
//! point `OPENROUTER_BASE_URL` at `http://127.0.0.1:4010/v1`, give any `OPENROUTER_API_KEY`, and ask for
//! faults by `POST /faults {"status": 503, "times": 10}`. `GET /calls` lists what it was asked.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Where it listens, unless its first argument says otherwise.
const ADDRESS: &str = "127.0.0.1:4010";

/// What it was told, and what it was asked; handed to all its routes.
#[derive(Debug, Clone, Default)]
pub struct Provider {
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    faults: Vec<Fault>,
    calls: Vec<Call>,
    key: Option<Value>,
}

/// What goes wrong: with the next `times` calls, or with those whose prompt contains `matching`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// The status of the answer; 200 for one that goes wrong in another way.
    pub status: u16,
    /// Its `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Its body, in the place of what belongs there.
    pub body: Option<String>,
    /// How long it takes, in milliseconds.
    pub after_ms: u64,
    /// How many calls it strikes.
    pub times: u32,
    /// Strikes only calls whose prompt contains this.
    pub matching: Option<String>,
    /// Strikes questions about the key in the place of chats.
    pub of_key: bool,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            status: 200,
            retry_after: None,
            body: None,
            after_ms: 0,
            times: 1,
            matching: None,
            of_key: false,
        }
    }
}

/// One chat that it was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// The model that was named.
    pub model: String,
    /// What the user's messages say.
    pub prompt: String,
    /// The status that it answered with.
    pub status: u16,
}

impl Provider {
    /// Makes something go wrong.
    pub fn fail(&self, fault: Fault) {
        self.memory().faults.push(fault);
    }

    /// Lets everything go well again.
    pub fn heal(&self) {
        self.memory().faults.clear();
    }

    /// What it answers about the key from now on.
    pub fn set_key(&self, key: Value) {
        self.memory().key = Some(key);
    }

    /// The chats that it was asked for, in their order.
    pub fn calls(&self) -> Vec<Call> {
        self.memory().calls.clone()
    }

    /// Its routes.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/key", get(key).put(set_key))
            .route("/faults", post(fail).delete(heal))
            .route("/calls", get(calls))
            .with_state(self.clone())
    }

    /// Serves them until `stop` resolves.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        axum::serve(listener, self.routes()).with_graceful_shutdown(stop).await
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that strikes now, if one does.
    fn struck(&self, of_key: bool, prompt: &str) -> Option<Fault> {
        let mut memory = self.memory();
        let strikes = |fault: &Fault| {
            let matches = fault.matching.as_ref().is_none_or(|text| prompt.contains(text));
            fault.of_key == of_key && matches
        };
        let at = memory.faults.iter().position(strikes)?;
        let fault = memory.faults[at].clone();
        if fault.times <= 1 {
            memory.faults.remove(at);
        } else {
            memory.faults[at].times -= 1;
        }
        Some(fault)
    }
}

#[derive(Debug, Deserialize)]
struct Chat {
    #[serde(default)]
    model: String,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: String,
}

async fn chat(State(provider): State<Provider>, Json(chat): Json<Chat>) -> Response {
    let said = |role: &str| {
        let of_role = chat.messages.iter().filter(|message| message.role == role);
        of_role.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
    };
    let (system, prompt) = (said("system"), said("user"));
    let fault = provider.struck(false, &prompt);
    let status = fault.as_ref().map_or(200, |fault| fault.status);
    let call = Call { model: chat.model.clone(), prompt: prompt.clone(), status };
    provider.memory().calls.push(call);

    let answer = json!({
        "object": "chat.completion",
        "model": chat.model,
        "choices": [{
            "index": 0,
            "finish_reason": "stop",
            "message": { "role": "assistant", "content": reply(&system, &prompt) },
        }],
    });
    answered(fault, answer).await
}

/// What a model might say: articles as JSON where the system prompt asks for them, or a summary.
fn reply(system: &str, prompt: &str) -> String {
    let beginning: String = prompt.chars().take(60).collect();
    if !system.contains("articles") {
        return format!("Summary: {beginning}");
    }
    let article = json!({
        "title": beginning.lines().next().unwrap_or_default(),
        "subtitle": null,
        "author": null,
        "body": prompt,
        "topics": ["news"],
        "summary": format!("Summary: {beginning}"),
    });
    json!({ "articles": [article] }).to_string()
}

async fn key(State(provider): State<Provider>) -> Response {
    let fault = provider.struck(true, "");
    let known = provider.memory().key.clone();
    let usual = json!({
        "label": "double",
        "limit": 100.0,
        "limit_remaining": 74.5,
        "usage": 25.5,
        "usage_daily": 1.5,
        "usage_monthly": 20.0,
        "rate_limit": { "requests": 230, "interval": "10s" },
    });
    answered(fault, json!({ "data": known.unwrap_or(usual) })).await
}

async fn set_key(State(provider): State<Provider>, Json(key): Json<Value>) -> StatusCode {
    provider.set_key(key);
    StatusCode::NO_CONTENT
}

async fn fail(State(provider): State<Provider>, Json(fault): Json<Fault>) -> StatusCode {
    if StatusCode::from_u16(fault.status).is_err() {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    provider.fail(fault);
    StatusCode::NO_CONTENT
}

async fn heal(State(provider): State<Provider>) -> StatusCode {
    provider.heal();
    StatusCode::NO_CONTENT
}

async fn calls(State(provider): State<Provider>) -> Json<Vec<Call>> {
    Json(provider.calls())
}

/// The answer, or what the fault makes of it.
async fn answered(fault: Option<Fault>, answer: Value) -> Response {
    let Some(fault) = fault else { return Json(answer).into_response() };
    tokio::time::sleep(Duration::from_millis(fault.after_ms)).await;
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let usual = if status.is_success() {
        answer.to_string()
    } else {
        json!({ "error": { "code": fault.status, "message": status.canonical_reason() } })
            .to_string()
    };
    let body = fault.body.unwrap_or(usual);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(secs) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, secs.into());
    }
    response
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| ADDRESS.to_owned());
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind(address).await?;
    println!("a provider that does not think: http://{}/v1", listener.local_addr()?);

    Provider::default().serve(listener, asked_to_stop()).await
}

/// Resolves on Ctrl-C and on `kill`.
async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_told_and_only_what_it_matches() {
        let provider = Provider::default();
        let matching = Some("bad".to_owned());
        provider.fail(Fault { status: 503, times: 2, matching, ..Fault::default() });

        let struck = ["good", "bad one", "bad two", "bad three"]
            .map(|prompt| provider.struck(false, prompt).is_some());

        assert_eq!(struck, [false, true, true, false]);
        assert!(provider.struck(true, "bad").is_none(), "questions about the key are others");
    }
}
