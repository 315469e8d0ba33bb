//! Requests: through a step, and through raw axum, with the same client on the same cores.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use motia_core::{
    clock::Clock,
    config::{ApiConfig, EventConfig},
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse},
    registry::{Definition, Registry},
    store::Store,
};
use motia_http::HttpSettings;
use motia_runtime::{Runtime, Settings, clock::SystemClock, cron::TokioWake};
use motia_store::MemoryStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime::Runtime as Tokio};
use tokio_util::sync::CancellationToken;

use super::class::Class;
use crate::{
    bare::web,
    load::{Wire, requests_per_second},
    rounds::Effort,
    subject::Job,
    table::{Goal, Row},
};

/// What `GET /hello` answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Hello {
    pub(crate) message: &'static str,
}

/// What `POST /orders` takes: about 300 bytes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    #[schemars(length(min = 1, max = 64))]
    customer: String,
    #[schemars(email)]
    email: String,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[schemars(length(min = 1, max = 32))]
    sku: String,
    #[schemars(range(min = 1, max = 1000))]
    quantity: u32,
    cents: u64,
}

/// What `POST /orders` answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Echo {
    customer: String,
    cents: u64,
}

impl Echo {
    pub(crate) fn of(order: &Order) -> Self {
        let cents = order.items.iter().map(|item| item.cents * u64::from(item.quantity)).sum();
        Self { customer: order.customer.clone(), cents }
    }
}

pub(super) const ORDER: &str = r#"{"customer":"Ada Lovelace","email":"ada@example.com","items":[{"sku":"boots-42","quantity":1,"cents":12900},{"sku":"laces-red","quantity":2,"cents":450},{"sku":"wax","quantity":1,"cents":990}],"note":"Please ring twice, the dog is deaf and the door is thick."}"#;

pub(super) const CONNECTIONS: usize = 32;

pub(super) fn hello_step() -> Definition {
    ApiConfig::<(), Hello>::get("Hello", "/hello").bind(async |_: ApiRequest<()>, _: Context| {
        Ok(ApiResponse::ok(Hello { message: "Hello world!" }))
    })
}

fn order_step() -> Definition {
    async fn handler(req: ApiRequest<Order>, _: Context) -> StepResult<ApiResponse<Echo>> {
        Ok(ApiResponse::ok(Echo::of(&req.body)))
    }
    ApiConfig::<Order, Echo>::post("Order", "/orders").bind(handler)
}

pub(super) fn emitting_step() -> [Definition; 2] {
    async fn handler(
        req: ApiRequest<Order>,
        ctx: Context<(Job,)>,
    ) -> StepResult<ApiResponse<Echo>> {
        ctx.emit(Job::new(1)).await?;
        Ok(ApiResponse::ok(Echo::of(&req.body)))
    }
    async fn hear(_: Job, _: Context) -> StepResult {
        Ok(())
    }
    [
        ApiConfig::<Order, Echo, (Job,)>::post("Order", "/orders").bind(handler),
        EventConfig::<Job>::new("Hear").bind(hear),
    ]
}

/// An app of these steps on a port of its own.
pub(crate) async fn serve(
    store: Arc<dyn Store>,
    steps: impl IntoIterator<Item = Definition>,
) -> anyhow::Result<SocketAddr> {
    serve_with(store, steps, Settings::default()).await
}

/// The same with settings of its own, and with the Workbench's API.
pub(super) async fn serve_with(
    store: Arc<dyn Store>,
    steps: impl IntoIterator<Item = Definition>,
    settings: Settings,
) -> anyhow::Result<SocketAddr> {
    let placed = steps.into_iter().map(|step| (step, motia_core::source!()));
    let registry = Registry::of(placed, []);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let runtime =
        Runtime::start(registry, store, clock, Arc::new(TokioWake), &[], settings).await?;
    let http = HttpSettings::default();
    let admin = motia::workbench::api(runtime.clone(), Arc::default());
    let router = motia_http::router(&runtime, &http, admin);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    super::spawn(async move {
        let never = CancellationToken::new();
        drop(motia_http::serve(listener, router, &http, never, Duration::from_secs(1)).await);
        drop(runtime);
    });
    Ok(address)
}

/// Our server against another, by the same request.
fn compare(
    effort: &Effort,
    connections: usize,
    request: &Wire,
    ours: SocketAddr,
    limit: SocketAddr,
) -> anyhow::Result<crate::rounds::Compared> {
    effort.compare(
        |span| requests_per_second(ours, request, connections, span),
        |span| requests_per_second(limit, request, connections, span),
    )
}

fn row(
    name: &'static str,
    compared: crate::rounds::Compared,
    least: f64,
    how: &'static str,
) -> Row {
    Row::compared(name, compared, "req/s", Goal::RatioAtLeast(least), how)
}

pub(crate) fn hello(effort: &Effort) -> anyhow::Result<Row> {
    let (ours, bare) = (Tokio::new()?, Tokio::new()?);
    let step = ours.block_on(serve(Arc::new(MemoryStore::new()), [hello_step()]))?;
    let axum = bare.block_on(web::serve())?;
    let compared = compare(effort, CONNECTIONS, &Wire::get("/hello"), step, axum)?;
    Ok(row("hello", compared, 0.90, "GET, 32 connections, no store; limit: the route in raw axum"))
}

pub(crate) fn validated_post(effort: &Effort) -> anyhow::Result<Row> {
    let (ours, bare) = (Tokio::new()?, Tokio::new()?);
    let step = ours.block_on(serve(Arc::new(MemoryStore::new()), [order_step()]))?;
    let axum = bare.block_on(web::serve())?;
    let compared = compare(effort, CONNECTIONS, &Wire::post("/orders", ORDER), step, axum)?;
    let how = "POST, 300 B, 32 connections, no store; limit: raw axum with the same validation";
    Ok(row("validated post", compared, 0.90, how))
}

pub(crate) fn post_with_emit(effort: &Effort) -> anyhow::Result<Row> {
    let (ours, bare) = (Tokio::new()?, Tokio::new()?);
    let folder = tempfile::tempdir()?;
    let store = Class::Durable.open_within(&ours, folder.path())?;
    let step = ours.block_on(serve(store, emitting_step()))?;
    let axum = bare.block_on(web::serve())?;
    let compared = compare(effort, 64, &Wire::post("/orders", ORDER), step, axum)?;
    let how = "POST, 300 B, and one emit of 256 B that is handled too, 64 connections; sqlite, \
               WAL, synchronous=FULL; limit: raw axum without the emit";
    Ok(row("post with a durable emit", compared, 0.50, how))
}

/// The same route alone and among a thousand.
pub(crate) fn thousand_routes(effort: &Effort) -> anyhow::Result<Row> {
    let (one, many) = (Tokio::new()?, Tokio::new()?);
    let alone = one.block_on(serve(Arc::new(MemoryStore::new()), [hello_step()]))?;
    let steps = thousand_steps(999).into_iter().chain([hello_step()]);
    let among = many.block_on(serve(Arc::new(MemoryStore::new()), steps))?;
    let compared = compare(effort, CONNECTIONS, &Wire::get("/hello"), among, alone)?;
    let how = "GET with 1000 routes, 32 connections, no store; limit: the same with 1 route";
    Ok(row("1 to 1000 routes", compared, 0.95, how))
}

/// So many API steps with names of their own.
pub(crate) fn thousand_steps(steps: usize) -> Vec<Definition> {
    (0..steps)
        .map(|n| {
            let name: &'static str = Box::leak(format!("Step{n:04}").into_boxed_str());
            let path: &'static str = Box::leak(format!("/steps/{n:04}/{{id}}").into_boxed_str());
            ApiConfig::<Order, Echo>::post(name, path).bind(
                async |req: ApiRequest<Order>, _: Context| Ok(ApiResponse::ok(Echo::of(&req.body))),
            )
        })
        .collect()
}
