//! What the steps are doing: one line each, for those who look at all of them at once.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use jiff::Timestamp;
use motia_core::{
    registry::{Kind, Step},
    store::{Depth, Page},
};
use motia_runtime::metrics::StepCounts;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, page_of},
};

/// What a step is doing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// The step.
    pub step: &'static str,
    /// Runs that ended since the app was started, however they did.
    pub runs: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// When its last run began that is kept.
    pub last_run_at: Option<Timestamp>,
    /// Deliveries that wait for it, those of which an attempt runs and those with a time among them.
    pub waiting: u64,
    /// Deliveries of it that were given up.
    pub dead: u64,
    /// Runs under way.
    pub running: u64,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/activity",
        list,
        does("Says of each step how often it ran, how often it failed, and what waits for it")
            .query::<Paging>()
            .answers::<Page<Activity>>(),
    )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<Activity>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let depths = desk.store().depths(desk.engine().now()).await?;
    let depths: HashMap<_, _> = depths.iter().map(|depth| (&*depth.queue, depth)).collect();
    let last = desk.runs().await?.last_of_steps();

    let activity = desk.registry().steps.iter().map(|step| {
        let StepCounts { runs, failed, running } = counted(&desk, step);
        let depth = depths.get(step.name());
        Activity {
            step: step.name(),
            runs,
            failed,
            last_run_at: last.get(step.name()).copied(),
            waiting: depth.map_or(0, |depth| Depth::total(depth)),
            dead: depth.map_or(0, |depth| depth.dead),
            running,
        }
    });
    Ok(Json(page_of(&request, activity, |activity| activity.step)))
}

/// What was counted of a step; of an app at rest, nothing.
fn counted(desk: &Desk, step: &Step) -> StepCounts {
    match (desk.runtime(), &step.kind) {
        (None, _) | (_, Kind::Noop) => StepCounts::default(),
        (Some(runtime), kind) => runtime.metrics().step(step.name(), kind.name()).counts(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get, place, post, running, with_dead_letters};

    #[tokio::test]
    async fn a_step_says_how_often_it_ran_and_when() {
        let (api, runtime) = running().await;
        let mut runs = runtime.runs().watch();
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        runs.changed().await.unwrap();

        let (status, list) = get(&api, "/api/activity").await;

        assert_eq!(status, 200);
        let charge = &list["items"][1];
        assert_eq!(
            (&charge["step"], &charge["runs"], &charge["failed"]),
            (&json!("Charge"), &json!(1), &json!(0))
        );
        assert!(charge["lastRunAt"].is_string(), "{charge}");
        assert_eq!(list["items"][0]["runs"], json!(0));
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn what_waits_and_what_was_given_up_is_counted() {
        let api = with_dead_letters(2).await;
        let (_, list) = get(&api, "/api/activity").await;
        assert_eq!(
            (&list["items"][1]["dead"], &list["items"][1]["waiting"]),
            (&json!(2), &json!(0))
        );

        let (api, runtime) = running().await;
        post(&api, "/api/queues/Charge/pause", &json!(null)).await;
        place(&api, json!({ "id": "o-1", "cents": 5 })).await;
        let (_, list) = get(&api, "/api/activity?limit=2").await;
        assert_eq!((&list["items"][1]["waiting"], &list["next"]), (&json!(1), &json!("Charge")));
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn of_an_app_at_rest_nothing_was_counted() {
        let (_, list) = get(&at_rest().await, "/api/activity").await;
        let idle = json!({
            "step": "Charge", "runs": 0, "failed": 0, "lastRunAt": null, "waiting": 0, "dead": 0,
            "running": 0,
        });
        assert_eq!(list["items"][1], idle);
    }
}
