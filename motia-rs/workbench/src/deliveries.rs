//! One delivery: where it is, why it is not running, and ending it; and ending all of an event, of a
//! run, or of a key.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use http::HeaderMap;
use motia_core::{
    context::{Cancel, CancelError},
    event::EventId,
    store::{DeliveryId, Ended, Failure, MAX_KEY},
    trace::TraceId,
};
use motia_runtime::bus::{
    explain::{self, Found},
    reason::Explanation,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, optional},
    operations::{Routes, Signed, does},
    waiting::DeliveryInfo,
    who,
};

/// A delivery with the answer to why it is not running.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explained {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryInfo,
    /// Its `status`, and what there is to say of it.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Its attempts that failed, the first one first.
    pub failures: Vec<Failure>,
}

/// How many deliveries were ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cancelled {
    /// How many.
    pub cancelled: u64,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/deliveries/{id}",
            show,
            does("Shows a delivery, and says why it is not running").answers::<Explained>(),
        )
        .post(
            "/api/deliveries/{id}/cancel",
            cancel_one,
            does("Cancels a delivery, wherever it is").takes::<Signed>().answers::<Cancelled>(),
        )
        .post(
            "/api/cancel",
            cancel,
            does("Cancels all of an event, of a trace, or of a key")
                .takes::<Wanted>()
                .answers::<Cancelled>(),
        )
}

async fn show(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Explained>, Refusal> {
    let id = delivery(id)?;
    let Some(found) = desk.find(id).await? else { return Err(desk.unknown(id).await?) };
    let (queue, now) = (desk.queue_name(id).await?.unwrap_or_default(), desk.engine().now());
    let explanation = match desk.runtime() {
        Some(runtime) => runtime.bus().explain_found(&found).await?,
        None => {
            let step = desk.registry().step(&queue).map(|step| &**step);
            explain::at_rest(&**desk.store(), step, &found, now).await?
        }
    };
    let delivery = match found {
        Found::Waiting(delivery) => DeliveryInfo::of(delivery, queue),
        Found::Dead(letter) => letter.into(),
        Found::Ended(ended) => ended.into(),
    };
    let failures = desk.store().failures(id).await?;
    Ok(Json(Explained { delivery, explanation, failures }))
}

async fn cancel_one(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Cancelled>), Refusal> {
    let (id, by) = (delivery(id)?, who::asks(&headers, &body?)?);
    let cancelled = desk.engine().cancel(Cancel::Delivery(id), &by).await?;
    if cancelled == 0 {
        return Err(match desk.find(id).await? {
            Some(found) => settled(id, &found),
            None => desk.unknown(id).await?,
        });
    }
    Ok((Deed::new("delivery.cancel", id.to_string()).by(by), Json(Cancelled { cancelled })))
}

/// What is to be cancelled: one of the three.
#[derive(Debug, Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cancel")]
struct Wanted {
    event: Option<EventId>,
    trace: Option<TraceId>,
    key: Option<String>,
    by: Option<String>,
}

async fn cancel(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Cancelled>), Refusal> {
    let Wanted { event, trace, key, by } = optional(&headers, &body?)?;
    let by = who::name(&headers, by)?;
    let (what, meant) = match (event, trace, key.as_deref()) {
        (Some(event), None, None) => (Cancel::Event(event), format!("event {event}")),
        (None, Some(trace), None) => (Cancel::Trace(trace), format!("trace {trace}")),
        (None, None, Some(key)) if (1..=MAX_KEY).contains(&key.len()) => {
            (Cancel::Key(key), format!("key {key}"))
        }
        (None, None, Some(_)) => {
            return Err(Refusal::bad(format!("`key` is a text of 1 to {MAX_KEY} bytes")));
        }
        _ => {
            let told = "say what is to be cancelled: one of `event`, `trace` and `key`";
            return Err(Refusal::bad(told));
        }
    };
    let cancelled = desk.engine().cancel(what, &by).await?;
    let deed = Deed::new("delivery.cancel", meant).by(by).after(&json!({ "cancelled": cancelled }));
    let deed = deed.nothing_if(cancelled == 0);
    Ok((deed, Json(Cancelled { cancelled })))
}

impl Desk {
    pub(crate) async fn find(&self, id: DeliveryId) -> Result<Option<Found>, Refusal> {
        Ok(explain::find(&**self.store(), id).await?)
    }

    /// The step of a delivery's queue, if there is such a queue.
    async fn queue_name(&self, id: DeliveryId) -> Result<Option<String>, Refusal> {
        let depths = self.store().depths(self.engine().now()).await?;
        let queue = depths.into_iter().find(|depth| depth.id == id.queue);
        Ok(queue.map(|depth| depth.queue))
    }

    /// Nothing is known of a delivery. The store forgets what was handled, and its numbers are shared
    /// by all queues, so nobody can tell that apart from what never was.
    pub(crate) async fn unknown(&self, id: DeliveryId) -> Result<Refusal, Refusal> {
        Ok(Refusal::missing(match self.queue_name(id).await? {
            Some(step) => format!(
                "{step} has no delivery {id}: it was handled, is no longer in the history, or never \
                 was"
            ),
            None => format!("there is no delivery {id}: the app has no queue {}", id.queue.0),
        }))
    }
}

/// Why what was found cannot be done anything about.
pub(crate) fn settled(id: DeliveryId, found: &Found) -> Refusal {
    Refusal::conflict(match found {
        Found::Waiting(_) => format!("{id} waits again"),
        Found::Dead(_) => format!("{id} is dead: redrive or purge it"),
        Found::Ended(Ended { ending, at, note, .. }) => {
            format!("{id} ended at {at}: {} ({note})", name_of(*ending))
        }
    })
}

fn name_of(ending: motia_core::store::Ending) -> String {
    let name = serde_json::to_value(ending).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

/// Reads the id of a delivery.
pub(crate) fn delivery(id: Result<Path<String>, PathRejection>) -> Result<DeliveryId, Refusal> {
    let Path(id) = id?;
    id.parse().map_err(|error| Refusal::bad(format!("`{id}`: {error}")))
}

impl From<CancelError> for Refusal {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Store(error) => error.into(),
            CancelError::Commit(error) => error.into(),
            error => Self::conflict(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{
        at_rest, first_waiting, get, held, left_behind, place, post, running, with_dead_letters,
    };

    fn reasons(delivery: &Value) -> Vec<&str> {
        let reasons = delivery["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason["because"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_delivery_of_a_running_app_says_everything_that_keeps_it_from_running() {
        let (api, runtime) = running().await;
        post(&api, "/api/queues/Charge/pause", &json!({ "by": "ana" })).await;
        post(&api, "/api/circuits/bank/open", &json!({ "by": "ben" })).await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        place(&api, json!({ "id": "o-1", "cents": 6 })).await;
        let (_, list) = get(&api, "/api/queues/Charge/waiting").await;
        let id = list["items"][1]["id"].as_str().unwrap();

        let (status, delivery) = get(&api, &format!("/api/deliveries/{id}")).await;

        assert_eq!((status.as_u16(), &delivery["status"]), (200, &json!("waiting")));
        assert_eq!(delivery["event"]["payload"]["cents"], json!(6));
        assert_eq!(reasons(&delivery), ["paused", "circuitOpen", "behindInKey"]);
        assert_eq!(delivery["reasons"][2]["key"], json!("o-1"));
        post(&api, "/api/queues/Charge/resume", &json!(null)).await;
        let (_, delivery) = get(&api, &format!("/api/deliveries/{id}")).await;
        assert_eq!(reasons(&delivery), ["circuitOpen", "behindInKey"]);
        assert_eq!(delivery["reasons"][0]["by"], json!("ben"));
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn at_rest_the_store_alone_says_why() {
        let api = at_rest().await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        let delayed = json!({
            "topic": "order.placed", "payload": { "id": "o-1", "cents": 6 }, "delay": 3600,
        });
        post(&api, "/api/emit", &delayed).await;
        post(&api, "/api/queues/Charge/pause", &json!({ "by": "ana" })).await;
        let (_, list) = get(&api, "/api/queues/Charge/waiting").await;
        let why = async |n: usize| {
            let id = list["items"][n]["id"].as_str().unwrap();
            get(&api, &format!("/api/deliveries/{id}")).await.1
        };

        assert_eq!(reasons(&why(0).await), ["atRest", "paused"]);
        assert_eq!(reasons(&why(1).await), ["atRest", "delayed", "paused"]);
        assert_eq!(
            reasons(&first_waiting(&left_behind("Retired").await).await),
            ["atRest", "orphaned"]
        );
        let held = first_waiting(&held().await).await;
        assert_eq!(held["reasons"][1]["because"], json!("held"));
        assert!(held["reasons"][1]["error"].as_str().unwrap().contains("missing field"), "{held}");
    }

    #[tokio::test]
    async fn a_delivery_that_is_cancelled_is_in_the_history_and_cannot_be_cancelled_again() {
        let api = at_rest().await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        let id = first_waiting(&api).await["id"].as_str().unwrap().to_owned();
        let cancel = format!("/api/deliveries/{id}/cancel");

        let (status, answer) = post(&api, &cancel, &json!({ "by": "ana" })).await;

        assert_eq!((status.as_u16(), &answer), (200, &json!({ "cancelled": 1 })));
        let (_, delivery) = get(&api, &format!("/api/deliveries/{id}")).await;
        assert_eq!(
            (&delivery["status"], &delivery["ending"]),
            (&json!("ended"), &json!("cancelled"))
        );
        assert_eq!(delivery["note"], json!("cancelled by ana"));
        let (status, problem) = post(&api, &cancel, &json!(null)).await;
        assert_eq!(status, 409);
        let told = problem["detail"].as_str().unwrap();
        assert!(told.contains(": cancelled (cancelled by ana)"), "{told}");
    }

    #[tokio::test]
    async fn what_is_dead_is_not_cancelled_but_redriven_or_purged() {
        let api = with_dead_letters(1).await;
        let (_, list) = get(&api, "/api/dead").await;
        let id = list["items"][0]["id"].as_str().unwrap();

        let (status, problem) =
            post(&api, &format!("/api/deliveries/{id}/cancel"), &json!(null)).await;

        assert_eq!(status, 409);
        assert_eq!(problem["detail"], json!(format!("{id} is dead: redrive or purge it")));
        let (_, delivery) = get(&api, &format!("/api/deliveries/{id}")).await;
        assert_eq!(
            (&delivery["status"], &delivery["reason"]),
            (&json!("dead"), &json!("out of attempts"))
        );
    }

    #[tokio::test]
    async fn all_of_a_key_of_an_event_and_of_a_run_is_cancelled_at_once() {
        let api = at_rest().await;
        let place = async |cancel_key: &str| {
            let event = json!({
                "topic": "order.placed", "payload": { "id": "o", "cents": 1 },
                "cancelKey": cancel_key,
            });
            post(&api, "/api/emit", &event).await.1["id"].clone()
        };
        place("a").await;
        place("a").await;
        let (event, _) = (place("b").await, place("c").await);
        let (_, list) = get(&api, "/api/queues/Charge/waiting?cancelKey=c").await;
        let trace = &list["items"][0]["event"]["trace"]["traceId"];

        for (body, expected) in [
            (json!({ "key": "a", "by": "ana" }), 2),
            (json!({ "key": "a" }), 0),
            (json!({ "event": event }), 1),
            (json!({ "trace": trace }), 1),
        ] {
            let (status, answer) = post(&api, "/api/cancel", &body).await;
            assert_eq!((status.as_u16(), &answer["cancelled"]), (200, &json!(expected)), "{body}");
        }
        for body in [
            json!({}),
            json!({ "key": "a", "event": event }),
            json!({ "key": "" }),
            json!({ "all": true }),
        ] {
            let (status, problem) = post(&api, "/api/cancel", &body).await;
            assert_eq!(status, 400, "{body}: {problem}");
        }
    }

    #[tokio::test]
    async fn what_is_not_known_may_have_been_handled_or_never_was() {
        let api = at_rest().await;
        for (id, told) in [("1-99", "was handled"), ("7-1", "no queue 7")] {
            let (status, problem) = get(&api, &format!("/api/deliveries/{id}")).await;
            assert_eq!(status, 404);
            assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
            let (status, _) =
                post(&api, &format!("/api/deliveries/{id}/cancel"), &json!(null)).await;
            assert_eq!(status, 404);
        }
        let (status, _) = get(&api, "/api/deliveries/nonsense").await;
        assert_eq!(status, 400);
    }
}
