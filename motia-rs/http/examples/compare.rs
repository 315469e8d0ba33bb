//! What a step costs over raw axum: both in one process on loopback, alternating, the same load on
//! each; prints the medians and their ratio. Needs `wrk`.
//!
//! ```text
//! cargo run --release -p motia-http --example compare [ROUNDS]
//! ```

use std::{error::Error, net::SocketAddr, process::Command, sync::Arc, time::Duration};

use axum::{Json, Router, routing};
use http::StatusCode;
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Text},
    registry::Registry,
    schema::{Checker, Schemas, schema_of},
    source,
};
use motia_http::HttpSettings;
use motia_runtime::{Runtime, Settings, clock::SystemClock, cron::TokioWake};
use motia_store::MemoryStore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: String,
    #[schemars(email)]
    email: String,
    #[schemars(length(min = 1, max = 100))]
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Item {
    sku: String,
    #[schemars(range(min = 1, max = 1000))]
    quantity: u32,
    cents: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Taken {
    id: String,
    cents: u64,
}

fn take(order: Order) -> Taken {
    let cents = order.items.iter().map(|item| item.cents * u64::from(item.quantity)).sum();
    Taken { id: order.id, cents }
}

const ORDER: &str = r#"{"id":"ord-2026-000001","email":"ann@example.com","items":[{"sku":"SKU-000001","quantity":2,"cents":1999},{"sku":"SKU-000002","quantity":1,"cents":4999},{"sku":"SKU-000003","quantity":12,"cents":99}],"note":"leave it with the neighbour if nobody is at home, thank you very much"}"#;

async fn hello(_req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<Text>> {
    Ok(ApiResponse::ok(Text("Hello, World!".into())))
}

async fn user(req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<Text>> {
    Ok(ApiResponse::ok(Text(req.param("id").unwrap_or_default().to_owned())))
}

async fn order(req: ApiRequest<Order>, _ctx: Context) -> StepResult<ApiResponse<Taken>> {
    Ok(ApiResponse::ok(take(req.body)))
}

async fn ours() -> Result<SocketAddr, Box<dyn Error>> {
    let registry = Registry::of(
        [
            (ApiConfig::<(), Text>::get("Hello", "/hello").bind(hello), source!()),
            (ApiConfig::<(), Text>::get("User", "/users/{id}").bind(user), source!()),
            (ApiConfig::<Order, Taken>::post("Order", "/orders").bind(order), source!()),
        ],
        [],
    );
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(SystemClock);
    let runtime =
        Runtime::start(registry, store, clock, Arc::new(TokioWake), &[], Settings::default())
            .await?;
    let settings = HttpSettings::default();
    let app = motia_http::router(&runtime, &settings, Router::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let tasks = runtime.tasks().clone();
    tasks.spawn(async move {
        let _runtime = runtime;
        let never = CancellationToken::new();
        let served = motia_http::serve(listener, app, &settings, never, Duration::ZERO).await;
        served.expect("the port answers");
    });
    Ok(address)
}

async fn raw() -> Result<SocketAddr, Box<dyn Error>> {
    let checker: Arc<Checker> = Arc::new(Schemas::default().checker(schema_of::<Order>())?);
    let order = async move |Json(body): Json<Value>| {
        checker.check(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let order = serde_json::from_value(body).map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok::<_, StatusCode>(Json(take(order)))
    };
    let app = Router::new()
        .route("/hello", routing::get(async || "Hello, World!".to_owned()))
        .route(
            "/users/{id}",
            routing::get(async |axum::extract::Path(id): axum::extract::Path<String>| id),
        )
        .route("/orders", routing::post(order));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    motia_runtime::tasks::Tasks::here().spawn(async move {
        axum::serve(listener, app).await.expect("the port answers");
    });
    Ok(address)
}

/// What a round of two seconds measured.
#[derive(Clone, Copy)]
struct Round {
    /// Requests per second.
    rate: f64,
    /// Processor time of this process per request, in microseconds: what a busy machine blurs less.
    cpu: f64,
}

/// Ticks of 10 ms that this process has had of the processors.
fn ticks() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    Ok(fields[12].parse::<f64>()? + fields[13].parse::<f64>()?)
}

fn round(address: SocketAddr, path: &str, script: Option<&str>) -> Result<Round, Box<dyn Error>> {
    let before = ticks()?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", "-d2s"]);
    if let Some(script) = script {
        wrk.args(["-s", script]);
    }
    let output = wrk.arg(format!("http://{address}{path}")).output()?;
    let said = String::from_utf8(output.stdout)?;
    if said.contains("Non-2xx") {
        return Err(said.into());
    }
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate: f64 = rate.ok_or("wrk said no rate")?.trim().parse()?;
    let requests = said.lines().find_map(|line| line.split_once(" requests in "));
    let requests: f64 = requests.ok_or("wrk said no count")?.0.trim().parse()?;
    Ok(Round { rate, cpu: (ticks()? - before) * 10_000.0 / requests })
}

fn median(rounds: &[Round], of: fn(&Round) -> f64) -> f64 {
    let mut values: Vec<_> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(7), |text| text.parse())?;
    let (ours, raw) = (ours().await?, raw().await?);
    let script = std::env::temp_dir().join(format!("motia-compare-{}.lua", std::process::id()));
    let post = format!(
        "wrk.method = 'POST'\nwrk.body = '{ORDER}'\nwrk.headers['content-type'] = 'application/json'\n"
    );
    std::fs::write(&script, post)?;

    for (path, script) in [("/hello", None), ("/users/42", None), ("/orders", script.to_str())] {
        let measured = tokio::task::spawn_blocking({
            let script = script.map(str::to_owned);
            move || {
                let (mut stepped, mut bare) = (Vec::new(), Vec::new());
                for _ in 0..rounds {
                    bare.push(round(raw, path, script.as_deref()).map_err(|it| it.to_string())?);
                    stepped
                        .push(round(ours, path, script.as_deref()).map_err(|it| it.to_string())?);
                }
                Ok::<_, String>((bare, stepped))
            }
        });
        let (bare, stepped) = measured.await??;
        let (raw_rate, rate) = (median(&bare, |it| it.rate), median(&stepped, |it| it.rate));
        let (raw_cpu, cpu) = (median(&bare, |it| it.cpu), median(&stepped, |it| it.cpu));
        println!(
            "{path:12} raw axum {raw_rate:8.0}/s {raw_cpu:6.2} us   a step {rate:8.0}/s {cpu:6.2} us   \
             ratio {:.3} of requests, {:.3} of processor time",
            rate / raw_rate,
            raw_cpu / cpu,
        );
    }
    std::fs::remove_file(script)?;
    Ok(())
}
