//! An executor on loopback that does what the input tells it, and remembers who called.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};

/// An executor, for as long as it is held.
pub(crate) struct Executor {
    address: SocketAddr,
    inner: Arc<Inner>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Inner {
    calls: Mutex<Vec<Call>>,
    sick: AtomicBool,
}

/// One call, as the executor saw it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) attempt: u32,
    pub(crate) traced: bool,
}

impl Executor {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let inner = Arc::new(Inner::default());
        let router = Router::new()
            .route("/run", get(well).post(run))
            .route("/health", get(well))
            .with_state(inner.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async { axum::serve(listener, router).await });
        Self { address, inner, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/run", self.address)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap().clone()
    }

    /// From now on everything fails, or nothing does by itself.
    pub(crate) fn be_sick(&self, sick: bool) {
        self.inner.sick.store(sick, SeqCst);
    }
}

async fn well(State(inner): State<Arc<Inner>>) -> StatusCode {
    if inner.sick.load(SeqCst) { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

async fn run(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Json(input): Json<Value>,
) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let attempt: u32 = header("task-attempt").parse().unwrap();
    let traced = header("traceparent").starts_with("00-");
    let key = header("idempotency-key");
    inner.calls.lock().unwrap().push(Call { key, attempt, traced });
    if inner.sick.load(SeqCst) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let ms = input["ms"].as_u64().unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    match input["do"].as_str().unwrap_or("echo") {
        "break" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "break-twice" if attempt < 3 => StatusCode::BAD_GATEWAY.into_response(),
        "refuse" => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        "busy-once" if attempt < 2 => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
        "redirect" => (StatusCode::FOUND, [(header::LOCATION, "/health")]).into_response(),
        "large" => Json(json!({ "text": "x".repeat(2_000_000) })).into_response(),
        "garbage" => "not json".into_response(),
        "wrong" => Json(json!({ "text": 7, "secret": "hunter2" })).into_response(),
        _ => Json(json!({ "text": input["text"] })).into_response(),
    }
}
