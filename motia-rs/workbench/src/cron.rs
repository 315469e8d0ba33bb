//! The cron steps: when each runs next, and running one now.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    routing::{get, post},
};
use jiff::Timestamp;
use motia_core::{
    registry::{CronStep, Kind},
    schedule::Schedule,
    store::Page,
};
use serde::Serialize;

use crate::{
    Desk, Refusal,
    paging::{Paging, page_of, query},
};

/// A cron step as people are shown it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CronInfo {
    /// The step's name.
    pub step: &'static str,
    /// Its schedule.
    pub schedule: &'static str,
    /// The time zone that the schedule is read in.
    pub timezone: &'static str,
    /// When it fires next.
    pub next: Option<Timestamp>,
}

impl CronInfo {
    fn of(step: &'static str, cron: &CronStep, now: Timestamp) -> Self {
        let schedule = Schedule::of(&cron.options).ok();
        Self {
            step,
            schedule: cron.options.schedule,
            timezone: cron.options.timezone,
            next: schedule.and_then(|schedule| schedule.next(now)),
        }
    }
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/api/cron", get(list)).route("/api/cron/{step}/run", post(run))
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<CronInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let now = desk.engine().now();
    let steps = desk.registry().steps.iter().filter_map(|step| match &step.kind {
        Kind::Cron(cron) => Some(CronInfo::of(step.name(), cron, now)),
        Kind::Api(_) | Kind::Event(_) | Kind::Noop => None,
    });
    Ok(Json(page_of(&request, steps, |step| step.step)))
}

async fn run(
    State(desk): State<Arc<Desk>>,
    step: Result<Path<String>, PathRejection>,
) -> Result<Json<()>, Refusal> {
    let Path(name) = step?;
    let cron = desk.registry().step(&name).filter(|step| matches!(step.kind, Kind::Cron(_)));
    if cron.is_none() {
        return Err(Refusal::missing(format!("no cron step `{name}`")));
    }
    if desk.runtime().is_none() {
        return Err(Refusal::conflict(format!(
            "the app is not running, so `{name}` cannot run: start it with `serve`"
        )));
    }
    Err(Refusal::conflict("cron is not wired yet"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get, post};

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
}
