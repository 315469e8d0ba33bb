//! Who may ask at all, and how much.

mod common;

use std::time::{Duration, Instant};

use axum::{Router, routing};
use common::{App, app, setup, token};
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Text},
    registry::Definition,
};
use motia_http::{AdminAccess, HttpSettings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

fn hello() -> Definition {
    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text("hello".into())))
    }
    ApiConfig::<(), Text>::get("Hello", "/hello").bind(handler)
}

async fn with_admin(access: AdminAccess) -> App {
    let mut setup = setup([hello()]);
    setup.settings.admin = access;
    setup.admin = Router::new()
        .route("/", routing::get(async || "workbench"))
        .route("/api/things", routing::get(async || "things").delete(async || "gone"));
    setup.start().await
}

async fn asked_by(app: &App, host: &str, path: &str) -> common::Answer {
    app.raw(format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n")).await
}

#[tokio::test]
async fn no_route_answers_to_a_foreign_name() {
    let app = with_admin(AdminAccess::Open).await;
    for path in ["/hello", "/livez", "/metrics", "/openapi.json", "/__motia/", "/nowhere"] {
        asked_by(&app, "host: evil.example\r\n", path).await.problem(421);
        asked_by(&app, "", path).await.problem(400);
        asked_by(&app, "host: localhost\r\nhost: evil.example\r\n", path).await.problem(400);
    }
    for host in ["localhost", "127.0.0.1:3000", "[::1]:80"] {
        let answer = asked_by(&app, &format!("host: {host}\r\n"), "/hello").await;
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn foreign_pages_get_nothing_under_motia_whatever_the_method() {
    let app = with_admin(AdminAccess::Open).await;
    let upgrade = ["connection: upgrade", "upgrade: websocket", "origin: http://evil.example"];
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"] {
        let line = format!("{method} /__motia/api/things");
        for origin in ["origin: null", "origin: http://evil.example", "sec-fetch-site: cross-site"]
        {
            assert_eq!(app.send(&line, &[origin], "").await.status, 403, "{line} {origin}");
        }
    }
    assert_eq!(app.send("GET /__motia/ws", &upgrade, "").await.status, 403);

    assert_eq!(app.get("/__motia/").await.text(), "workbench");
    let own = ["origin: http://localhost", "x-motia-workbench: 1"];
    let own = app.send("DELETE /__motia/api/things", &own, "").await;
    assert_eq!(own.text(), "gone");
    assert_eq!(own.header("x-frame-options"), Some("DENY"));
    app.get("/__motia/nowhere").await.problem(404);
    app.send("POST /__motia/api/things", &[], "").await.problem(405);
}

#[tokio::test]
async fn the_token_opens_what_lies_under_motia() {
    let app = with_admin(token()).await;

    app.get("/__motia/api/things").await.problem(401);
    let bearer = ["authorization: Bearer s3cret"];
    assert_eq!(app.send("GET /__motia/api/things", &bearer, "").await.text(), "things");
    app.send("POST /__motia/session", &[], "").await.problem(401);

    let session = app.send("POST /__motia/session", &bearer, "").await;
    assert_eq!(session.status, 204);
    let cookie = session.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("s3cret"));
    let cookie = format!("cookie: {}", cookie.split(';').next().unwrap());
    assert_eq!(app.send("GET /__motia/api/things", &[&cookie], "").await.text(), "things");

    assert_eq!(app.get("/hello").await.status, 200);
}

#[tokio::test]
async fn the_token_for_reading_opens_everything_and_changes_nothing() {
    let app = with_admin(AdminAccess::tokens("s3cret", "l00k")).await;
    let bearer = ["authorization: Bearer l00k"];
    let session = app.send("POST /__motia/session", &bearer, "").await;
    let cookie = session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let cookie = [&*format!("cookie: {cookie}")];

    for brought in [bearer, cookie] {
        assert_eq!(app.send("GET /__motia/api/things", &brought, "").await.text(), "things");
        let refused = app.send("DELETE /__motia/api/things", &brought, "").await.problem(403);
        assert!(refused["detail"].as_str().unwrap().contains("`token`"), "{refused}");
    }
}

#[tokio::test]
async fn a_person_without_the_token_is_shown_the_door() {
    let app = with_admin(token()).await;

    let door = app.send("GET /__motia/", &["accept: text/html"], "").await;

    assert_eq!(door.status, 401);
    assert!(door.header("content-security-policy").unwrap().contains("sha256-"));
    assert!(door.text().contains("#token="));
}

#[tokio::test]
async fn a_closed_motia_is_not_there() {
    with_admin(AdminAccess::Closed).await.get("/__motia/").await.problem(404);
}

#[tokio::test]
async fn an_open_motia_is_not_served_to_other_machines() {
    let serve = async |admin| {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let settings = HttpSettings::default();
        let settings = {
            let mut it = settings;
            it.admin = admin;
            it
        };
        let (stopped, drain) = (CancellationToken::new(), Duration::ZERO);
        stopped.cancel();
        motia_http::serve(listener, Router::new(), &settings, stopped, drain).await
    };

    let refused = serve(AdminAccess::Open).await.unwrap_err();

    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(serve(token()).await.is_ok());
    assert!(serve(AdminAccess::Closed).await.is_ok());
}

#[tokio::test]
async fn a_flood_of_headers_is_431() {
    let app = app([hello()]).await;
    let many = "x: y\r\n".repeat(150);
    let long = format!("x: {}\r\n", "y".repeat(100_000));

    for flood in [many, long] {
        let answer =
            app.raw(format!("GET /hello HTTP/1.1\r\nhost: localhost\r\n{flood}\r\n")).await;
        assert_eq!(answer.status, 431);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    for half in ["", "G", "PRI * HT", "GET /hello HTTP/1.1\r\nhost: loc"] {
        let mut setup = setup([hello()]);
        setup.settings.header_read_timeout = Duration::from_millis(100);
        let app = setup.start().await;

        let mut stream = app.connect().await;
        stream.write_all(half.as_bytes()).await.unwrap();
        let (began, mut rest) = (Instant::now(), Vec::new());
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest));

        assert!(closed.await.is_ok(), "{half:?} is waited for without end");
        assert!(began.elapsed() >= Duration::from_millis(90), "{half:?}");
    }
}

#[tokio::test]
async fn beyond_the_cap_connections_wait_for_their_turn() {
    let mut setup = setup([hello()]);
    setup.settings.max_connections = 1;
    let app = setup.start().await;
    let held = app.connect().await;

    let mut second = app.connect().await;
    let request = "GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    second.write_all(request.as_bytes()).await.unwrap();
    let too_early = tokio::time::timeout(Duration::from_millis(100), second.readable()).await;
    drop(held);

    assert!(too_early.is_err());
    assert_eq!(common::answer(second).await.status, 200);
}
