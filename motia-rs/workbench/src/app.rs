//! What app this is, and what it runs on.

use std::{ffi::OsStr, sync::Arc};

use axum::{Json, extract::State};
use motia_core::{graph::Graph, registry::Kind, store::Capabilities};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk,
    operations::{Routes, does},
    panels::PanelInfo,
    role::{Asker, Role},
};

/// What app this is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// What the app is called, as the program that runs it.
    pub name: String,
    /// What whoever asks may do.
    pub role: Role,
    /// The pages that it adds to the Workbench.
    pub panels: Vec<PanelInfo>,
    /// The version of the framework.
    pub version: &'static str,
    /// Whether it runs; an app at rest is asked through its data folder.
    pub running: bool,
    /// Its store.
    pub store: StoreInfo,
    /// Its steps.
    pub steps: StepCounts,
    /// Its flows.
    pub flows: usize,
}

/// What a store says about itself.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreInfo {
    /// What it is called.
    pub name: &'static str,
    /// How often it was opened, this time included.
    pub epoch: u64,
    /// What it can.
    pub capabilities: Capabilities,
}

/// How many steps of each kind there are.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct StepCounts {
    /// Routes.
    pub api: usize,
    /// Subscriptions.
    pub event: usize,
    /// Schedules.
    pub cron: usize,
    /// People and outside systems.
    pub noop: usize,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get("/api/app", show, does("Says what app this is").answers::<AppInfo>())
}

async fn show(State(desk): State<Arc<Desk>>, Asker(role): Asker) -> Json<AppInfo> {
    let mut steps = StepCounts::default();
    for step in &desk.registry().steps {
        *match step.kind {
            Kind::Api(_) => &mut steps.api,
            Kind::Event(_) => &mut steps.event,
            Kind::Cron(_) => &mut steps.cron,
            Kind::Noop => &mut steps.noop,
        } += 1;
    }
    let store = desk.store();
    Json(AppInfo {
        name: name(),
        role,
        panels: PanelInfo::all(desk.registry()),
        version: env!("CARGO_PKG_VERSION"),
        running: desk.runtime().is_some(),
        store: StoreInfo {
            name: store.name(),
            epoch: store.epoch(),
            capabilities: store.capabilities(),
        },
        steps,
        flows: Graph::of(desk.registry()).flows().len(),
    })
}

/// What the program is called that runs.
fn name() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let name = program.file_stem().and_then(OsStr::to_str);
    name.unwrap_or("app").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get, post, running};

    #[tokio::test]
    async fn an_app_says_what_it_is() {
        let (status, app) = get(&at_rest().await, "/api/app").await;

        assert_eq!(status, 200);
        assert_eq!(app["running"], json!(false));
        assert!(app["name"].as_str().unwrap().starts_with("motia_workbench"), "{app}");
        assert_eq!((&app["role"], &app["panels"]), (&json!("operate"), &json!([])));
        assert_eq!(app["store"]["name"], json!("memory"));
        assert_eq!(app["store"]["capabilities"]["durability"], json!("volatile"));
        assert_eq!(app["steps"], json!({ "api": 1, "event": 1, "cron": 1, "noop": 1 }));
    }

    #[tokio::test]
    async fn a_running_app_says_so_and_handles_what_is_emitted() {
        let (api, runtime) = running().await;
        assert_eq!(get(&api, "/api/app").await.1["running"], json!(true));

        let event = json!({ "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 } });
        assert_eq!(post(&api, "/api/emit", &event).await.0, 202);

        runtime.shutdown().await.unwrap();
        let (status, problem) = post(&api, "/api/emit", &event).await;
        assert_eq!(status, 503, "{problem}");
    }
}
