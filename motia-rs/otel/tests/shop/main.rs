//! An app over a collector of its own, which is a web server on this machine that keeps what it is sent.
#![expect(clippy::unwrap_used, reason = "a test may stop where it cannot go on")]

mod collector;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use motia_core::{
    config::{ApiConfig, EventConfig, Retry},
    context::Context,
    error::{StepError, StepResult},
    flow::Flow,
    http::{ApiRequest, ApiResponse},
    registry::Registry,
    secret::Secret,
    setting::Values,
    topic,
};
use motia_otel::{Exporter, settings};
use motia_runtime::Settings;
use motia_testkit::TestApp;
use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::collector::{Collector, says};

const SECRETS: [&str; 5] = ["hunter2", "1234-pin", "tok-in-query", "sig-in-query", "s3cr3t-header"];

const SHOP: Flow = Flow::new("shop");

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OrderPlaced {
    item: String,
    pin: Secret<String>,
    #[serde(default)]
    password: String,
}
topic!(OrderPlaced = "order.placed");

const PLACE: ApiConfig<OrderPlaced, (), (OrderPlaced,)> =
    ApiConfig::post("PlaceOrder", "/orders/{shop}").flows(&[SHOP]);

async fn place(
    req: ApiRequest<OrderPlaced>,
    ctx: Context<(OrderPlaced,)>,
) -> StepResult<ApiResponse<()>> {
    ctx.logger.info("taken in", json!({ "item": req.body.item, "pin": req.body.pin }));
    ctx.emit(req.body).await?;
    Ok(ApiResponse::created(()))
}

const PACK: EventConfig<OrderPlaced> =
    EventConfig::new("Pack").flows(&[SHOP]).retry(Retry::fixed(3, Duration::from_millis(1)));

/// Fails at first.
async fn pack(order: OrderPlaced, ctx: Context) -> StepResult {
    ctx.logger.warn("packing with password=hunter2", json!({ "token": "hunter2" }));
    if ctx.attempt() == 1 {
        let said = format!("the box is shut: password={}", order.password);
        return Err(StepError::retry(said));
    }
    Ok(())
}

fn registry() -> Registry {
    let steps =
        [(PLACE.bind(place), motia_core::source!()), (PACK.bind(pack), motia_core::source!())];
    Registry::of(steps, [])
}

/// The app, as these variables set it.
async fn app(variables: &[(&str, &str)]) -> TestApp {
    let (registry, mut values) = (registry(), Values::default());
    let all = settings::all();
    for (name, text) in variables {
        let setting = all.iter().find(|setting| setting.name == *name).unwrap();
        values.read(setting, Some(text)).unwrap();
    }
    let mut set = Settings::default();
    set.drain = Duration::from_secs(5);
    set.export = Some(Arc::new(Exporter::of(&registry, &values, Some("1.2")).unwrap()));
    TestApp::builder().registry(registry).settings(set).start().await
}

/// Places an order as a caller who takes part in tracing.
async fn order(app: &TestApp, traceparent: &str) -> u16 {
    let body = json!({ "item": "box", "pin": "1234-pin", "password": "hunter2" });
    let ask = app
        .post("/orders/rome?sig=sig-in-query&token=tok-in-query")
        .header("traceparent", traceparent);
    ask.json(&body).send().await.status.as_u16()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{CALLER}-{flags}")
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_from_the_caller_to_the_attempt_that_succeeds() {
    let collector = Collector::start().await;
    let app = app(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cr3t-header,x-tenant=7"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ])
    .await;

    assert_eq!(order(&app, &traceparent("01")).await, 201);
    app.empty().await;
    app.runtime().shutdown().await.unwrap();

    let spans = collector.spans();
    let [placed, first, second] = &*spans else { panic!("three spans, and not {spans:#?}") };
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
    assert_eq!((&*placed.name, placed.kind()), ("PlaceOrder", SpanKind::Server));
    assert_eq!(hex(&placed.parent_span_id), CALLER);
    assert_eq!(says(&placed.attributes, "http.route"), "/orders/{shop}");
    assert_eq!(says(&placed.attributes, "http.response.status_code"), "201");
    for (attempt, span) in [("1", first), ("2", second)] {
        assert_eq!((&*span.name, span.kind()), ("Pack", SpanKind::Consumer));
        assert_eq!(span.parent_span_id, placed.span_id);
        assert_eq!(says(&span.attributes, "motia.attempt"), attempt);
        assert_eq!(says(&span.attributes, "messaging.destination.name"), "order.placed");
    }
    assert_eq!(first.status.as_ref().unwrap().code(), StatusCode::Error);
    let exception = first.events.iter().find(|event| event.name == "exception").unwrap();
    assert!(says(&exception.attributes, "exception.message").starts_with("the box is shut"));
    assert_eq!(second.status.as_ref().unwrap().code(), StatusCode::Unset);

    let lines = collector.lines();
    assert_eq!(lines.len(), 3);
    let spoke: Vec<_> = lines.iter().map(|line| line.span_id.clone()).collect();
    assert_eq!(spoke, [&placed, &first, &second].map(|span| span.span_id.clone()));

    let said = collector.resource();
    assert_eq!(
        (says(&said, "service.name"), says(&said, "service.version")),
        ("shop".into(), "1.2".into())
    );
    for request in collector.requests() {
        assert_eq!(request.headers["authorization"], "Bearer s3cr3t-header");
        assert_eq!(request.headers["x-tenant"], "7");
        let body = String::from_utf8_lossy(&request.body);
        let told: Vec<_> = SECRETS.iter().filter(|secret| body.contains(**secret)).collect();
        assert!(told.is_empty(), "{told:?} in {body}");
    }
    assert_eq!(says(&placed.attributes, "url.query"), "sig=[redacted]&token=[redacted]");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_trace_that_its_caller_did_not_sample_only_what_fails_is_exported() {
    let collector = Collector::start().await;
    let app = app(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]).await;

    assert_eq!(order(&app, &traceparent("00")).await, 201);
    app.empty().await;
    app.runtime().shutdown().await.unwrap();

    let spans = collector.spans();
    let attempts: Vec<_> =
        spans.iter().map(|span| says(&span.attributes, "motia.attempt")).collect();
    assert_eq!(attempts, ["1"]);
    assert_eq!((&*spans[0].name, spans[0].flags), ("Pack", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_collector_is_away_answers_and_ends_in_time_and_counts_what_it_dropped() {
    let nobody = Collector::address_of_nobody().await;
    let app = app(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &nobody),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2"),
    ])
    .await;

    for _ in 0..20 {
        let began = Instant::now();
        assert_eq!(order(&app, &traceparent("01")).await, 201);
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    app.empty().await;
    let began = Instant::now();
    app.runtime().shutdown().await.unwrap();

    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let metrics = app.runtime().metrics().encode();
    let dropped = |reason| {
        let series = format!(r#"motia_otel_dropped_total{{signal="spans",reason="{reason}"}}"#);
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.map_or(0, |count| count.trim().parse::<u64>().unwrap())
    };
    let (full, unreached) = (dropped("full"), dropped("unreached"));
    assert!(full > 0 && unreached > 0 && full + unreached == 60, "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_busy_collector_did_not_take_is_sent_again() {
    let collector = Collector::start().await;
    collector.answer_once(503);
    let app = app(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ])
    .await;

    assert_eq!(order(&app, &traceparent("01")).await, 201);
    app.empty().await;
    collector.until(|collector| collector.spans().len() == 3).await;

    assert!(collector.requests().len() > 1, "the first was not taken");
    app.runtime().shutdown().await.unwrap();
    let ids: BTreeSet<_> = collector.spans().into_iter().map(|span| span.span_id).collect();
    assert_eq!(ids.len(), 3, "each is there once");
    assert!(
        app.runtime().metrics().encode().contains(r#"motia_otel_exported_total{signal="spans"} 3"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_a_collector_is_sent_in_halves_and_dropped_only_alone() {
    let collector = Collector::start().await;
    collector.is_too_small_for(|spans| spans.len() > 1 || spans[0].name == "PlaceOrder");
    let app = app(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
    ])
    .await;

    assert_eq!(order(&app, &traceparent("01")).await, 201);
    app.empty().await;
    app.runtime().shutdown().await.unwrap();

    let names: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["Pack", "Pack"]);
    assert_eq!(collector.requests().len(), 5, "all three, the first, the others, each of them");
    let metrics = app.runtime().metrics().encode();
    for counted in [
        r#"motia_otel_exported_total{signal="spans"} 2"#,
        r#"motia_otel_dropped_total{signal="spans",reason="refused"} 1"#,
    ] {
        assert!(metrics.contains(counted), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_holds_up_neither_answers_nor_the_end() {
    let (url, _listener) = Collector::that_never_answers().await;
    let app = app(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1"),
    ])
    .await;

    assert_eq!(order(&app, &traceparent("01")).await, 201);
    app.empty().await;
    let began = Instant::now();
    app.runtime().shutdown().await.unwrap();

    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "the drain is 5 s, and it took {took:?}");
}
