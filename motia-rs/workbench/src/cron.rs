//! The cron steps: when each runs next, and running one now.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use motia_core::{
    registry::{CronStep, Kind},
    schedule::Schedule,
    store::Page,
    trace::TraceId,
};
use motia_runtime::{
    cron::{Cron, CronStatus, RunNowError},
    runs::RunOutcome,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    audit::Deed,
    input::query,
    operations::{Routes, does},
    paging::{Paging, page_of},
    who,
};

/// How many of the last runs of a step are told of.
const LAST: usize = 10;

/// A cron step, and how its last runs ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CronInfo {
    /// How it stands with it.
    #[serde(flatten)]
    pub status: CronStatus,
    /// How the last of its runs ended that are kept, the last one first.
    pub last_outcomes: Vec<RunOutcome>,
}

/// A run that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// The step.
    pub step: String,
    /// The trace to follow it by.
    pub trace_id: TraceId,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/cron",
            list,
            does("Lists the schedules, with when each fires next")
                .query::<Paging>()
                .answers::<Page<CronInfo>>(),
        )
        .post(
            "/api/cron/{step}/run",
            run,
            does("Runs a cron step now, beside its schedule").answers::<Begun>().accepted(),
        )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<CronInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let steps = match desk.runtime() {
        Some(runtime) => runtime.cron().list().await?,
        None => at_rest(&desk),
    };
    let mut outcomes = desk.runs().await?.last_outcomes("cron", LAST);
    let steps = steps.into_iter().map(|status| {
        let last_outcomes = outcomes.remove(status.step).unwrap_or_default();
        CronInfo { status, last_outcomes }
    });
    Ok(Json(page_of(&request, steps, |info| info.status.step)))
}

/// What the schedules alone say: nothing runs, and nobody knows of the last firing.
fn at_rest(desk: &Desk) -> Vec<CronStatus> {
    let now = desk.engine().now();
    let steps = desk.registry().steps.iter();
    let cron = steps.filter_map(|step| match &step.kind {
        Kind::Cron(cron) => Some(scheduled(step.name(), cron, now)),
        Kind::Api(_) | Kind::Event(_) | Kind::Noop => None,
    });
    cron.collect()
}

fn scheduled(step: &'static str, cron: &CronStep, now: Timestamp) -> CronStatus {
    let schedule = Schedule::of(&cron.options).ok();
    let upcoming: Vec<_> = schedule
        .iter()
        .flat_map(|schedule| {
            let from_here_on = schedule.between(now, Timestamp::MAX);
            from_here_on.take(Cron::UPCOMING).collect::<Vec<_>>()
        })
        .collect();
    CronStatus {
        step,
        schedule: cron.options.schedule,
        timezone: cron.options.timezone,
        next: upcoming.first().copied(),
        upcoming,
        last_fired: None,
        running: false,
        overlap: cron.options.overlap,
        catch_up: cron.options.catch_up,
    }
}

async fn run(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<(StatusCode, Deed, Json<Begun>), Refusal> {
    let Path(step) = step?;
    let Some(runtime) = desk.runtime() else {
        let known = desk.registry().step(&step);
        return Err(match known.filter(|step| matches!(step.kind, Kind::Cron(_))) {
            None => Refusal::missing(format!("there is no cron step `{step}`")),
            Some(_) => Refusal::conflict(format!(
                "the app is not running, so `{step}` cannot run: start it with `serve`"
            )),
        });
    };
    let trace_id = runtime.cron().run_now_by(&step, &who::told(&headers)).await?;
    let deed = Deed::new("cron.run", &step).after(&trace_id);
    Ok((StatusCode::ACCEPTED, deed, Json(Begun { step, trace_id })))
}

impl From<RunNowError> for Refusal {
    fn from(error: RunNowError) -> Self {
        match error {
            RunNowError::Unknown { .. } => Self::missing(error.to_string()),
            RunNowError::Store(error) => error.into(),
            error => Self::conflict(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get, post, running};

    #[tokio::test]
    async fn cron_steps_say_when_they_run_next() {
        let (status, list) = get(&at_rest().await, "/api/cron").await;

        assert_eq!(status, 200);
        let audit = &list["items"][0];
        assert_eq!((&audit["step"], &audit["timezone"]), (&json!("Audit"), &json!("Europe/Rome")));
        assert!(audit["next"].is_string(), "{audit}");
    }

    #[tokio::test]
    async fn only_a_cron_step_of_a_running_app_can_be_run() {
        let api = at_rest().await;
        for (step, expected) in [("Nobody", 404), ("Charge", 404), ("Audit", 409)] {
            let (status, problem) =
                post(&api, &format!("/api/cron/{step}/run"), &json!(null)).await;
            assert_eq!(status, expected, "{step}: {problem}");
        }
    }

    #[tokio::test]
    async fn a_cron_step_of_a_running_app_runs_when_asked() {
        let (api, runtime) = running().await;

        let (status, begun) = post(&api, "/api/cron/Audit/run", &json!(null)).await;

        assert_eq!((status.as_u16(), &begun["step"]), (202, &json!("Audit")));
        assert_eq!(begun["traceId"].as_str().map(str::len), Some(32));
        let (status, _) = post(&api, "/api/cron/Nobody/run", &json!(null)).await;
        assert_eq!(status, 404);
        let run = loop {
            let (_, runs) = get(&api, "/api/runs?kind=cron").await;
            if let Some(run) = runs["items"].get(0) {
                break run.clone();
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(run["trigger"], json!("run now by the admin API"));
        runtime.shutdown().await.unwrap();
    }
}
