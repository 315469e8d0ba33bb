//! Emits from outside of any step.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use motia_core::{
    config::Priority,
    context::{Emit, EmitOptions, Receipt},
    store::MAX_KEY,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, fields, instant},
    operations::{Routes, does},
};

/// What is to be emitted, and how it is delivered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Emission {
    topic: String,
    #[serde(default)]
    payload: Value,
    /// Seconds to wait before it is delivered.
    delay: Option<f64>,
    /// The instant before which it is not delivered.
    at: Option<String>,
    /// The key that it belongs to, in the place of what the steps say.
    key: Option<String>,
    /// How urgent it is, from -9 to 9.
    priority: Option<i64>,
    /// It is emitted once with this key, within a day.
    dedup: Option<String>,
    /// Seconds after which it is not worth starting.
    ttl: Option<f64>,
    /// The key under which it can be cancelled.
    cancel_key: Option<String>,
}

impl Emission {
    fn options(&self) -> Result<EmitOptions<'_>, Refusal> {
        let mut options = EmitOptions::new();
        match (self.delay, instant("at", self.at.clone())?) {
            (Some(_), Some(_)) => return Err(Refusal::bad("say `delay` or `at`, not both")),
            (Some(delay), None) => options = options.delay(seconds("delay", delay)?),
            (None, Some(at)) => options = options.at(at),
            (None, None) => {}
        }
        if let Some(key) = &self.key {
            options = options.group(checked("key", key)?);
        }
        if let Some(level) = self.priority {
            let priority = i8::try_from(level).ok().and_then(Priority::try_new);
            let range = "`priority` is a level from -9 to 9";
            options = options.priority(priority.ok_or_else(|| Refusal::bad(range))?);
        }
        if let Some(key) = &self.dedup {
            options = options.dedup(checked("dedup", key)?);
        }
        if let Some(ttl) = self.ttl {
            let ttl = seconds("ttl", ttl)?;
            if ttl.is_zero() {
                return Err(Refusal::bad(
                    "`ttl` is more than 0: what expires at once never starts",
                ));
            }
            options = options.ttl(ttl);
        }
        if let Some(key) = &self.cancel_key {
            options = options.cancel_key(checked("cancelKey", key)?);
        }
        Ok(options)
    }
}

fn seconds(what: &str, number: f64) -> Result<Duration, Refusal> {
    Duration::try_from_secs_f64(number)
        .map_err(|_| Refusal::bad(format!("`{what}` is a number of seconds from 0")))
}

fn checked<'k>(what: &str, key: &'k str) -> Result<&'k str, Refusal> {
    match key.len() {
        1..=MAX_KEY => Ok(key),
        size => {
            Err(Refusal::bad(format!("`{what}` is a text of 1 to {MAX_KEY} bytes; it has {size}")))
        }
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default().post(
        "/api/emit",
        emit,
        does("Emits an event from outside of any step")
            .takes::<Emission>()
            .answers::<Receipt>()
            .accepted(),
    )
}

async fn emit(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Deed, Json<Receipt>), Refusal> {
    let wanted: Emission = fields(&headers, &body?)?;
    let options = wanted.options()?;

    let run = desk.run();
    let receipt = Emit::raw(&run, &wanted.topic, &wanted.payload).options(options).await?;

    let deed = Deed::new("emit", &wanted.topic).after(&receipt);
    Ok((StatusCode::ACCEPTED, deed, Json(receipt)))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Method, Request};
    use serde_json::json;
    use tower::ServiceExt as _;

    use crate::{
        local::call,
        testing::{MAX_DEPTH, at_rest, get, post},
    };

    #[tokio::test]
    async fn an_event_that_is_emitted_waits_for_its_step() {
        let api = at_rest().await;
        let event = json!({ "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 } });

        let (status, receipt) = post(&api, "/api/emit", &event).await;

        assert_eq!(status, 202, "{receipt}");
        assert_eq!(receipt["durability"], json!("volatile"));
        let (_, queues) = get(&api, "/api/queues").await;
        assert_eq!(queues["items"][0]["waiting"], json!(1));
    }

    #[tokio::test]
    async fn a_delayed_event_counts_as_delayed() {
        let api = at_rest().await;
        let payload = json!({ "id": "o-1", "cents": 5 });

        let event = json!({ "topic": "order.placed", "payload": payload, "delay": 3600 });
        post(&api, "/api/emit", &event).await;

        let (_, queues) = get(&api, "/api/queues").await;
        assert_eq!(
            (&queues["items"][0]["waiting"], &queues["items"][0]["delayed"]),
            (&json!(0), &json!(1))
        );
    }

    #[tokio::test]
    async fn a_payload_that_breaks_the_schema_is_refused_with_every_violation() {
        let event = json!({ "topic": "order.placed", "payload": { "cents": "five" } });

        let (status, problem) = post(&at_rest().await, "/api/emit", &event).await;

        assert_eq!(status, 400);
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2), "{problem}");
    }

    #[tokio::test]
    async fn an_event_is_emitted_once_under_its_deduplication_key() {
        let api = at_rest().await;
        let event = json!({
            "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 }, "dedup": "o-1",
        });

        let (_, first) = post(&api, "/api/emit", &event).await;
        let (status, second) = post(&api, "/api/emit", &event).await;

        assert_eq!((status.as_u16(), &second["duplicate"]), (202, &json!(true)));
        assert_eq!((&first["duplicate"], &second["id"]), (&json!(false), &first["id"]));
        let (_, queues) = get(&api, "/api/queues").await;
        assert_eq!(queues["items"][0]["waiting"], json!(1));
    }

    #[tokio::test]
    async fn what_is_out_of_its_range_is_refused_by_its_name() {
        let api = at_rest().await;
        let long = "k".repeat(257);
        for (what, value, told) in [
            ("priority", json!(10), "-9 to 9"),
            ("priority", json!(-10), "-9 to 9"),
            ("priority", json!(300), "-9 to 9"),
            ("priority", json!("high"), "`priority` in the body is a whole number"),
            ("dedup", json!(long), "256 bytes; it has 257"),
            ("dedup", json!(""), "256 bytes; it has 0"),
            ("key", json!(long), "256 bytes"),
            ("cancelKey", json!(long), "256 bytes"),
            ("ttl", json!(0), "more than 0"),
            ("ttl", json!(-1), "from 0"),
            ("delay", json!(-1), "from 0"),
            ("delay", json!(366 * 24 * 3600), "max_delay"),
            ("at", json!("9999-01-01T00:00:00Z"), "max_delay"),
            ("at", json!("tomorrow"), "tomorrow"),
            ("colour", json!("red"), "colour"),
        ] {
            let payload = json!({ "id": "o-1", "cents": 5 });
            let mut event = json!({ "topic": "order.placed", "payload": payload });
            event[what] = value.clone();

            let (status, problem) = post(&api, "/api/emit", &event).await;

            assert_eq!(status, 400, "{what} {value}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(told), "{what}: {problem}");
        }
        let both = json!({
            "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 },
            "delay": 1, "at": "2030-01-01T00:00:00Z",
        });
        assert_eq!(post(&api, "/api/emit", &both).await.0, 400);
    }

    #[tokio::test]
    async fn a_full_queue_is_503_and_says_when_to_come_back() {
        let api = at_rest().await;
        for n in 0..MAX_DEPTH {
            let payload = json!({ "id": format!("o-{n}"), "cents": 5 });
            post(&api, "/api/emit", &json!({ "topic": "order.placed", "payload": payload })).await;
        }

        let one_more = json!({ "topic": "order.placed", "payload": { "id": "o", "cents": 5 } });
        let request = Request::post("/api/emit").header("content-type", "application/json");
        let request = request.body(Body::from(one_more.to_string())).unwrap();
        let response = api.oneshot(request).await.unwrap();

        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
    }

    #[tokio::test]
    async fn a_topic_that_nobody_names_is_not_found_and_those_named_are_listed() {
        let event = json!({ "topic": "order.plaecd", "payload": {} });

        let (status, problem) = post(&at_rest().await, "/api/emit", &event).await;

        assert_eq!(status, 404);
        assert!(problem["detail"].as_str().unwrap().contains("order.placed"), "{problem}");
    }

    #[tokio::test]
    async fn a_body_that_does_not_say_it_is_json_is_refused() {
        let (status, _) = call(&at_rest().await, Method::POST, "/api/emit", None).await;
        assert_eq!(status, 415);
    }
}
