//! What becomes of dead letters: they wait again, or are removed for good; one, some, or all that are
//! found.
//!
//! # Layout
//! - `found`: the letters that a filter finds, and which of them are moved in one commit

mod found;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use http::HeaderMap;
use motia_core::store::{Batch, CommitError, DeliveryId, PageRequest, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::found::{bit_by_bit, by_key, find};
use crate::{
    Desk, Refusal,
    audit::Deed,
    dead::{Wanted, no_letter},
    deliveries::delivery,
    input::{Body, optional, query},
    operations::{Routes, Signed, does},
    who,
};

/// The most ids that one request may name.
const MOST_IDS: usize = PageRequest::MAX;

/// One request moves so many of the letters that are found, where it does not say how many: 50,000.
const MOST_FOUND: usize = 50_000;

/// The audit log names so many of the letters that were moved at once: 100.
const MOST_AUDITED: usize = 100;

/// What happened to a number of dead letters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Moved {
    /// How many were moved.
    pub count: usize,
    /// What to pass as `cursor` to go on; `null` when all is done.
    pub next: Option<String>,
    /// Those named that could not be moved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<NotMoved>,
}

/// A dead letter that could not be moved.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotMoved {
    /// Its id.
    pub id: DeliveryId,
    /// The status that it alone would have been answered with.
    pub status: u16,
    /// Why.
    pub detail: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .post(
            "/api/dead/redrive",
            redrive_some,
            does("Sends dead letters again: those that the body names, or those that the query finds")
                .query::<Wanted>()
                .takes::<Named>()
                .answers::<Moved>(),
        )
        .post(
            "/api/dead/purge",
            purge_some,
            does("Removes dead letters for good: those that the body names, or those that the query finds")
                .query::<Wanted>()
                .takes::<Named>()
                .answers::<Moved>(),
        )
        .post(
            "/api/dead/{id}/redrive",
            redrive,
            does("Sends a dead letter again").takes::<Signed>().answers::<Moved>(),
        )
        .post(
            "/api/dead/{id}/purge",
            purge,
            does("Removes a dead letter for good").takes::<Signed>().answers::<Moved>(),
        )
}

/// What becomes of a dead letter.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Redriven,
    Purged,
}

impl Fate {
    /// As the audit log has it.
    fn did(self) -> &'static str {
        match self {
            Self::Redriven => "dead.redrive",
            Self::Purged => "dead.purge",
        }
    }
}

async fn redrive(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Moved>), Refusal> {
    move_one(&desk, delivery(id)?, Fate::Redriven, who::asks(&headers, &body?)?).await
}

async fn purge(
    State(desk): State<Arc<Desk>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Moved>), Refusal> {
    move_one(&desk, delivery(id)?, Fate::Purged, who::asks(&headers, &body?)?).await
}

async fn redrive_some(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Moved>), Refusal> {
    move_some(&desk, text.as_deref(), (&headers, &body?), Fate::Redriven).await
}

async fn purge_some(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<Moved>), Refusal> {
    move_some(&desk, text.as_deref(), (&headers, &body?), Fate::Purged).await
}

async fn move_one(
    desk: &Desk,
    id: DeliveryId,
    fate: Fate,
    by: String,
) -> Result<(Deed, Json<Moved>), Refusal> {
    let letter = desk.store().dead_letter(id).await?;
    let (count, _missing) = move_all(desk, &[id], fate).await?;
    if count == 0 {
        return Err(no_letter(desk, id).await?);
    }
    let before = letter.map(|letter| {
        json!({ "step": letter.queue, "topic": letter.event.topic, "event": letter.event.id })
    });
    let deed = Deed::new(fate.did(), id.to_string()).by(by).before(&before);
    Ok((deed, Json(Moved { count, next: None, refused: Vec::new() })))
}

/// A body that names dead letters; without it, those are meant that the query finds.
#[derive(Debug, Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    ids: Option<Vec<DeliveryId>>,
    by: Option<String>,
}

/// Moves the letters that the body names, or those that the query finds. They are passed in their order and
/// never twice, so that a letter that dies again meanwhile does not keep the caller going round.
async fn move_some(
    desk: &Desk,
    text: Option<&str>,
    (headers, body): (&HeaderMap, &[u8]),
    fate: Fate,
) -> Result<(Deed, Json<Moved>), Refusal> {
    let Named { ids, by } = optional(headers, body)?;
    let by = who::name(headers, by)?;
    let mut refused = Vec::new();
    let mut meant = json!({ "query": text.unwrap_or_default(), "ids": ids.as_deref().map(first) });
    let (count, next) = match ids {
        Some(ids) => {
            if text.is_some_and(|text| !text.is_empty()) {
                return Err(Refusal::bad("the body names the `ids`: leave the query out"));
            }
            let (count, missing) = move_all(desk, &in_order(ids)?, fate).await?;
            for id in missing {
                let Refusal(problem) = no_letter(desk, id).await?;
                let detail = problem.detail.unwrap_or_default();
                refused.push(NotMoved { id, status: problem.status.as_u16(), detail });
            }
            (count, None)
        }
        None => {
            let wanted = query::<Wanted>(text)?;
            if !wanted.says_which() {
                return Err(Refusal::bad(
                    "say which dead letters are meant: their `ids` in the body, a filter in the query, \
                     or `all=true`",
                ));
            }
            let most = if wanted.is_limited() { None } else { Some(MOST_FOUND) };
            let (filter, request) = wanted.read(desk).await?;
            let (found, next) = find(desk, &filter, request, most).await?;
            let ids: Vec<_> = found.iter().take(MOST_AUDITED).map(|letter| letter.id).collect();
            meant["ids"] = json!(ids);
            let mut count = 0;
            let commits = match fate {
                Fate::Redriven => by_key(found),
                Fate::Purged => bit_by_bit(&found),
            };
            for together in commits {
                let moved = move_all(desk, &together, fate).await;
                // Somebody else was faster with those that are missing.
                let (moved, _missing) = moved.map_err(|refusal| half_way(refusal, count))?;
                count += moved;
            }
            (count, next)
        }
    };
    let deed = Deed::new(fate.did(), format!("{count} found")).by(by).before(&meant);
    let deed = deed.nothing_if(count == 0);
    Ok((deed, Json(Moved { count, next, refused })))
}

/// Says how many were moved before one commit failed.
fn half_way(Refusal(mut problem): Refusal, moved: usize) -> Refusal {
    if moved > 0 {
        let why = problem.detail.take().unwrap_or_default();
        problem = Box::new(problem.detail(format!(
            "{why}; {moved} were moved before, the others are where they were: ask again for these"
        )));
    }
    Refusal(problem)
}

/// As many of them as the audit log keeps by name.
fn first(ids: &[DeliveryId]) -> &[DeliveryId] {
    &ids[..ids.len().min(MOST_AUDITED)]
}

/// Each of these ids once, in the order in which the letters were emitted.
fn in_order(mut ids: Vec<DeliveryId>) -> Result<Vec<DeliveryId>, Refusal> {
    if !(1..=MOST_IDS).contains(&ids.len()) {
        return Err(Refusal::bad(format!("`ids` names 1 to {MOST_IDS} dead letters")));
    }
    ids.sort_unstable_by_key(|id| id.seq);
    ids.dedup();
    Ok(ids)
}

/// Moves dead letters in one commit, so that nothing newer of their keys starts in between; gives how many,
/// and those that are none. Those of a queue come together, in their order.
async fn move_all(
    desk: &Desk,
    ids: &[DeliveryId],
    fate: Fate,
) -> Result<(usize, Vec<DeliveryId>), Refusal> {
    let (run, now) = (desk.run(), desk.engine().now());
    let write = |delivery: &DeliveryId| match fate {
        Fate::Redriven => Write::Redrive { delivery: *delivery, now },
        Fate::Purged => Write::Purge { delivery: *delivery },
    };
    let (mut left, mut missing) = (ids.to_vec(), Vec::new());
    left.sort_unstable_by_key(|id| (id.queue, id.seq));
    while !left.is_empty() {
        let batch = Batch { writes: left.iter().map(write).collect(), ..Batch::default() };
        match desk.engine().commit(&run, batch).await {
            Ok(_) => break,
            Err(CommitError::NoSuchDeadLetter(none)) if left.contains(&none) => {
                missing.push(none);
                // Most likely there are more, which would each undo what was written before it.
                let (there, others) = part(desk, left).await?;
                missing.extend(others.into_iter().filter(|other| *other != none));
                left = there.into_iter().filter(|id| *id != none).collect();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((left.len(), missing))
}

/// Parts those that are dead letters from those that are not.
async fn part(
    desk: &Desk,
    ids: Vec<DeliveryId>,
) -> Result<(Vec<DeliveryId>, Vec<DeliveryId>), Refusal> {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        let is_there = desk.store().dead_letter(id).await?.is_some();
        if is_there { there.push(id) } else { missing.push(id) }
    }
    Ok((there, missing))
}
