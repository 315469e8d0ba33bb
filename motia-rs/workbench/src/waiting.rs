//! What waits for one step: each event with its key, its attempts and its time.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use jiff::Timestamp;
use motia_core::{
    event::{Event, EventId},
    store::{DeadLetter, Delivery, DeliveryId, Ended, Page, PageRequest, WaitingFilter},
    trace::TraceId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, by_number, gather},
};

/// A delivery as people are shown it: an event on its way to one step.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryInfo {
    /// Its name.
    pub id: DeliveryId,
    /// The step.
    pub queue: String,
    /// The key of its lane, if the step has one.
    pub key: Option<Arc<str>>,
    /// Attempts that were started.
    pub attempts: u32,
    /// When it may start, if it waits for a time.
    pub due: Option<Timestamp>,
    /// Whether it is held, because its payload does not fit the step's input.
    pub held: bool,
    /// What is delivered, as people may see it.
    pub event: Event,
}

/// A delivery that waits.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Waiting {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryInfo,
    /// Whether an attempt runs.
    pub running: bool,
}

impl DeliveryInfo {
    pub(crate) fn of(delivery: Delivery, queue: String) -> Self {
        let held = delivery.due == Some(Timestamp::MAX);
        Self {
            id: delivery.id,
            queue,
            key: delivery.lane.map(|lane| lane.key),
            attempts: delivery.attempts,
            due: delivery.due.filter(|_| !held),
            held,
            event: shown(&delivery.event),
        }
    }
}

impl From<DeadLetter> for DeliveryInfo {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, queue, key, attempts, event, .. } = letter;
        Self { id, queue, key, attempts, due: None, held: false, event: shown(&event) }
    }
}

impl From<Ended> for DeliveryInfo {
    fn from(ended: Ended) -> Self {
        let Ended { id, queue, attempts, event, .. } = ended;
        Self { id, queue, key: None, attempts, due: None, held: false, event: shown(&event) }
    }
}

/// An event as people may see it: the secrets of its payload are redacted.
pub(crate) fn shown(event: &Event) -> Event {
    Event { payload: event.payload.redacted(), ..event.clone() }
}

/// Which deliveries are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    key: Option<String>,
    event: Option<EventId>,
    trace: Option<TraceId>,
    cancel_key: Option<String>,
    #[serde(default)]
    held: bool,
    /// At most so many items: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/queues/{step}/waiting",
        list,
        does("Lists what waits for a step, the oldest first")
            .query::<Wanted>()
            .answers::<Page<Waiting>>(),
    )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<Waiting>>, Refusal> {
    let Path(step) = step?;
    let Wanted { key, event, trace, cancel_key, held, limit, cursor } = query(text.as_deref())?;
    let request = by_number(Paging { limit, cursor })?;
    let queue = Some(desk.queue(&step).await?.id);
    let filter = WaitingFilter { queue, delivery: None, event, trace, cancel_key, lane: key, held };

    let read = |request| desk.store().waiting(&filter, request);
    let page = gather(request, read, |delivery: &Delivery| delivery.event.payload.len()).await?;
    let is_running = |id| desk.runtime().is_some_and(|runtime| runtime.bus().is_running(id));
    let items = page.items.into_iter().map(|delivery| Waiting {
        running: is_running(delivery.id),
        delivery: DeliveryInfo::of(delivery, step.clone()),
    });
    Ok(Json(Page { items: items.collect(), next: page.next }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{at_rest, get, held, place, post};

    /// The orders of a list.
    fn orders(list: &Value) -> Vec<&str> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["event"]["payload"]["id"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn what_waits_is_listed_with_all_that_is_known_of_it() {
        let api = at_rest().await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        let event = json!({
            "topic": "order.placed", "payload": { "id": "o-2", "cents": 9 },
            "key": "acme", "priority": 3, "delay": 3600, "cancelKey": "c-1",
        });
        let (_, receipt) = post(&api, "/api/emit", &event).await;

        let (status, list) = get(&api, "/api/queues/Charge/waiting").await;

        assert_eq!(status, 200);
        assert_eq!(orders(&list), ["o-1", "o-2"]);
        let second = &list["items"][1];
        assert_eq!(second["id"].as_str().map(|id| id.starts_with("1-")), Some(true));
        assert_eq!((&second["key"], &second["attempts"]), (&json!("acme"), &json!(0)));
        assert!(second["due"].is_string() && second["running"] == json!(false), "{second}");
        let event = &second["event"];
        assert_eq!((&event["id"], &event["topic"]), (&receipt["id"], &json!("order.placed")));
        assert_eq!((&event["priority"], &event["cancelKey"]), (&json!(3), &json!("c-1")));
        assert!(event["emittedAt"].is_string());
    }

    #[tokio::test]
    async fn what_waits_is_found_by_key_event_trace_and_cancel_key() {
        let api = at_rest().await;
        for (id, key) in [("o-1", "acme"), ("o-2", "bolt"), ("o-3", "acme")] {
            let payload = json!({ "id": id, "cents": 1 });
            let event = json!({
                "topic": "order.placed", "payload": payload, "key": key, "cancelKey": id,
            });
            post(&api, "/api/emit", &event).await;
        }
        let (_, all) = get(&api, "/api/queues/Charge/waiting").await;
        let event = all["items"][2]["event"]["id"].as_str().unwrap();
        let trace = all["items"][0]["event"]["trace"]["traceId"].as_str().unwrap();

        for (query, expected) in [
            ("key=acme".to_owned(), vec!["o-1", "o-3"]),
            ("key=acme&limit=1".to_owned(), vec!["o-1"]),
            (format!("event={event}"), vec!["o-3"]),
            (format!("trace={trace}"), vec!["o-1"]),
            ("cancelKey=o-2".to_owned(), vec!["o-2"]),
            ("cancelKey=o-2&key=acme".to_owned(), vec![]),
            ("held=true".to_owned(), vec![]),
        ] {
            let (_, list) = get(&api, &format!("/api/queues/Charge/waiting?{query}")).await;
            assert_eq!(orders(&list), expected, "{query}");
        }
    }

    #[tokio::test]
    async fn what_is_held_is_found_and_has_no_time() {
        let api = held().await;

        let (_, list) = get(&api, "/api/queues/Charge/waiting?held=true").await;

        let item = &list["items"][0];
        assert_eq!((&item["held"], &item["due"]), (&json!(true), &json!(null)));
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_refused() {
        let api = at_rest().await;
        for (path, expected) in [
            ("Nobody/waiting", 404),
            ("Charge/waiting?limit=1001", 400),
            ("Charge/waiting?cursor=nonsense", 400),
            ("Charge/waiting?event=nonsense", 400),
            ("Charge/waiting?colour=red", 400),
        ] {
            let (status, problem) = get(&api, &format!("/api/queues/{path}")).await;
            assert_eq!(status, expected, "{path}: {problem}");
        }
    }
}
