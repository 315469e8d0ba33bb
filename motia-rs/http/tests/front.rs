//! What people see who come to `/`.

mod common;

use axum::{Router, routing};
use common::{Answer, App, setup, token};
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Text},
    registry::Definition,
};
use motia_http::AdminAccess;

fn at(path: &'static str) -> Definition {
    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text("hello".into())))
    }
    ApiConfig::<(), Text>::get("Hello", path).bind(handler)
}

async fn app(path: &'static str, access: AdminAccess) -> App {
    let mut setup = setup([at(path)]);
    setup.settings.admin = access;
    setup.admin = Router::new().route("/", routing::get(async || "workbench"));
    setup.start().await
}

async fn asked(app: &App, headers: &str) -> Answer {
    let request =
        format!("GET / HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n");
    app.raw(request).await
}

const PERSON: &str = "accept: text/html,application/xhtml+xml\r\n";

#[tokio::test]
async fn people_are_shown_to_the_workbench_where_nothing_answers() {
    let app = app("/hello", AdminAccess::Open).await;

    let answer = asked(&app, PERSON).await;

    assert_eq!((answer.status, answer.header("location")), (307, Some("/__motia/")));
    assert_eq!(app.get("/__motia/").await.text(), "workbench");
}

#[tokio::test]
async fn programs_are_told_that_nothing_lies_there() {
    let app = app("/hello", AdminAccess::Open).await;
    for headers in ["", "accept: application/json\r\n", "accept: */*\r\n"] {
        asked(&app, headers).await.problem(404);
    }
}

#[tokio::test]
async fn who_may_not_use_the_workbench_is_not_shown_to_it() {
    for access in [token(), AdminAccess::Closed] {
        asked(&app("/hello", access).await, PERSON).await.problem(404);
    }
    let foreign = format!("{PERSON}origin: http://evil.example\r\n");
    asked(&app("/hello", AdminAccess::Open).await, &foreign).await.problem(404);
}

#[tokio::test]
async fn what_a_step_answers_at_the_root_is_its_own() {
    let app = app("/", AdminAccess::Open).await;
    let answer = asked(&app, PERSON).await;
    assert_eq!((answer.status, answer.text()), (200, "hello"));
}
