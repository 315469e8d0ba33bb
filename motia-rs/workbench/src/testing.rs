//! An app of four steps, for the tests of the panels.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use http::{Method, StatusCode};
use jiff::Timestamp;
use motia_core::{
    self as motia,
    config::{ApiConfig, CircuitBreaker, CronConfig, EventConfig, NoopConfig, Retry},
    context::{Context, Stream},
    error::{StepError, StepResult},
    event::Event,
    flow::Flow,
    http::{ApiRequest, ApiResponse},
    json::JsonText,
    registry::{Definition, Registry},
    store::{Batch, Failure, PageRequest, Settlement, Store, Token, WaitingFilter, Write},
    trace::TraceContext,
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

/// How many orders may wait for `Charge`.
pub(crate) const MAX_DEPTH: u64 = 8;

fn charge() -> Definition {
    async fn handler(_: OrderPlaced, _: Context) -> StepResult {
        Ok(())
    }
    let config = EventConfig::<OrderPlaced>::new("Charge").flows(&[ORDERS]);
    config
        .fifo(|order| order.id.clone())
        .circuit_breaker(CircuitBreaker::new("bank"))
        .max_depth(MAX_DEPTH)
        .bind(handler)
}

/// A step that fails twice with each event, and then gives it up.
fn refuse() -> Definition {
    async fn handler(_: OrderPlaced, _: Context) -> StepResult {
        Err(StepError::retry("the bank is closed"))
    }
    let twice = Retry::exponential(2, Duration::ZERO);
    EventConfig::<OrderPlaced>::new("Refuse").retry(twice).bind(handler)
}

/// A step whose path has parameters.
pub(crate) fn ship() -> Definition {
    async fn handler(_: ApiRequest<Value>, _: Context) -> StepResult<ApiResponse<()>> {
        Ok(ApiResponse::ok(()))
    }
    ApiConfig::<Value, ()>::put("Ship", "/shops/{shop}/files/{*rest}").bind(handler)
}

/// A running app in which `Refuse` has given up so many events.
pub(crate) async fn after_failures(count: usize) -> (Router, Runtime) {
    let registry = Registry::of([(refuse(), motia::source!())], []);
    let runtime = runtime(registry).await;
    let api = crate::over(Desk::running(runtime.clone()).beside(None));
    for n in 0..count {
        place(&api, json!({ "id": format!("o-{n}"), "cents": 1 })).await;
    }
    while get(&api, "/api/dead").await.1["total"] != json!(count) {
        tokio::task::yield_now().await;
    }
    (api, runtime)
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

/// What was paid at a till.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Paid {
    cents: u64,
}

/// The same steps, and two streams.
pub(crate) fn streaming() -> Registry {
    const TILL: Stream<Paid> = Stream::new("till");
    const TILLS: Stream<Paid> = Stream::new("tills");
    let steps = [place_order(), charge(), audit(), customer()];
    let streams = [TILL.describe(), TILLS.describe()];
    Registry::of(
        steps.map(|step| (step, motia::source!())),
        streams.map(|stream| (stream, motia::source!())),
    )
}

/// The API over an app at rest.
pub(crate) async fn at_rest() -> Router {
    with_dead_letters(0).await
}

/// The file that the steps stand in.
pub(crate) const FILE: &str = file!();

/// The API over an app at rest whose sources lie in this folder.
pub(crate) async fn beside(folder: &Path) -> Router {
    let desk = Desk::at_rest(registry(), Arc::new(MemoryStore::new())).await.unwrap();
    crate::over(desk.beside(Some(folder.to_owned())))
}

/// An app in which `Charge` has handled an order.
pub(crate) async fn after_a_charge() -> (Router, Runtime, Value) {
    let (api, runtime) = running().await;
    let mut runs = runtime.runs().watch();
    place(&api, json!({ "id": "o-1", "cents": 5 })).await;
    runs.changed().await.unwrap();
    let (_, list) = get(&api, "/api/runs?step=Charge").await;
    let run = list["items"][0].clone();
    (api, runtime, run)
}

/// The same, and its store.
pub(crate) async fn at_rest_over_a_store() -> (Router, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (crate::over(Desk::at_rest(registry(), store.clone()).await.unwrap()), store)
}

/// The API over a running app, and the app.
pub(crate) async fn running() -> (Router, Runtime) {
    let runtime = runtime(registry()).await;
    (crate::api(runtime.clone(), Arc::default()), runtime)
}

/// A running app of these steps.
pub(crate) async fn runtime(registry: Registry) -> Runtime {
    let store = Arc::new(MemoryStore::new());
    let (clock, wake) = (Arc::new(SystemClock), Arc::new(TokioWake));
    let started = Runtime::start(registry, store, clock, wake, &[], Settings::default());
    started.await.unwrap()
}

/// The API over an app at rest with so many dead letters of `Charge`.
pub(crate) async fn with_dead_letters(count: usize) -> Router {
    with_dead_letters_over(Arc::new(MemoryStore::new()), count).await
}

/// The same over a store of one's own.
pub(crate) async fn with_dead_letters_over(store: Arc<dyn Store>, count: usize) -> Router {
    let desk = Desk::at_rest(registry(), store.clone()).await.unwrap();
    let api = crate::over(desk.beside(None));
    for n in 0..count {
        place(&api, json!({ "id": format!("o-{n}"), "cents": 1 })).await;
    }
    bury_all(&*store).await;
    api
}

/// Gives up all that waits for `Charge`, up to a thousand.
pub(crate) async fn bury_all(store: &dyn Store) {
    let at = Timestamp::UNIX_EPOCH;
    settle_all(store, || Settlement::Dead {
        reason: "out of attempts".to_owned(),
        at,
        failure: Some(Box::new(Failure {
            attempt: 1,
            started_at: at,
            ended_at: at,
            error: "the bank is closed".to_owned(),
            class: Some("bank".to_owned()),
        })),
    })
    .await;
}

/// The API over an app at rest with an order of `Charge` that is held, for it has no `cents`.
pub(crate) async fn held() -> Router {
    let store = Arc::new(MemoryStore::new());
    let api = crate::over(Desk::at_rest(registry(), store.clone()).await.unwrap());
    leave(&*store, "Charge", &json!({ "id": "o-1" })).await;
    let at = Timestamp::UNIX_EPOCH;
    let failure = || Failure {
        attempt: 1,
        started_at: at,
        ended_at: at,
        error: "missing field `cents`".to_owned(),
        class: None,
    };
    settle_all(&*store, || Settlement::Hold { failure: failure().into() }).await;
    api
}

/// The API over an app at rest with an order for a step that the app does not have any more.
pub(crate) async fn left_behind(step: &str) -> Router {
    let store = Arc::new(MemoryStore::new());
    leave(&*store, step, &json!({ "id": "o-1", "cents": 1 })).await;
    crate::over(Desk::at_rest(registry(), store).await.unwrap())
}

/// Puts an order into a step's queue, as an app that ran before did.
pub(crate) async fn leave(store: &dyn Store, step: &str, payload: &Value) {
    let queue = store.queues(&[step]).await.unwrap()[0];
    let payload = JsonText::encode(payload).unwrap();
    let at = Timestamp::UNIX_EPOCH;
    let event = Event::new("order.placed".into(), payload, TraceContext::root(), at);
    let targets = [queue.into()].into();
    let publish = Write::Publish { event: Arc::new(event), targets };
    store.commit(Batch::of(publish)).await.unwrap();
}

/// Ends an attempt of all that waits for `Charge`.
async fn settle_all(store: &dyn Store, settlement: impl Fn() -> Settlement) {
    let queue = store.queues(&["Charge"]).await.unwrap()[0];
    let all = WaitingFilter { queue: Some(queue), ..WaitingFilter::default() };
    let request = PageRequest::first(PageRequest::MAX);
    for delivery in store.waiting(&all, request).await.unwrap().items {
        let (delivery, token) = (delivery.id, Token(1));
        let settle = Write::Settle { delivery, token, settlement: settlement() };
        let mut batch = Batch::of(Write::Start { delivery, attempt: 1, token });
        batch.writes.push(settle);
        store.commit(batch).await.unwrap();
    }
}

/// Emits an order.
pub(crate) async fn place(api: &Router, order: Value) {
    let event = json!({ "topic": "order.placed", "payload": order });
    let (status, receipt) = post(api, "/api/emit", &event).await;
    assert_eq!(status, 202, "{receipt}");
}

/// What is known of the first delivery that waits, in whichever queue.
pub(crate) async fn first_waiting(api: &Router) -> Value {
    let (_, queues) = get(api, "/api/queues").await;
    for queue in queues["items"].as_array().unwrap() {
        let step = queue["queue"].as_str().unwrap();
        let (_, list) = get(api, &format!("/api/queues/{step}/waiting")).await;
        if let Some(id) = list["items"][0]["id"].as_str() {
            return get(api, &format!("/api/deliveries/{id}")).await.1;
        }
    }
    panic!("nothing waits: {queues}");
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
