//! Motia's frames over WebSockets.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::{StepError, StepResult},
    http::{ApiRequest, ApiResponse, Text},
    watch::{Authenticator, Visit},
};
use motia_http::AdminAccess;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message, Utf8Bytes,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    FEED, PATIENCE,
    common::{App, token},
    set, shop, streams, with,
};

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn to(app: &App) -> Self {
        Self::asking(app, "/__motia/streams", &[]).await.unwrap()
    }

    async fn asking(app: &App, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request =
            format!("ws://localhost:{}{path}", app.address.port()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(refused)) => Err(refused.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn say(&mut self, message: impl Into<Message>) {
        self.0.send(message.into()).await.unwrap();
    }

    async fn ask(&mut self, kind: &str, group: &str, id: Option<&str>) {
        let mut data = json!({ "streamName": "feed", "groupId": group, "subscriptionId": "1" });
        if let Some(id) = id {
            data["id"] = id.into();
        }
        self.say(json!({ "type": kind, "data": data }).to_string()).await;
    }

    async fn join(&mut self, group: &str) {
        self.ask("join", group, None).await;
    }

    /// The next frame, without its timestamp.
    async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a frame in time").unwrap().unwrap()
            {
                Message::Text(text) => {
                    let mut frame: Value = serde_json::from_str(&text).unwrap();
                    let timestamp = frame.as_object_mut().unwrap().remove("timestamp").unwrap();
                    assert!(timestamp.as_f64().unwrap() > 1.7e12, "{timestamp}");
                    return frame;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn event(&mut self) -> Value {
        self.next().await["event"].take()
    }

    /// How the app closes it.
    async fn closed(&mut self) -> (CloseCode, String) {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return (code, reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_socket_is_shown_a_group_in_motias_frames() {
    let app = shop().start().await;
    set(&app, "a", false).await;
    let mut client = Client::to(&app).await;

    client.join("shop").await;
    let sync = client.next().await;
    set(&app, "b", false).await;
    set(&app, "b", true).await;
    streams(&app).delete(FEED, "shop", "a").await.unwrap();
    streams(&app).send(FEED, "shop", "bell", &"ding").await.unwrap();

    let place = |event: Value| json!({ "streamName": "feed", "groupId": "shop", "event": event });
    let of = |id: &str, event: Value| {
        let mut frame = place(event);
        frame["id"] = id.into();
        frame
    };
    assert_eq!(sync, place(json!({ "type": "sync", "data": [{ "paid": false, "id": "a" }] })));
    let expected = [
        of("b", json!({ "type": "create", "data": { "paid": false, "id": "b" } })),
        of("b", json!({ "type": "update", "data": { "paid": true, "id": "b" } })),
        of("a", json!({ "type": "delete", "data": { "paid": false, "id": "a" } })),
        place(json!({ "type": "event", "event": { "type": "bell", "data": "ding" } })),
    ];
    for frame in expected {
        assert_eq!(client.next().await, frame);
    }
}

#[tokio::test]
async fn a_socket_is_shown_an_item_until_it_leaves() {
    let app = shop().start().await;
    set(&app, "a", false).await;
    let mut client = Client::to(&app).await;

    client.ask("join", "shop", Some("a")).await;
    client.ask("join", "shop", Some("none")).await;
    let (item, none) = (client.next().await, client.next().await);
    client.ask("leave", "shop", Some("a")).await;
    client.join("elsewhere").await;
    client.next().await;
    set(&app, "a", true).await;
    streams(&app).send(FEED, "elsewhere", "bell", &()).await.unwrap();

    let expected = json!({ "type": "sync", "data": { "paid": false, "id": "a" } });
    assert_eq!((&item["id"], &item["event"]), (&json!("a"), &expected));
    assert_eq!(none["event"], json!({ "type": "delete", "data": { "id": "none" } }));
    assert_eq!(client.event().await["type"], "event", "the item is not shown any more");
}

#[tokio::test]
async fn sockets_come_in_at_the_bare_address_too_and_steps_are_left_alone() {
    async fn home(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Text>> {
        Ok(ApiResponse::ok(Text("home".into())))
    }
    let bare = shop().start().await;
    bare.get("/").await.problem(404);
    Client::asking(&bare, "/", &[]).await.unwrap().join("shop").await;

    let mut with_home = shop();
    with_home.steps.push(ApiConfig::<(), Text>::get("Home", "/").bind(home));
    let app = with_home.start().await;
    let mut client = Client::asking(&app, "/", &[]).await.unwrap();
    client.join("shop").await;
    assert_eq!(client.event().await["type"], "sync");
    assert_eq!(app.get("/").await.text(), "home");

    app.get("/__motia/streams").await.problem(426);
}

#[tokio::test]
async fn what_is_no_frame_closes_that_socket_and_no_other() {
    let app = shop().start().await;
    let mut other = Client::to(&app).await;
    other.join("shop").await;
    other.next().await;

    let wrong = [
        (Message::text("nonsense"), CloseCode::Invalid),
        (Message::text("{}"), CloseCode::Invalid),
        (Message::text(r#"{"type":"join","data":{"streamName":7}}"#), CloseCode::Invalid),
        (Message::text("[".repeat(10_000)), CloseCode::Invalid),
        (Message::binary(vec![1]), CloseCode::Unsupported),
        (Message::text("x".repeat(70_000)), CloseCode::Size),
    ];
    for (message, expected) in wrong {
        let mut client = Client::to(&app).await;
        client.say(message).await;
        let (code, reason) = client.closed().await;
        assert_eq!(code, expected, "{reason}");
        assert!(!reason.is_empty());
    }

    set(&app, "a", true).await;
    assert_eq!(other.event().await["type"], "create");
}

#[tokio::test]
async fn who_is_refused_is_told_in_motias_frame_and_stays() {
    async fn only_shop(visit: Visit, _: Context) -> StepResult<bool> {
        Ok(visit.group == "shop")
    }
    let app = with(FEED.access(only_shop)).start().await;
    let mut client = Client::to(&app).await;

    client.join("bank").await;
    let refused = client.next().await;
    let nope = json!({ "streamName": "nope", "groupId": "g", "subscriptionId": "1" });
    client.say(json!({ "type": "join", "data": nope }).to_string()).await;
    let unknown = client.event().await;
    client.join("shop").await;

    let error = |code: &str, message: &str| {
        let data = json!({ "code": code, "message": message });
        json!({ "type": "event", "event": { "type": "error", "data": data } })
    };
    assert_eq!(refused["groupId"], "bank");
    assert_eq!(refused["event"], error("STREAM_ACCESS_DENIED", "Access denied"));
    assert_eq!(unknown, error("STREAM_NOT_FOUND", "Stream nope not found"));
    assert_eq!(client.event().await["type"], "sync");

    app.get("/__motia/streams/feed/bank").await.problem(403);
    app.get("/__motia/streams/nope/g").await.problem(404);
}

#[tokio::test]
async fn pages_of_other_origins_come_in_nowhere() {
    let mut allowing = shop();
    allowing.settings.allowed_origins.push("http://localhost:5173".into());
    let app = allowing.start().await;
    let own = format!("http://localhost:{}", app.address.port());

    for path in ["/", "/__motia/streams"] {
        for origin in ["null", "http://evil.example", "http://localhost:1"] {
            let refused = Client::asking(&app, path, &[("origin", origin)]).await;
            assert_eq!(refused.err(), Some(403), "{path} {origin}");
        }
        let cross = Client::asking(&app, path, &[("sec-fetch-site", "cross-site")]).await;
        assert_eq!(cross.err(), Some(403));
        let rebound = Client::asking(&app, path, &[("host", "evil.example")]).await;
        assert_eq!(rebound.err(), Some(421));
        for origin in [&own, "http://localhost:5173"] {
            Client::asking(&app, path, &[("origin", origin)]).await.unwrap();
        }
    }
    let events = ["origin: http://evil.example"];
    app.send("GET /__motia/streams/feed/shop", &events, "").await.problem(403);
}

#[tokio::test]
async fn where_a_token_is_set_it_must_be_brought_or_the_app_must_know_who_asks() {
    async fn who(req: ApiRequest<()>, _: Context) -> StepResult<Option<String>> {
        match req.bearer() {
            Some("broken") => Err(StepError::fatal("the directory is down")),
            Some("banned") => Err(StepError::reject(http::StatusCode::FORBIDDEN, "go away")),
            known => Ok(known.filter(|it| it.starts_with("user-")).map(str::to_owned)),
        }
    }
    async fn users(visit: Visit, _: Context) -> StepResult<bool> {
        Ok(visit.auth::<String>().as_deref() == Some("user-7"))
    }
    let mut setup = with(FEED.access(users));
    setup.settings.admin = token();
    setup.authenticator = Some(Authenticator::new(who));
    let app = setup.start().await;

    let asking = async |bearer: &str| {
        let protocols = format!("Authorization, {bearer}");
        Client::asking(&app, "/", &[("sec-websocket-protocol", &protocols)]).await
    };
    assert_eq!(Client::asking(&app, "/", &[]).await.err(), Some(401));
    assert_eq!(asking("wrong").await.err(), Some(401));
    assert_eq!(asking("broken").await.err(), Some(401));
    assert_eq!(asking("banned").await.err(), Some(403));

    let mut user = asking("user-7").await.unwrap();
    user.join("shop").await;
    assert_eq!(user.event().await["type"], "sync");
    // Who brings the token comes in, as nobody that the app knows.
    let mut operator = asking("s3cret").await.unwrap();
    operator.join("shop").await;
    assert_eq!(operator.event().await["event"]["data"]["code"], "STREAM_ACCESS_DENIED");

    let mut closed = shop();
    closed.settings.admin = AdminAccess::Closed;
    let closed = closed.start().await;
    assert_eq!(Client::asking(&closed, "/", &[]).await.err(), Some(404));
}

#[tokio::test]
async fn no_more_come_in_than_may() {
    let mut setup = shop();
    setup.settings.max_watchers = 1;
    let app = setup.start().await;

    let first = Client::to(&app).await;
    assert_eq!(Client::asking(&app, "/", &[]).await.err(), Some(503));
    app.get("/__motia/streams/feed/shop").await.problem(503);
    drop(first);

    while Client::asking(&app, "/", &[]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody_and_is_closed() {
    let mut setup = shop();
    setup.running.stream_buffer = 4;
    setup.settings.socket_patience = Duration::from_millis(300);
    let app = setup.start().await;
    let mut slow = Client::to(&app).await;
    slow.join("shop").await;
    slow.next().await;
    let large = "x".repeat(256 * 1024);
    let connections = || app.runtime.door().hub().figures().connections.get();

    // Until more was said than the connection's buffers hold, and for a while nothing was taken.
    let closed = async {
        while connections() > 0 {
            streams(&app).send(FEED, "shop", "large", &large).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("it is closed");

    let mut other = Client::to(&app).await;
    other.join("shop").await;
    assert_eq!(other.event().await["type"], "sync");
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_given_up() {
    let mut setup = shop();
    setup.settings.socket_ping = Duration::from_millis(50);
    let app = setup.start().await;
    let connections = || app.runtime.door().hub().figures().connections.get();
    let mut answering = Client::to(&app).await;
    let silent = Client::to(&app).await;
    assert_eq!(connections(), 2);

    // One client reads, and so answers pings; the other does nothing.
    let reading = app
        .runtime
        .tasks()
        .handle()
        .spawn(async move { while answering.0.next().await.is_some() {} });
    let given_up = async {
        while connections() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, given_up).await.expect("it is given up");
    tokio::time::sleep(Duration::from_millis(300)).await;

    assert_eq!(connections(), 1);
    drop(silent);
    reading.abort();
}

#[tokio::test]
async fn sockets_are_told_that_the_app_stops_and_do_not_hold_it_up() {
    let setup = shop();
    let stopping = setup.settings.stopping.clone();
    let app = setup.start().await;
    let mut client = Client::to(&app).await;
    client.join("shop").await;
    client.next().await;

    stopping.cancel();
    app.shutdown.cancel();

    assert_eq!(client.closed().await.0, CloseCode::Away);
    timeout(PATIENCE, app.ended).await.expect("it ends").unwrap();
    timeout(PATIENCE, app.runtime.shutdown()).await.expect("it shuts down").unwrap();
}

#[tokio::test]
async fn frames_of_one_socket_have_rising_timestamps() {
    let app = shop().start().await;
    let mut client = Client::to(&app).await;
    client.ask("join", "shop", Some("a")).await;
    client.next().await;

    for _ in 0..200 {
        set(&app, "a", true).await;
    }

    let mut last = 0.0;
    for _ in 0..200 {
        let Message::Text(text) = client.0.next().await.unwrap().unwrap() else { continue };
        let frame: Value = serde_json::from_str::<Value>(Utf8Bytes::as_str(&text)).unwrap();
        let timestamp = frame["timestamp"].as_f64().unwrap();
        assert!(timestamp > last, "{timestamp} after {last}");
        last = timestamp;
    }
}
