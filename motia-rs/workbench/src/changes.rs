//! What changed, told to whoever looks on: what is shown is then read again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _, stream};
use motia_runtime::pulse::{Area, Listener};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    Desk, Refusal,
    operations::{Routes, does},
};

/// How long changes gather before they are told: there are at most four tellings in a second.
const GATHER: Duration = Duration::from_millis(250);

/// What changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changed {
    /// What it belongs to.
    pub topics: Vec<Area>,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/changes",
        follow,
        does("Tells what changed, at most four times a second").streams::<Changed>(),
    )
}

/// Who looks on.
struct Follower {
    listener: Listener,
    logs: Option<watch::Receiver<u64>>,
}

impl Follower {
    async fn next(&mut self) -> Changed {
        let Self { listener, logs } = self;
        let written = async {
            if let Some(logs) = logs
                && logs.changed().await.is_ok()
            {
                return;
            }
            std::future::pending::<()>().await;
        };
        let logged = tokio::select! {
            () = listener.changed() => false,
            () = written => true,
        };
        tokio::time::sleep(GATHER).await;

        let mut topics = self.listener.take();
        let written = self.logs.as_mut().is_some_and(|logs| {
            let written = logs.has_changed().unwrap_or(false);
            logs.mark_unchanged();
            written
        });
        if logged || written {
            topics.push(Area::Logs);
        }
        Changed { topics }
    }
}

async fn follow(
    State(desk): State<Arc<Desk>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let none = "no app runs: nothing changes by itself";
    let runtime = desk.runtime().ok_or_else(|| Refusal::conflict(none))?;
    let logs = desk.logs().map(|logs| logs.watch());
    let follower = Follower { listener: runtime.pulse().listen(), logs };
    let stopping = runtime.tasks().stopping().clone();

    let changes = stream::unfold(follower, |mut follower| async move {
        let changed = follower.next().await;
        Some((changed, follower))
    });
    let stopped = Box::pin(async move { stopping.cancelled().await });
    let events = changes.take_until(stopped).map(|changed| {
        let event = Event::default().event("changed");
        Ok(event.json_data(changed).unwrap_or_default())
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body};
    use http::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;
    use crate::testing::{at_rest, get, place, post, put, running};

    /// Looks on, does something, and gives what was told first.
    async fn told(api: &Router, act: impl AsyncFnOnce(&Router)) -> Value {
        let request = Request::get("/api/changes").body(Body::empty()).unwrap();
        let response = api.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body().into_data_stream();
        act(api).await;
        let chunk = body.next().await.unwrap().unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        let data = text.strip_prefix("event: changed\ndata: ").unwrap();
        serde_json::from_str(data.trim()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_is_told_and_what_came_together_at_once() {
        let (api, runtime) = running().await;

        let changed = told(&api, async |api| {
            place(api, json!({ "id": "o-1", "cents": 5 })).await;
            place(api, json!({ "id": "o-2", "cents": 5 })).await;
        });

        let topics = changed.await["topics"].as_array().unwrap().clone();
        assert!(topics.contains(&json!("runs")) && topics.contains(&json!("queues")), "{topics:?}");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_person_changes_is_told_to_the_others() {
        let (api, runtime) = running().await;

        let set = async |api: &Router| {
            put(api, "/api/state/orders/1", &json!(1)).await;
        };
        let changed = told(&api, set).await;
        assert!(changed["topics"].as_array().unwrap().contains(&json!("state")), "{changed}");

        let pause = async |api: &Router| {
            post(api, "/api/queues/Charge/pause", &json!(null)).await;
        };
        let changed = told(&api, pause).await;
        assert!(changed["topics"].as_array().unwrap().contains(&json!("queues")), "{changed}");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn of_an_app_at_rest_nothing_is_told() {
        assert_eq!(get(&at_rest().await, "/api/changes").await.0, 409);
    }
}
