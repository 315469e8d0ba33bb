//! How an app stops, and what goes on when a caller does.

mod common;

use std::{sync::Arc, time::Duration};

use common::{app, setup};
use futures_util::stream;
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Sse, Text},
    registry::Definition,
};
use tokio::{io::AsyncWriteExt as _, sync::Notify};

/// A step that says when it begins, and ends when it is told to.
#[derive(Default)]
struct Held {
    begun: Notify,
    go: Notify,
    done: Notify,
}

fn held() -> (Arc<Held>, Definition) {
    let held = Arc::<Held>::default();
    let inner = held.clone();
    let handler = move |_: ApiRequest<()>, _: Context| {
        let held = inner.clone();
        async move {
            held.begun.notify_one();
            held.go.notified().await;
            held.done.notify_one();
            Ok(ApiResponse::ok(Text("done".into())))
        }
    };
    (held, ApiConfig::<(), Text>::get("Held", "/held").bind(handler))
}

const REQUEST: &[u8] = b"GET /held HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn a_stop_lets_a_running_request_finish_and_takes_no_new_one() {
    let (held, step) = held();
    let app = app([step]).await;
    let mut running = app.connect().await;
    running.write_all(REQUEST).await.unwrap();
    held.begun.notified().await;

    app.shutdown.cancel();
    while tokio::net::TcpStream::connect(app.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    held.go.notify_one();

    assert_eq!(common::answer(running).await.text(), "done");
    app.ended.await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let (held, step) = held();
    let mut setup = setup([step]);
    setup.drain = Duration::from_millis(50);
    let app = setup.start().await;
    let mut running = app.connect().await;
    running.write_all(REQUEST).await.unwrap();
    held.begun.notified().await;

    app.shutdown.cancel();

    tokio::time::timeout(Duration::from_secs(5), app.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_step() {
    let (held, step) = held();
    let app = app([step]).await;
    let mut caller = app.connect().await;
    caller.write_all(REQUEST).await.unwrap();
    held.begun.notified().await;

    drop(caller);
    held.go.notify_one();

    tokio::time::timeout(Duration::from_secs(5), held.done.notified()).await.unwrap();
}

#[tokio::test]
async fn streams_of_events_end_when_the_app_stops() {
    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<Sse>> {
        Ok(ApiResponse::ok(Sse::new(stream::pending())))
    }
    let setup = setup([ApiConfig::<(), Sse>::get("Events", "/events").bind(handler)]);
    let stopping = setup.settings.stopping.clone();
    let app = setup.start().await;
    let mut listening = app.connect().await;
    listening.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    listening.readable().await.unwrap();

    stopping.cancel();
    app.shutdown.cancel();

    assert_eq!(common::answer(listening).await.status, 200);
    tokio::time::timeout(Duration::from_secs(5), app.ended).await.unwrap().unwrap();
}
