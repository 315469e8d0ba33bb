//! The history: events that were neither handled nor given up, and why.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use jiff::Timestamp;
use motia_core::{
    event::EventId,
    store::{Ended, EndedFilter, Ending, Page, PageRequest},
    trace::TraceId,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, gather, strange},
    waiting::shown,
};

/// Which of them are wanted: those to which all that is said applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    step: Option<String>,
    ending: Option<Ending>,
    event: Option<EventId>,
    trace: Option<TraceId>,
    /// At most so many items: 100 where nothing is said.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/ended",
        list,
        does("Lists what was cancelled, expired or superseded, the last first")
            .query::<Wanted>()
            .answers::<Page<Ended>>(),
    )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<Ended>>, Refusal> {
    let Wanted { step, ending, event, trace, limit, cursor } = query(text.as_deref())?;
    let request = Paging { limit, cursor }.request()?;
    if request.after.as_deref().is_some_and(|cursor| !is_cursor(cursor)) {
        return Err(strange());
    }
    if let Some(step) = &step {
        desk.queue(step).await?;
    }
    let filter = EndedFilter { queue: step, ending, delivery: None, event, trace };
    let read = |request| desk.store().ended(&filter, request);
    let page = gather(request, read, |ended: &Ended| ended.event.payload.len());
    let Page { items, next } = page.await?;
    let items = items.into_iter().map(|ended| Ended { event: shown(&ended.event), ..ended });
    Ok(Json(Page { items: items.collect(), next }))
}

/// Whether a text can be the `next` of a page: an instant and a sequence number.
fn is_cursor(text: &str) -> bool {
    text.rsplit_once('-')
        .is_some_and(|(at, seq)| at.parse::<Timestamp>().is_ok() && seq.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{at_rest, get, post};

    fn keys(list: &Value) -> Vec<&str> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["event"]["cancelKey"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn what_was_cancelled_is_in_the_history_the_last_one_first() {
        let api = at_rest().await;
        for key in ["a", "b", "c"] {
            let payload = json!({ "id": key, "cents": 1 });
            let event = json!({ "topic": "order.placed", "payload": payload, "cancelKey": key });
            post(&api, "/api/emit", &event).await;
            post(&api, "/api/cancel", &json!({ "key": key, "by": "ana" })).await;
        }

        let (_, first) = get(&api, "/api/ended?step=Charge&ending=cancelled&limit=2").await;
        let next = first["next"].as_str().unwrap();
        let (_, last) = get(&api, &format!("/api/ended?limit=2&cursor={next}")).await;

        assert_eq!((keys(&first), keys(&last)), (vec!["c", "b"], vec!["a"]));
        let ended = &first["items"][0];
        assert_eq!(
            (&ended["queue"], &ended["note"]),
            (&json!("Charge"), &json!("cancelled by ana"))
        );
        let event = ended["event"]["id"].as_str().unwrap();
        assert_eq!(keys(&get(&api, &format!("/api/ended?event={event}")).await.1), ["c"]);
        let trace = ended["event"]["trace"]["traceId"].as_str().unwrap();
        assert_eq!(keys(&get(&api, &format!("/api/ended?trace={trace}")).await.1), ["c"]);
        assert!(keys(&get(&api, "/api/ended?ending=expired").await.1).is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_refused() {
        let api = at_rest().await;
        for (query, expected) in [
            ("step=Nobody", 404),
            ("ending=handled", 400),
            ("cursor=7", 400),
            ("limit=0", 400),
            ("event=nonsense", 400),
        ] {
            let (status, problem) = get(&api, &format!("/api/ended?{query}")).await;
            assert_eq!(status, expected, "{query}: {problem}");
        }
    }
}
