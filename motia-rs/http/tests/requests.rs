//! What an app does with requests that are not as they should be.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use common::{App, app};
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Form, RawBytes, Text},
    registry::Definition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    pet_id: String,
    #[schemars(range(min = 1, max = 10))]
    quantity: u32,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Paging {
    #[schemars(range(min = 1, max = 100))]
    limit: u32,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct JobPath {
    id: u64,
}

fn order() -> Definition {
    async fn handler(req: ApiRequest<Order>, _: Context) -> StepResult<ApiResponse<Order>> {
        Ok(ApiResponse::created(req.body))
    }
    ApiConfig::<Order, Order>::post("Order", "/orders").bind(handler)
}

fn any() -> Definition {
    async fn handler(req: ApiRequest<Value>, _: Context) -> StepResult<ApiResponse<Value>> {
        Ok(ApiResponse::ok(req.body))
    }
    ApiConfig::<Value, Value>::post("Any", "/any").body_limit(100).bind(handler)
}

fn list() -> Definition {
    async fn handler(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Paging>> {
        Ok(ApiResponse::ok(req.query()?))
    }
    ApiConfig::<(), Paging>::get("List", "/orders").query::<Paging>().bind(handler)
}

fn read() -> Definition {
    async fn handler(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Value>> {
        Ok(ApiResponse::ok(req.params().map(|(name, value)| json!([name, value])).collect()))
    }
    ApiConfig::<(), Value>::get("Read", "/things/{id}").bind(handler)
}

fn change() -> Definition {
    async fn handler(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Value>> {
        Ok(ApiResponse::ok(req.params().map(|(name, value)| json!([name, value])).collect()))
    }
    ApiConfig::<(), Value>::post("Change", "/things/{thing}").bind(handler)
}

fn rest() -> Definition {
    async fn handler(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text(req.param("rest").unwrap_or_default().to_owned())))
    }
    ApiConfig::<(), Text>::get("Rest", "/files/{*rest}").bind(handler)
}

fn job() -> Definition {
    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse> {
        Ok(ApiResponse::default())
    }
    ApiConfig::<(), motia_core::http::ReplyBody>::get("Job", "/jobs/{id}")
        .params::<JobPath>()
        .bind(handler)
}

fn form() -> Definition {
    async fn handler(req: ApiRequest<Form<Paging>>, _: Context) -> StepResult<ApiResponse<Paging>> {
        Ok(ApiResponse::ok(req.body.0))
    }
    ApiConfig::<Form<Paging>, Paging>::post("Form", "/form").bind(handler)
}

fn text() -> Definition {
    async fn handler(req: ApiRequest<Text>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(req.body))
    }
    ApiConfig::<Text, Text>::post("Text", "/text").bind(handler)
}

fn bytes() -> Definition {
    async fn handler(req: ApiRequest<RawBytes>, _: Context) -> StepResult<ApiResponse<RawBytes>> {
        Ok(ApiResponse::ok(req.body))
    }
    ApiConfig::<RawBytes, RawBytes>::post("Bytes", "/bytes").bind(handler)
}

async fn shop() -> App {
    app([order(), any(), list(), read(), change(), rest(), job(), form(), text(), bytes()]).await
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_body_as_it_should_be_is_taken() {
    let answer = shop().await.post("/orders", r#"{"petId":"rex","quantity":2}"#).await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.json(), json!({ "petId": "rex", "quantity": 2, "tags": [] }));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_body_that_breaks_its_schema_is_told_every_rule_it_breaks() {
    let app = shop().await;
    for (body, expected) in [
        (r#"{"quantity":0,"extra":1}"#, vec!["/extra", "/petId", "/quantity"]),
        (r#"{"petId":7,"quantity":"many"}"#, vec!["/petId", "/quantity"]),
        (r#"{"petId":"a","quantity":1,"tags":[1,"b",null]}"#, vec!["/tags/0", "/tags/2"]),
        (r#"{"petId":"a","quantity":99999999999999999999999}"#, vec!["/quantity"]),
        (r#"{"petId":"a","quantity":1.5}"#, vec!["/quantity"]),
        ("[]", vec![""]),
        ("null", vec![""]),
    ] {
        let problem = app.post("/orders", body).await.problem(400);
        assert_eq!(pointers(&problem), expected, "{body}: {problem}");
    }
}

#[tokio::test]
async fn text_that_is_no_acceptable_json_is_refused() {
    let app = shop().await;
    let deep = "[".repeat(100) + &"]".repeat(100);
    let bottomless = "[".repeat(100_000);
    for (body, said) in [
        (&b"{\"petId\": "[..], "EOF"),
        (b"{'petId': 1}", "line 1 column"),
        (b"{} {}", "trailing"),
        (b"\xff\xfe", "line 1 column"),
        (b"{\"petId\":\"\xff\"}", "line 1 column"),
        (br#"{"petId":"a","petId":"b","quantity":1}"#, "stands twice"),
        (b"1e999", "out of range"),
        (deep.as_bytes(), "nested deeper"),
        (bottomless.as_bytes(), "nested deeper"),
    ] {
        let problem = app.post("/orders", body).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{said}: {problem}");
    }
}

#[tokio::test]
async fn a_missing_body_is_asked_for() {
    let app = shop().await;

    for headers in [&[][..], &["content-type: application/json"], &["content-length: 0"]] {
        let problem = app.send("POST /orders", headers, "").await.problem(400);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("body is required"));
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let app = shop().await;
    let body = r#"{"petId":"rex","quantity":2}"#;
    for headers in [
        &[][..],
        &["content-type: text/plain"],
        &["content-type: application/x-www-form-urlencoded"],
        &["content-type: multipart/form-data; boundary=x"],
        &["content-type: application/json; charset=utf-16"],
        &["content-type: application/json", "content-encoding: gzip"],
    ] {
        app.send("POST /orders", headers, body).await.problem(415);
    }

    let built_on = app.send("POST /orders", &["content-type: application/vnd.a+json"], body).await;
    assert_eq!(built_on.status, 201);
    app.send("POST /form", &["content-type: application/json"], "{}").await.problem(415);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let app = shop().await;
    let head = "POST /any HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 1000000000\r\n\r\n[1";

    let problem = app.raw(head).await.problem(413);

    assert!(problem["detail"].as_str().unwrap().contains("100 bytes"), "{problem}");
}

#[tokio::test]
async fn a_large_body_gets_its_answer_though_it_is_still_being_sent() {
    let app = shop().await;

    let body = vec![b' '; 3_000_000];

    app.post("/orders", body).await.problem(413);
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_is_refused_while_it_is_read() {
    let app = shop().await;
    let head = "POST /any HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("20\r\n{}\r\n", " ".repeat(32));

    app.raw(format!("{head}{}0\r\n\r\n", chunk.repeat(10))).await.problem(413);

    let fits = app.raw(format!("{head}{}2\r\n{{}}\r\n0\r\n\r\n", chunk.repeat(2))).await;
    assert_eq!(fits.status, 200);
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let app = shop().await;

    let answer = app.send("DELETE /orders", &[], "").await;
    answer.problem(405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
    app.send("BREW /orders", &[], "").await.problem(405);

    let options = app.send("OPTIONS /orders", &[], "").await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS, POST"));

    let page = app.send("POST /livez", &[], "").await;
    page.problem(405);
    assert_eq!(page.header("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_404() {
    let app = shop().await;
    for path in ["/", "/nowhere", "/orders/", "/things", "/orders/1/2", "/%ff", "//orders"] {
        app.get(path).await.problem(404);
    }
}

#[tokio::test]
async fn steps_that_name_a_parameter_differently_share_a_path() {
    let app = shop().await;

    assert_eq!(app.get("/things/7").await.json(), json!([["id", "7"]]));
    assert_eq!(app.send("POST /things/7", &[], "").await.json(), json!([["thing", "7"]]));
}

#[tokio::test]
async fn path_parameters_are_decoded() {
    let app = shop().await;

    assert_eq!(app.get("/things/a%2Fb%20%C3%A9").await.json(), json!([["id", "a/b \u{e9}"]]));
    assert_eq!(app.get("/files/a/b%2Fc").await.text(), "a/b/c");
    app.get("/things/%ff").await.problem(400);
}

#[tokio::test]
async fn path_parameters_of_the_wrong_type_lead_nowhere() {
    let app = shop().await;

    assert_eq!(app.get("/jobs/7").await.status, 200);
    let problem = app.get("/jobs/seven").await.problem(404);
    assert_eq!(pointers(&problem), ["/id"]);
}

#[tokio::test]
async fn a_bad_query_names_its_fields() {
    let app = shop().await;

    let good = app.get("/orders?limit=20&tag=a&tag=b").await;
    assert_eq!(good.json(), json!({ "limit": 20, "tag": ["a", "b"] }));
    for query in ["", "?limit=many", "?limit=0", "?limit=101", "?limit=-1", "?limit=%ff"] {
        let problem = app.get(&format!("/orders{query}")).await.problem(400);
        assert_eq!(pointers(&problem), ["/limit"], "{query}");
    }
}

#[tokio::test]
async fn forms_text_and_bytes_are_read_as_such() {
    let app = shop().await;
    let form = ["content-type: application/x-www-form-urlencoded"];

    let taken = app.send("POST /form", &form, "limit=20&tag=a&tag=b").await;
    assert_eq!(taken.json(), json!({ "limit": 20, "tag": ["a", "b"] }));
    app.send("POST /form", &form, "limit=many").await.problem(400);
    let beyond = app.send("POST /form", &form, "limit=1000").await.problem(400);
    assert_eq!(pointers(&beyond), ["/limit"]);

    assert_eq!(app.send("POST /text", &[], "h\u{e9}").await.text(), "h\u{e9}");
    app.send("POST /text", &[], b"\xff").await.problem(400);
    app.send("POST /text", &["content-type: text/plain; charset=latin1"], "a").await.problem(415);

    assert_eq!(app.send("POST /bytes", &[], b"\xff\x00").await.body, b"\xff\x00");
}
