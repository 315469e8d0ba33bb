//! What the app says about itself: health, metrics, its document.

mod common;

use common::{app, setup};
use motia_core::{
    config::{ApiConfig, EventConfig},
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Text},
    topic,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Ordered {
    id: u32,
}

topic!(Ordered = "ordered");

#[tokio::test]
async fn an_app_that_stops_is_alive_but_not_ready() {
    let setup = setup([]);
    let stopping = setup.settings.stopping.clone();
    let app = setup.start().await;

    assert_eq!(app.get("/livez").await.json(), json!({ "status": "alive" }));
    assert_eq!(app.get("/readyz").await.json(), json!({ "status": "ready" }));

    stopping.cancel();

    assert_eq!(app.get("/livez").await.status, 200);
    assert_eq!(app.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn an_app_whose_store_fails_is_not_ready() {
    let app = app([]).await;

    app.runtime.store().close().await.unwrap();

    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text());
}

#[tokio::test]
async fn metrics_count_by_route_and_measure_the_queues() {
    async fn user(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text::default()))
    }
    async fn heard(_: Ordered, _: Context) -> StepResult {
        Ok(())
    }
    let app = app([
        ApiConfig::<(), Text>::get("User", "/users/{id}").bind(user),
        EventConfig::<Ordered>::new("Heard").bind(heard),
    ])
    .await;

    for path in ["/users/1", "/users/2", "/secret-path"] {
        app.get(path).await;
    }
    app.send("DELETE /users/1", &[], "").await;
    app.send("HACK /users/1", &[], "").await;
    let page = app.get("/metrics").await;

    let kind = page.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    for line in [
        r#"http_requests_total{method="GET",route="/users/{id}",status="200"} 2"#,
        r#"http_requests_total{method="DELETE",route="/users/{id}",status="405"} 1"#,
        r#"http_requests_total{method="other",route="/users/{id}",status="405"} 1"#,
        r#"http_requests_total{method="GET",route="none",status="404"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",route="/users/{id}"} 2"#,
        r#"motia_queue_waiting{step="Heard"} 0"#,
        r#"motia_queue_dead{step="Heard"} 0"#,
        r#"motia_queue_running{step="Heard"} 0"#,
    ] {
        assert!(page.text().lines().any(|known| known == line), "{line} in\n{}", page.text());
    }
    assert!(!page.text().contains("secret-path"));
    assert!(page.text().ends_with("# EOF\n"));
    assert_eq!(page.text().matches("# EOF").count(), 1);
}

#[tokio::test]
async fn a_step_may_take_the_place_of_a_page() {
    async fn own(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text("own".into())))
    }
    let app = app([ApiConfig::<(), Text>::get("Own", "/metrics").bind(own)]).await;

    assert_eq!(app.get("/metrics").await.text(), "own");
}

#[tokio::test]
async fn the_document_is_served() {
    let answer = app([]).await.get("/openapi.json").await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["openapi"], "3.1.0");
}
