//! An app of four steps, for the tests of the panels.

use std::sync::Arc;

use axum::Router;
use http::{Method, StatusCode};
use jiff::Timestamp;
use motia_core::{
    self as motia,
    config::{ApiConfig, CronConfig, EventConfig, NoopConfig},
    context::Context,
    error::StepResult,
    flow::Flow,
    http::{ApiRequest, ApiResponse},
    registry::{Definition, Registry},
    store::{Batch, Failure, Pull, Settlement, Store, Token, Write},
};
use motia_runtime::{Runtime, Settings, clock::SystemClock, cron::TokioWake};
use motia_store::MemoryStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Desk, local::call};

const ORDERS: Flow = Flow::new("orders").description("From the shop to the bank");

#[derive(Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    id: String,
    cents: u64,
}
motia::topic!(OrderPlaced = "order.placed");

fn place_order() -> Definition {
    async fn handler(
        _: ApiRequest<OrderPlaced>,
        _: Context<(OrderPlaced,)>,
    ) -> StepResult<ApiResponse<()>> {
        Ok(ApiResponse::ok(()))
    }
    let config = ApiConfig::<OrderPlaced, (), (OrderPlaced,)>::post("PlaceOrder", "/orders");
    config.flows(&[ORDERS]).bind(handler)
}

fn charge() -> Definition {
    async fn handler(_: OrderPlaced, _: Context) -> StepResult {
        Ok(())
    }
    EventConfig::<OrderPlaced>::new("Charge").flows(&[ORDERS]).bind(handler)
}

fn audit() -> Definition {
    async fn handler(_: Context) -> StepResult {
        Ok(())
    }
    CronConfig::<()>::new("Audit", "0 9 * * MON").timezone("Europe/Rome").bind(handler)
}

fn customer() -> Definition {
    NoopConfig::new("Customer").emits(&["/orders"]).flows(&[ORDERS]).bind()
}

pub(crate) fn registry() -> Registry {
    let steps = [place_order(), charge(), audit(), customer()];
    Registry::of(steps.map(|step| (step, motia::source!())), [])
}

/// The API over an app at rest.
pub(crate) async fn at_rest() -> Router {
    with_dead_letters(0).await
}

/// The API over a running app, and the app.
pub(crate) async fn running() -> (Router, Runtime) {
    let store = Arc::new(MemoryStore::new());
    let (clock, wake) = (Arc::new(SystemClock), Arc::new(TokioWake));
    let started = Runtime::start(registry(), store, clock, wake, &[], Settings::default());
    let runtime = started.await.unwrap();
    (crate::api(runtime.clone()), runtime)
}

/// The API over an app at rest with so many dead letters of `Charge`.
pub(crate) async fn with_dead_letters(count: usize) -> Router {
    let store = Arc::new(MemoryStore::new());
    let api = crate::over(Desk::at_rest(registry(), store.clone()).await.unwrap());
    for n in 0..count {
        let payload = json!({ "id": format!("o-{n}"), "cents": 1 });
        post(&api, "/api/emit", &json!({ "topic": "order.placed", "payload": payload })).await;
    }
    let queue = store.queues(&["Charge"]).await.unwrap()[0];
    let at = Timestamp::UNIX_EPOCH;
    let pull = Pull { queue, after: 0, due_after: (at, 0), now: at, limit: 100 };
    for delivery in store.pull(pull).await.unwrap().ready {
        let (delivery, token) = (delivery.id, Token(1));
        let error = "the bank is closed".to_owned();
        let failure = Some(Failure { attempt: 1, started_at: at, ended_at: at, error });
        let settlement = Settlement::Dead { reason: "out of attempts".to_owned(), at, failure };
        let mut batch = Batch::of(Write::Start { delivery, attempt: 1, token });
        batch.writes.push(Write::Settle { delivery, token, settlement });
        store.commit(batch).await.unwrap();
    }
    api
}

pub(crate) async fn get(api: &Router, path: &str) -> (StatusCode, Value) {
    call(api, Method::GET, path, None).await
}

pub(crate) async fn post(api: &Router, path: &str, body: &Value) -> (StatusCode, Value) {
    call(api, Method::POST, path, Some(body)).await
}

pub(crate) async fn put(api: &Router, path: &str, body: &Value) -> (StatusCode, Value) {
    call(api, Method::PUT, path, Some(body)).await
}
