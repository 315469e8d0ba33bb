//! Server-sent events, read as a browser reads them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    FEED, PATIENCE,
    common::{App, answer},
    set, shop, streams,
};

/// A reader of server-sent events.
struct Events(BufReader<TcpStream>);

impl Events {
    async fn at(app: &App, path: &str, after: Option<&str>) -> Self {
        let mut stream = app.connect().await;
        let after = after.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{after}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event: its kind, its id, and its data.
    async fn next(&mut self) -> (String, String, Value) {
        timeout(PATIENCE, self.read()).await.expect("an event in time")
    }

    async fn read(&mut self) -> (String, String, Value) {
        let (mut kind, mut id) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the events ended");
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("event: ") {
                value.clone_into(&mut kind);
            } else if let Some(value) = line.strip_prefix("id: ") {
                value.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (kind, id, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn events_begin_with_all_of_it_and_go_on_where_they_broke_off() {
    let app = shop().start().await;
    set(&app, "a", false).await;

    let mut events = Events::at(&app, "/__motia/streams/feed/shop", None).await;
    let (kind, _, sync) = events.next().await;
    assert_eq!(
        (kind.as_str(), &sync["event"]["data"]),
        ("sync", &json!([{ "paid": false, "id": "a" }]))
    );
    set(&app, "a", true).await;
    let (kind, id, _) = events.next().await;
    assert_eq!(kind, "update");
    drop(events);

    set(&app, "b", false).await;
    streams(&app).delete(FEED, "shop", "a").await.unwrap();
    let mut events = Events::at(&app, "/__motia/streams/feed/shop", Some(&id)).await;
    let missed = [events.next().await, events.next().await]
        .map(|(kind, _, data)| (kind, data["id"].clone()));
    assert_eq!(missed, [("create".into(), json!("b")), ("delete".into(), json!("a"))]);

    // From before it is known: everything.
    let mut events = Events::at(&app, "/__motia/streams/feed/shop", Some("0.5")).await;
    assert_eq!(events.next().await.0, "sync");
}

#[tokio::test]
async fn events_of_an_item_tell_that_alone() {
    let app = shop().start().await;
    let mut events = Events::at(&app, "/__motia/streams/feed/shop/a%2F1", None).await;
    let (kind, _, data) = events.next().await;
    assert_eq!(
        (kind.as_str(), &data["event"]["type"]),
        ("sync", &json!("delete")),
        "there is none"
    );

    set(&app, "b", true).await;
    set(&app, "a/1", true).await;

    let (kind, _, data) = events.next().await;
    assert_eq!((kind.as_str(), &data["id"]), ("create", &json!("a/1")));
}

#[tokio::test]
async fn events_are_kept_alive_and_end_when_the_app_stops() {
    let mut setup = shop();
    setup.settings.sse_keep_alive = Duration::from_millis(20);
    let stopping = setup.settings.stopping.clone();
    let app = setup.start().await;
    let mut stream = app.connect().await;
    let request =
        b"GET /__motia/streams/feed/shop HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();

    tokio::time::sleep(Duration::from_millis(200)).await;
    stopping.cancel();

    let answer = answer(stream).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.text().ends_with(":\n\n"), "{}", answer.text());
}
