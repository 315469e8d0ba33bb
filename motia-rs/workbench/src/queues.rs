//! The queues: what waits for each event step, and its dead letters.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    routing::{get, post},
};
use motia_core::store::{Batch, DeadLetter, DeliveryId, Depth, Page, PageRequest, Write};
use serde::{Deserialize, Serialize};

use crate::{
    Desk, Refusal,
    paging::{Paging, gather, page_of, query},
};

/// A queue as people are shown it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueInfo {
    /// How much waits.
    #[serde(flatten)]
    pub depth: Depth,
    /// Attempts that run now.
    pub running: usize,
    /// Whether its step is gone from the app: what waits here waits until the step is back.
    pub orphaned: bool,
}

/// What happened to a number of dead letters.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// How many.
    pub count: usize,
    /// What to pass as `cursor` to go on; `null` when all is done.
    pub next: Option<String>,
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/queues", get(list))
        .route("/api/queues/{step}/dead", get(dead_of_step))
        .route("/api/dead", get(dead))
        .route("/api/dead/redrive", post(redrive_all))
        .route("/api/dead/purge", post(purge_all))
        .route("/api/dead/{id}", get(dead_letter))
        .route("/api/dead/{id}/redrive", post(redrive))
        .route("/api/dead/{id}/purge", post(purge))
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<QueueInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let mut depths = desk.store().depths(desk.engine().now()).await?;
    depths.sort_by(|one, other| one.queue.cmp(&other.queue));
    let running: HashMap<&str, usize> =
        desk.runtime().map(|runtime| runtime.bus().running().collect()).unwrap_or_default();
    let queues = depths.into_iter().map(|depth| QueueInfo {
        running: running.get(&*depth.queue).copied().unwrap_or_default(),
        orphaned: desk.registry().step(&depth.queue).is_none(),
        depth,
    });
    Ok(Json(page_of(&request, queues, |queue| &queue.depth.queue)))
}

async fn dead(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<DeadLetter>>, Refusal> {
    let paging: Paging = query(text.as_deref())?;
    Ok(Json(letters(&desk, None, letters_from(paging)?).await?))
}

async fn dead_of_step(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<DeadLetter>>, Refusal> {
    let Path(step) = step?;
    let request = letters_from(query(text.as_deref())?)?;
    known(&desk, &step).await?;
    Ok(Json(letters(&desk, Some(&step), request).await?))
}

async fn dead_letter(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<DeadLetter>, Refusal> {
    let id = delivery(id)?;
    let letter = desk.store().dead_letter(id).await?;
    letter.map(Json).ok_or_else(|| Refusal::missing(format!("no dead letter {id}")))
}

async fn redrive(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Moved>, Refusal> {
    move_one(&desk, delivery(id)?, Fate::Redriven).await
}

async fn purge(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Moved>, Refusal> {
    move_one(&desk, delivery(id)?, Fate::Purged).await
}

async fn redrive_all(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Moved>, Refusal> {
    move_page(&desk, query(text.as_deref())?, Fate::Redriven).await
}

async fn purge_all(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Moved>, Refusal> {
    move_page(&desk, query(text.as_deref())?, Fate::Purged).await
}

/// What becomes of a dead letter.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Redriven,
    Purged,
}

/// Which dead letters are meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    step: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn move_one(desk: &Desk, id: DeliveryId, fate: Fate) -> Result<Json<Moved>, Refusal> {
    desk.commit(Batch::of(fated(desk, id, fate))).await?;
    tracing::info!(target: crate::AUDIT, dead_letter = %id, fate = ?fate, "dead letter moved");
    Ok(Json(Moved { count: 1, next: None }))
}

/// Moves a page of dead letters. They are passed in their order and never twice, so that a letter
/// that dies again meanwhile does not keep the caller going round.
async fn move_page(desk: &Desk, chosen: Chosen, fate: Fate) -> Result<Json<Moved>, Refusal> {
    let Chosen { step, limit, cursor } = chosen;
    if let Some(step) = &step {
        known(desk, step).await?;
    }
    let request = letters_from(Paging { limit, cursor })?;
    let page = letters(desk, step.as_deref(), request).await?;
    let mut count = 0;
    for letter in &page.items {
        match desk.commit(Batch::of(fated(desk, letter.id, fate))).await {
            Ok(_) => count += 1,
            // Somebody else was faster with this one.
            Err(Refusal(problem)) if problem.status == 404 => {}
            Err(refusal) => return Err(refusal),
        }
    }
    tracing::info!(target: crate::AUDIT, count, step, fate = ?fate, "dead letters moved");
    Ok(Json(Moved { count, next: page.next }))
}

fn fated(desk: &Desk, delivery: DeliveryId, fate: Fate) -> Write {
    match fate {
        Fate::Redriven => Write::Redrive { delivery, now: desk.engine().now() },
        Fate::Purged => Write::Purge { delivery },
    }
}

async fn letters(
    desk: &Desk,
    step: Option<&str>,
    request: PageRequest,
) -> Result<Page<DeadLetter>, Refusal> {
    let read = |request| desk.store().dead_letters(step, request);
    gather(request, read, |letter: &DeadLetter| {
        letter.event.payload.len()
            + letter.failures.iter().map(|each| each.error.len()).sum::<usize>()
    })
    .await
}

fn letters_from(paging: Paging) -> Result<PageRequest, Refusal> {
    let request = paging.request()?;
    match &request.after {
        Some(cursor) if cursor.parse::<u64>().is_err() => {
            Err(Refusal::bad("`cursor` is the `next` of another page"))
        }
        _ => Ok(request),
    }
}

fn delivery(id: Result<Path<String>, PathRejection>) -> Result<DeliveryId, Refusal> {
    let Path(id) = id?;
    id.parse().map_err(|error| Refusal::bad(format!("`{id}`: {error}")))
}

/// A step of the app, or a queue that a step left behind.
async fn known(desk: &Desk, step: &str) -> Result<(), Refusal> {
    let depths = desk.store().depths(desk.engine().now()).await?;
    if depths.iter().any(|depth| depth.queue == step) {
        Ok(())
    } else {
        Err(Refusal::missing(format!("no event step `{step}`")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{get, post, with_dead_letters};

    #[tokio::test]
    async fn dead_letters_are_shown_with_payload_and_failures() {
        let api = with_dead_letters(1).await;

        let (_, list) = get(&api, "/api/queues/Charge/dead").await;
        let id = list["items"][0]["id"].as_str().unwrap();
        let (status, letter) = get(&api, &format!("/api/dead/{id}")).await;

        assert_eq!(status, 200);
        assert_eq!(letter["queue"], json!("Charge"));
        assert_eq!(letter["event"]["payload"], json!({ "id": "o-0", "cents": 1 }));
        assert_eq!(letter["failures"][0]["error"], json!("the bank is closed"));
    }

    #[tokio::test]
    async fn a_dead_letter_that_is_redriven_waits_again() {
        let api = with_dead_letters(1).await;
        let (_, list) = get(&api, "/api/dead").await;
        let id = list["items"][0]["id"].as_str().unwrap();

        let (status, moved) = post(&api, &format!("/api/dead/{id}/redrive"), &json!(null)).await;

        assert_eq!((status.as_u16(), moved["count"].clone()), (200, json!(1)));
        let (_, queues) = get(&api, "/api/queues").await;
        let queue = &queues["items"][0];
        assert_eq!((&queue["waiting"], &queue["dead"]), (&json!(1), &json!(0)));
        let (status, _) = post(&api, &format!("/api/dead/{id}/redrive"), &json!(null)).await;
        assert_eq!(status, 404);
    }

    #[tokio::test]
    async fn all_dead_letters_of_a_step_go_page_by_page() {
        let api = with_dead_letters(5).await;

        let (_, first) = post(&api, "/api/dead/purge?step=Charge&limit=3", &json!(null)).await;
        assert_eq!(first["count"], json!(3));
        let cursor = first["next"].as_str().unwrap();
        let rest = format!("/api/dead/purge?step=Charge&limit=3&cursor={cursor}");
        let (_, rest) = post(&api, &rest, &json!(null)).await;

        assert_eq!(rest, json!({ "count": 2, "next": null }));
        let (_, left) = get(&api, "/api/dead").await;
        assert_eq!(left["items"], json!([]));
    }

    #[tokio::test]
    async fn what_is_unknown_is_404_and_what_is_no_id_is_400() {
        let api = with_dead_letters(0).await;
        for (path, expected) in [
            ("/api/dead/1-99", 404),
            ("/api/dead/nonsense", 400),
            ("/api/queues/Nobody/dead", 404),
            ("/api/dead?cursor=nonsense", 400),
        ] {
            let (status, problem) = get(&api, path).await;
            assert_eq!(status, expected, "{path}: {problem}");
        }
    }
}
