//! Errors in a form of the app's own: under its paths all of them have it, and elsewhere none.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use common::{App, Setup, setup};
use http::StatusCode;
use motia_core::{
    config::{ApiConfig, reply},
    context::Context,
    error::{StepError, StepResult},
    http::{ApiRequest, ApiResponse, Problem, ProblemShape},
    schema::Violation,
};
use motia_http::openapi;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Refusal {
    error: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Invalid {
    faults: Vec<Value>,
}

/// `{"error": …}`, and 422 with `faults` for what breaks a rule.
const SHAPE: ProblemShape = ProblemShape::new::<Refusal>(&["/v1/", "/health"], shaped)
    .replies(&[reply::<Invalid>(422, "The request breaks a rule.")]);

fn shaped(problem: &Problem) -> ApiResponse<Value> {
    if problem.errors.is_empty() {
        let error = problem.status.canonical_reason();
        return ApiResponse::with_status(problem.status, json!({ "error": error }));
    }
    let fault = |it: &Violation| json!([it.location(), it.rule]);
    let faults: Vec<_> = problem.errors.iter().map(fault).collect();
    ApiResponse::with_status(StatusCode::UNPROCESSABLE_ENTITY, json!({ "faults": faults }))
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    pets: Vec<Pet>,
}

#[derive(Deserialize, JsonSchema)]
struct Pet {
    #[expect(dead_code, reason = "only the schema is looked at")]
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Paging {
    limit: u32,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Which {
    id: u32,
}

async fn order(req: ApiRequest<Order>, _: Context) -> StepResult<ApiResponse<String>> {
    match req.body.pets.len() {
        0 => Err(StepError::reject(StatusCode::CONFLICT, "no pets")),
        7 => panic!("seven pets"),
        8 => Err(StepError::retry("eight pets")),
        _ => Ok(ApiResponse::ok("ordered".into())),
    }
}

async fn read(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<String>> {
    Ok(ApiResponse::ok("read".into()))
}

async fn typed(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<String>> {
    let _: Which = req.path()?;
    Ok(ApiResponse::ok("read".into()))
}

fn shop() -> Setup {
    let mut shop = setup([
        ApiConfig::<Order, String>::post("Order", "/v1/orders/")
            .query::<Paging>()
            .body_limit(200)
            .idempotent()
            .bind(order),
        ApiConfig::<(), String>::get("One", "/v1/orders/{id}").params::<Which>().bind(read),
        ApiConfig::<(), String>::get("Late", "/v1/late/{id}").bind(typed),
        ApiConfig::<Order, String>::post("Elsewhere", "/orders").bind(order),
    ]);
    shop.settings.problems.push(SHAPE);
    shop
}

const ORDERS: &str = "POST /v1/orders/?limit=1";
const JSON: &str = "content-type: application/json";

impl App {
    /// Sends a request and says the answer's status and body.
    async fn asked(&self, line: &str, headers: &[&str], body: &str) -> (u16, Value) {
        let answer = self.send(line, headers, body).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.head);
        assert!(answer.header("x-trace-id").is_some(), "{}", answer.head);
        (answer.status, answer.json())
    }
}

fn error(status: u16, error: &str) -> (u16, Value) {
    (status, json!({ "error": error }))
}

fn fault(at: &Value, rule: &str) -> (u16, Value) {
    (422, json!({ "faults": [[at, rule]] }))
}

#[tokio::test]
async fn what_is_turned_away_before_a_step_has_the_form() {
    let app = shop().start().await;
    let large = json!({ "pets": [], "more": "x".repeat(300) }).to_string();

    assert_eq!(app.asked("GET /v1/nowhere", &[], "").await, error(404, "Not Found"));
    assert_eq!(app.asked("GET /v1", &[], "").await, error(404, "Not Found"));
    assert_eq!(app.asked("GET /v1//orders", &[], "").await, error(404, "Not Found"));
    assert_eq!(app.asked("POST /v1/orders", &[], "").await, error(404, "Not Found"));
    assert_eq!(app.asked("GET /health", &[], "").await, error(404, "Not Found"));
    assert_eq!(app.asked("GET /v1/orders/", &[], "").await, error(405, "Method Not Allowed"));
    assert_eq!(app.asked(ORDERS, &[JSON], &large).await, error(413, "Payload Too Large"));
    assert_eq!(
        app.asked(ORDERS, &["content-type: text/plain"], "x").await,
        error(415, "Unsupported Media Type")
    );
    let foreign = app.raw("GET /v1/x HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert_eq!(foreign.await.json(), json!({ "error": "Misdirected Request" }));
    let wrong = app.send("GET /v1/orders/", &[], "").await;
    assert_eq!(wrong.header("allow"), Some("OPTIONS, POST"));
}

#[tokio::test]
async fn what_breaks_a_rule_says_in_which_part_of_the_request() {
    let app = shop().start().await;

    let nameless = app.asked(ORDERS, &[JSON], r#"{"pets":[{"name":"a"},{}]}"#).await;
    assert_eq!(nameless, fault(&json!(["body", "pets", 1, "name"]), "required"));
    let wrong = app.asked(ORDERS, &[JSON], r#"{"pets":"x"}"#).await;
    assert_eq!(wrong, fault(&json!(["body", "pets"]), "type"));
    let malformed = app.asked(ORDERS, &[JSON], r#"{"pets":"#).await;
    assert_eq!(malformed, fault(&json!(["body"]), "json"));
    let empty = app.asked(ORDERS, &[JSON], "").await;
    assert_eq!(empty, fault(&json!(["body"]), "required"));
    let unlimited = app.asked("POST /v1/orders/", &[JSON], r#"{"pets":[]}"#).await;
    assert_eq!(unlimited, fault(&json!(["query", "limit"]), "required"));
    let seven = app.asked("GET /v1/orders/seven", &[], "").await;
    assert_eq!(seven, fault(&json!(["path", "id"]), "type"));
    let late = app.asked("GET /v1/late/seven", &[], "").await;
    assert_eq!(late, fault(&json!(["path", "id"]), ""));
    let unread = app.asked("GET /v1/orders/%ff", &[], "").await;
    assert_eq!(unread, fault(&json!(["path"]), ""));
    let keyed = app.asked(ORDERS, &[JSON, "idempotency-key: a b"], r#"{"pets":[]}"#).await;
    assert_eq!(keyed, fault(&json!(["header", "idempotency-key"]), ""));
}

#[tokio::test]
async fn what_a_step_fails_with_has_the_form() {
    let app = shop().start().await;
    let pets = |count| json!({ "pets": vec![json!({ "name": "a" }); count] }).to_string();

    assert_eq!(app.asked(ORDERS, &[JSON], &pets(0)).await, error(409, "Conflict"));
    assert_eq!(app.asked(ORDERS, &[JSON], &pets(7)).await, error(500, "Internal Server Error"));
    assert_eq!(app.asked(ORDERS, &[JSON], &pets(8)).await, error(500, "Internal Server Error"));
    let key = "idempotency-key: one";
    assert_eq!(app.asked(ORDERS, &[JSON, key], &pets(0)).await, error(409, "Conflict"));
    assert_eq!(app.asked(ORDERS, &[JSON, key], &pets(0)).await, error(409, "Conflict"));
    let other = app.asked(ORDERS, &[JSON, key], &pets(1)).await;
    assert_eq!(other, fault(&json!(["header", "idempotency-key"]), ""));
}

#[tokio::test]
async fn elsewhere_errors_stay_problems() {
    let app = shop().start().await;

    app.get("/nowhere").await.problem(404);
    app.get("/orders").await.problem(405);
    app.post("/orders", r#"{"pets":"x"}"#).await.problem(400);
    app.post("/orders", r#"{"pets":"#).await.problem(400);
    app.get("/__motia/nowhere").await.problem(404);
}

#[test]
fn the_document_follows() {
    let shop = shop();
    let document = openapi::document(&common::registry(shop.steps), &shop.settings);
    let content = |path: &str, method: &str, status: &str| {
        document["paths"][path][method]["responses"][status]["content"].clone()
    };
    let of = |name: &str| {
        json!({ "application/json": { "schema": {
            "$ref": format!("#/components/schemas/{name}"),
        } } })
    };

    assert_eq!(content("/v1/orders/", "post", "422"), of("Invalid"));
    assert_eq!(content("/v1/orders/", "post", "413"), of("Refusal"));
    assert_eq!(content("/v1/orders/", "post", "500"), of("Refusal"));
    assert_eq!(content("/v1/orders/{id}", "get", "422"), of("Invalid"));
    assert_eq!(content("/v1/orders/{id}", "get", "404"), Value::Null);
    let elsewhere = content("/orders", "post", "400");
    assert!(elsewhere["application/problem+json"].is_object(), "{elsewhere}");
    assert!(document["components"]["schemas"]["Invalid"]["properties"]["faults"].is_object());
}

#[tokio::test]
async fn a_forgotten_or_needless_slash_leads_to_the_path_that_was_meant() {
    let mut shop = shop();
    shop.settings.redirect_slashes = true;
    let app = shop.start().await;

    let forgotten = app.send("POST /v1/orders?limit=1&x=%20", &[JSON], "{}").await;
    let needless = app.get("/v1/orders/7/").await;
    let other_method = app.get("/v1/late/7/").await;

    assert_eq!((forgotten.status, forgotten.text()), (307, ""));
    assert_eq!(forgotten.header("location"), Some("/v1/orders/?limit=1&x=%20"));
    assert_eq!(needless.status, 307);
    assert_eq!(needless.header("location"), Some("/v1/orders/7"));
    assert_eq!(other_method.header("location"), Some("/v1/late/7"));
    assert_eq!(app.get("/v1/nowhere/").await.status, 404);
    assert_eq!(app.get("//evil.example/").await.status, 404);
    assert_eq!(app.get("/v1/orders/7").await.status, 200);
}

#[tokio::test]
async fn without_being_asked_for_no_slash_is_mended() {
    let app = shop().start().await;

    assert_eq!(app.send("POST /v1/orders?limit=1", &[JSON], "{}").await.status, 404);
}
