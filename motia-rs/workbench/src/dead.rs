//! The dead letters: events that were given up, found by what is known of them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use motia_core::{
    event::EventId,
    store::{DeadFilter, DeadLetter, DeliveryId, Page, PageRequest},
    trace::TraceId,
};
use motia_runtime::bus::explain::Found;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Desk, Refusal,
    deliveries::{delivery, settled},
    input::{instant, query},
    operations::{Routes, does},
    paging::{Paging, by_number, gather},
    waiting::shown,
};

/// A page of dead letters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Letters {
    /// The page, lowest sequence number first.
    #[serde(flatten)]
    pub page: Page<DeadLetter>,
    /// How many there are on all pages together.
    pub total: u64,
}

/// Which dead letters are wanted: those to which all that is said applies.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    step: Option<String>,
    topic: Option<String>,
    key: Option<String>,
    event: Option<EventId>,
    trace: Option<TraceId>,
    reason: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// All of them: said where what is found is to be changed, so that it is not said by leaving something out.
    #[serde(default)]
    all: bool,
    /// At most so many items. Where nothing is said 100 are listed, or 50,000 moved.
    #[schemars(range(min = 1, max = PageRequest::MAX))]
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Wanted {
    /// Whether it says how many.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether it says which: some of them, or all.
    pub(crate) fn says_which(&self) -> bool {
        let Self { step, topic, key, event, trace, reason, since, until, all, .. } = self;
        let texts = [step, topic, key, reason, since, until];
        *all || event.is_some() || trace.is_some() || texts.iter().any(|text| text.is_some())
    }

    /// What to look for, and which page of it.
    pub(crate) async fn read(self, desk: &Desk) -> Result<(DeadFilter, PageRequest), Refusal> {
        let Self { step, topic, key, event, trace, reason, since, until, limit, cursor, .. } = self;
        if let Some(step) = &step {
            desk.queue(step).await?;
        }
        let (since, until) = (instant("since", since)?, instant("until", until)?);
        let filter =
            DeadFilter { queue: step, topic, event, trace, lane: key, reason, since, until };
        Ok((filter, by_number(Paging { limit, cursor })?))
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/queues/{step}/dead",
            list_of_step,
            does("Lists the dead letters of a step").query::<Wanted>().answers::<Letters>(),
        )
        .get(
            "/api/dead",
            list,
            does("Lists the dead letters: events that were given up")
                .query::<Wanted>()
                .answers::<Letters>(),
        )
        .get("/api/dead/{id}", show, does("Shows a dead letter").answers::<DeadLetter>())
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Letters>, Refusal> {
    letters(&desk, query(text.as_deref())?).await
}

async fn list_of_step(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Letters>, Refusal> {
    let Path(step) = step?;
    let wanted: Wanted = query(text.as_deref())?;
    if wanted.step.is_some() {
        return Err(Refusal::bad("the path names the step already"));
    }
    letters(&desk, Wanted { step: Some(step), ..wanted }).await
}

async fn show(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<DeadLetter>, Refusal> {
    let id = delivery(id)?;
    match desk.store().dead_letter(id).await? {
        Some(letter) => Ok(Json(shown_letter(letter))),
        None => Err(no_letter(&desk, id).await?),
    }
}

async fn letters(desk: &Desk, wanted: Wanted) -> Result<Json<Letters>, Refusal> {
    let (filter, request) = wanted.read(desk).await?;
    let Page { items, next } = page(desk, &filter, request).await?;
    let page = Page { items: items.into_iter().map(shown_letter).collect(), next };
    let total = desk.store().count_dead(&filter).await?;
    Ok(Json(Letters { page, total }))
}

/// A letter as people may see it. Redriven, it is delivered as it was kept.
fn shown_letter(letter: DeadLetter) -> DeadLetter {
    DeadLetter { event: shown(&letter.event), ..letter }
}

pub(crate) async fn page(
    desk: &Desk,
    filter: &DeadFilter,
    request: PageRequest,
) -> Result<Page<DeadLetter>, Refusal> {
    let read = |request| desk.store().dead_letters(filter, request);
    gather(request, read, |letter: &DeadLetter| {
        letter.event.payload.len()
            + letter.failures.iter().map(|each| each.error.len()).sum::<usize>()
    })
    .await
}

/// Why there is no such dead letter, as far as anybody knows.
pub(crate) async fn no_letter(desk: &Desk, id: DeliveryId) -> Result<Refusal, Refusal> {
    Ok(match desk.find(id).await? {
        Some(found @ (Found::Waiting(_) | Found::Ended(_))) => settled(id, &found),
        Some(Found::Dead(_)) | None => Refusal::missing(format!("no dead letter {id}")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{get, with_dead_letters};

    fn orders(list: &Value) -> Vec<&str> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["event"]["payload"]["id"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn dead_letters_are_shown_with_payload_and_failures() {
        let api = with_dead_letters(1).await;

        let (_, list) = get(&api, "/api/queues/Charge/dead").await;
        let id = list["items"][0]["id"].as_str().unwrap();
        let (status, letter) = get(&api, &format!("/api/dead/{id}")).await;

        assert_eq!(status, 200);
        assert_eq!((&letter["queue"], &letter["key"]), (&json!("Charge"), &json!("o-0")));
        assert_eq!(letter["event"]["payload"], json!({ "id": "o-0", "cents": 1 }));
        assert_eq!(letter["failures"][0]["error"], json!("the bank is closed"));
        assert_eq!(letter["failures"][0]["class"], json!("bank"));
    }

    #[tokio::test]
    async fn dead_letters_are_found_by_all_that_is_known_of_them() {
        let api = with_dead_letters(3).await;
        let (_, all) = get(&api, "/api/dead").await;
        let text = |pointer: &str| all.pointer(pointer).unwrap().as_str().unwrap();
        let (event, trace) = (text("/items/1/event/id"), text("/items/2/event/trace/traceId"));

        for (query, expected) in [
            ("step=Charge&topic=order.placed".to_owned(), vec!["o-0", "o-1", "o-2"]),
            ("topic=order.shipped".to_owned(), vec![]),
            ("key=o-1".to_owned(), vec!["o-1"]),
            (format!("event={event}"), vec!["o-1"]),
            (format!("trace={trace}"), vec!["o-2"]),
            ("reason=attempts&limit=2".to_owned(), vec!["o-0", "o-1"]),
            ("reason=poison".to_owned(), vec![]),
            (
                "since=1970-01-01T00:00:00Z&until=1970-01-01T00:00:01Z".to_owned(),
                vec!["o-0", "o-1", "o-2"],
            ),
            ("since=1970-01-01T00:00:01Z".to_owned(), vec![]),
        ] {
            let (status, list) = get(&api, &format!("/api/dead?{query}")).await;
            assert_eq!((status.as_u16(), orders(&list)), (200, expected), "{query}");
        }
    }

    #[tokio::test]
    async fn a_page_says_how_many_there_are_on_all() {
        let api = with_dead_letters(3).await;

        let (_, first) = get(&api, "/api/dead?limit=2").await;
        let next = first["next"].as_str().unwrap();
        let (_, last) = get(&api, &format!("/api/dead?limit=2&cursor={next}")).await;

        assert_eq!((&first["total"], orders(&first).len()), (&json!(3), 2));
        assert_eq!((&last["total"], orders(&last).len()), (&json!(3), 1));
        let (_, none) = get(&api, "/api/dead?key=o-9").await;
        assert_eq!(none["total"], json!(0));
    }

    #[tokio::test]
    async fn what_is_unknown_is_404_and_what_cannot_be_asked_is_400() {
        let api = with_dead_letters(0).await;
        for (path, expected) in [
            ("/api/dead/1-99", 404),
            ("/api/dead/nonsense", 400),
            ("/api/queues/Nobody/dead", 404),
            ("/api/queues/Charge/dead?step=Charge", 400),
            ("/api/dead?step=Nobody", 404),
            ("/api/dead?cursor=nonsense", 400),
            ("/api/dead?since=yesterday", 400),
            ("/api/dead?limit=1001", 400),
        ] {
            let (status, problem) = get(&api, path).await;
            assert_eq!(status, expected, "{path}: {problem}");
        }
    }
}
