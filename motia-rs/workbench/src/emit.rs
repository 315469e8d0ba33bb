//! Emits from outside of any step.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use motia_core::{
    context::{Emit, Receipt},
    json::strict,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{Desk, Refusal};

/// What is nested deeper is refused.
const JSON_DEPTH: usize = 100;

/// What is to be emitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emission {
    topic: String,
    #[serde(default)]
    payload: Value,
    /// Seconds to wait before it is delivered.
    #[serde(default)]
    delay: Option<f64>,
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/api/emit", post(emit))
}

async fn emit(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Receipt>), Refusal> {
    let wanted: Emission = serde_json::from_value(json_body(&headers, &body?)?)
        .map_err(|error| Refusal::bad(format!("expected `topic`, `payload`: {error}")))?;
    let delay = wanted.delay.map(Duration::try_from_secs_f64).transpose();
    let delay = delay.map_err(|_| Refusal::bad("`delay` is a number of seconds"))?;

    let run = desk.run();
    let mut event = Emit::raw(&run, &wanted.topic, &wanted.payload);
    if let Some(delay) = delay {
        event = event.delay(delay);
    }
    let receipt = event.await?;

    tracing::info!(target: crate::AUDIT, topic = wanted.topic, event = %receipt.id, "emitted");
    Ok((StatusCode::ACCEPTED, Json(receipt)))
}

/// Reads a body that must say that it is JSON: no form of another site can send one.
pub(crate) fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = said.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::unsupported("send the body as `content-type: application/json`"));
    }
    strict::parse(body, JSON_DEPTH)
        .map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use crate::{
        local::call,
        testing::{at_rest, get, post},
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
