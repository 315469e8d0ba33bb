//! The queues: how much waits for each event step, and whether it may start.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use http::HeaderMap;
use motia_core::{
    config::EventOptions,
    store::{Depth, Page},
};
use motia_runtime::bus::{queue::Pause, reason::Reason};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::{Body, query},
    operations::{Routes, Signed, does},
    paging::{Paging, page_of},
    who,
};

/// A queue as people are shown it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueInfo {
    /// How much waits.
    #[serde(flatten)]
    pub depth: Depth,
    /// Attempts that run now.
    pub running: usize,
    /// Whether its step is gone from the app: what waits here waits until the step is back.
    pub orphaned: bool,
    /// Who paused it, if somebody did.
    pub paused: Option<Pause>,
}

/// A queue with what its step's config says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueDetail {
    /// The queue.
    #[serde(flatten)]
    pub info: QueueInfo,
    /// Everything that keeps what waits from starting now, whichever it is.
    pub closed: Vec<Reason>,
    /// How its deliveries are handled; `null` if its step is gone.
    pub options: Option<EventOptions>,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/queues",
            list,
            does("Lists how much waits for each event step")
                .query::<Paging>()
                .answers::<Page<QueueInfo>>(),
        )
        .get(
            "/api/queues/{step}",
            show,
            does("Shows a queue, with what keeps it from starting").answers::<QueueDetail>(),
        )
        .post(
            "/api/queues/{step}/pause",
            pause,
            does("Pauses a queue: what waits stays, and nothing of it starts")
                .takes::<Signed>()
                .answers::<QueueDetail>(),
        )
        .post(
            "/api/queues/{step}/resume",
            resume,
            does("Resumes a paused queue").takes::<Signed>().answers::<QueueDetail>(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<QueueInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let mut depths = desk.store().depths(desk.engine().now()).await?;
    depths.sort_by(|one, other| one.queue.cmp(&other.queue));
    let page = page_of(&request, depths.into_iter(), |depth| &depth.queue);
    let (running, mut items) = (running(&desk), Vec::with_capacity(page.items.len()));
    for depth in page.items {
        items.push(info(&desk, depth, &running).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
) -> Result<Json<QueueDetail>, Refusal> {
    let Path(step) = step?;
    Ok(Json(detail(&desk, &step).await?))
}

async fn pause(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<QueueDetail>), Refusal> {
    let (Path(step), by) = (step?, who::asks(&headers, &body?)?);
    let before = desk.paused(&step).await?;
    let pause = desk.pause(&step, by.clone()).await?;
    let deed = Deed::new("queue.pause", &step).by(by).before(&before).after(&pause);
    Ok((deed, Json(detail(&desk, &step).await?)))
}

async fn resume(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(Deed, Json<QueueDetail>), Refusal> {
    let (Path(step), by) = (step?, who::asks(&headers, &body?)?);
    let before = desk.paused(&step).await?;
    desk.resume(&step).await?;
    let deed = Deed::new("queue.resume", &step).by(by).before(&before);
    Ok((deed, Json(detail(&desk, &step).await?)))
}

/// Attempts that run now, by step.
fn running(desk: &Desk) -> HashMap<&str, usize> {
    desk.runtime().map(|runtime| runtime.bus().running().collect()).unwrap_or_default()
}

async fn info(
    desk: &Desk,
    depth: Depth,
    running: &HashMap<&str, usize>,
) -> Result<QueueInfo, Refusal> {
    Ok(QueueInfo {
        running: running.get(&*depth.queue).copied().unwrap_or_default(),
        orphaned: desk.is_orphan(&depth.queue),
        paused: desk.paused(&depth.queue).await?,
        depth,
    })
}

async fn detail(desk: &Desk, step: &str) -> Result<QueueDetail, Refusal> {
    let info = info(desk, desk.queue(step).await?, &running(desk)).await?;
    let closed = match desk.runtime() {
        _ if info.orphaned => vec![Reason::Orphaned],
        Some(runtime) => runtime.bus().closed(step),
        None => vec![Reason::AtRest],
    };
    let options = desk.registry().step(step).and_then(|step| Some(step.event()?.options));
    Ok(QueueDetail { info, closed, options })
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use crate::{
        local::call,
        testing::{at_rest, get, left_behind, post, running},
    };

    #[tokio::test]
    async fn a_queue_that_is_paused_says_who_did_it_and_starts_nothing_until_it_is_resumed() {
        let (api, runtime) = running().await;

        let (status, queue) = post(&api, "/api/queues/Charge/pause", &json!({ "by": "ana" })).await;

        assert_eq!((status.as_u16(), &queue["paused"]["by"]), (200, &json!("ana")));
        assert_eq!(queue["closed"][0]["because"], json!("paused"));
        let order = json!({ "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 } });
        post(&api, "/api/emit", &order).await;
        let (_, list) = get(&api, "/api/queues").await;
        assert_eq!(list["items"][0]["waiting"], json!(1));
        assert_eq!(list["items"][0]["paused"]["by"], json!("ana"));

        let (status, queue) = post(&api, "/api/queues/Charge/resume", &json!(null)).await;
        assert_eq!((status.as_u16(), &queue["paused"]), (200, &json!(null)));
        while get(&api, "/api/queues/Charge").await.1["waiting"] != json!(0) {
            tokio::task::yield_now().await;
        }
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_queue_is_paused_at_rest_too_and_the_caller_need_not_say_who() {
        let api = at_rest().await;

        let (status, queue) = call(&api, Method::POST, "/api/queues/Charge/pause", None).await;

        assert_eq!((status.as_u16(), &queue["paused"]["by"]), (200, &json!("the admin API")));
        let (_, queue) = get(&api, "/api/queues/Charge").await;
        assert_eq!(queue["paused"]["by"], json!("the admin API"));
        assert_eq!(queue["closed"], json!([{ "because": "atRest" }]));
        let (_, queue) = post(&api, "/api/queues/Charge/resume", &json!(null)).await;
        assert_eq!(queue["paused"], json!(null));
    }

    #[tokio::test]
    async fn a_queue_is_shown_with_what_its_step_says_of_it() {
        let (_, queue) = get(&at_rest().await, "/api/queues/Charge").await;

        assert_eq!(queue["options"]["fifo"], json!(true));
        assert_eq!(queue["options"]["circuitBreaker"]["name"], json!("bank"));
    }

    #[tokio::test]
    async fn what_no_step_has_cannot_be_paused_and_what_a_step_left_behind_need_not() {
        let api = left_behind("Retired").await;

        let (_, queue) = get(&api, "/api/queues/Retired").await;
        assert_eq!((&queue["orphaned"], &queue["options"]), (&json!(true), &json!(null)));
        for (step, expected) in [("Retired", 409), ("Nobody", 404), ("PlaceOrder", 404)] {
            let (status, problem) =
                post(&api, &format!("/api/queues/{step}/pause"), &json!({ "by": "ana" })).await;
            assert_eq!(status, expected, "{step}: {problem}");
        }
        let (status, problem) =
            post(&api, "/api/queues/Charge/pause", &json!({ "who": "ana" })).await;
        assert_eq!(status, 400, "{problem}");
    }
}
