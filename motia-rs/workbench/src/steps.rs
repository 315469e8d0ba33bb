//! The steps: what each is, what it hears and emits, and where it stands.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use motia_core::{
    registry::{Kind, Source, Step},
    store::Page,
    topic::TopicDef,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, page_of},
};

/// A step as people are shown it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepInfo {
    /// Its name.
    pub name: &'static str,
    /// `api`, `event`, `cron` or `noop`.
    pub kind: &'static str,
    /// What sets it going: `POST /orders`, the topics it hears, a schedule.
    pub trigger: String,
    /// What it does.
    pub description: &'static str,
    /// The flows it is drawn in.
    pub flows: Vec<&'static str>,
    /// The topics that it emits.
    pub emits: Vec<&'static str>,
    /// The topics that it hears.
    pub subscribes: Vec<&'static str>,
    /// The functions around it, outermost first; the app's own are not among them.
    pub middleware: Vec<&'static str>,
    /// Where its `step!` stands.
    pub source: Source,
}

impl StepInfo {
    /// What is shown of a step.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let subscribes = names(&step.subscribes);
        let middleware = match &step.kind {
            Kind::Api(api) => api.options.middleware.iter().map(|each| each.name).collect(),
            Kind::Event(_) | Kind::Cron(_) | Kind::Noop => Vec::new(),
        };
        Self {
            name: step.name(),
            kind: step.kind.name(),
            trigger: match &step.kind {
                Kind::Api(api) => format!("{} {}", api.method, api.path),
                Kind::Cron(cron) if cron.options.timezone == "UTC" => cron.options.schedule.into(),
                Kind::Cron(cron) => format!("{} {}", cron.options.schedule, cron.options.timezone),
                Kind::Event(_) | Kind::Noop => subscribes.join(", "),
            },
            description: step.about.description,
            flows: step.about.flows.iter().map(|flow| flow.name).collect(),
            emits: names(&step.emits),
            subscribes,
            middleware,
            source: step.source,
        }
    }
}

fn names(topics: &[TopicDef]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.name).collect()
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/steps",
            list,
            does("Lists the steps by name").query::<Paging>().answers::<Page<StepInfo>>(),
        )
        .get("/api/steps/{step}", show, does("Shows a step").answers::<StepInfo>())
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<StepInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let steps = desk.registry().steps.iter().map(|step| StepInfo::of(step));
    Ok(Json(page_of(&request, steps, |step| step.name)))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<StepInfo>, Refusal> {
    let Path(name) = name?;
    let step = desk.registry().step(&name);
    let step = step.ok_or_else(|| Refusal::missing(format!("no step `{name}`")))?;
    Ok(Json(StepInfo::of(step)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get};

    #[tokio::test]
    async fn steps_are_listed_by_name_with_what_sets_them_going() {
        let (status, steps) = get(&at_rest().await, "/api/steps").await;

        assert_eq!(status, 200);
        let shown: Vec<_> = steps["items"].as_array().unwrap().iter().collect();
        let triggers: Vec<_> = shown.iter().map(|step| (&step["name"], &step["trigger"])).collect();
        let expected = [
            (json!("Audit"), json!("0 9 * * MON Europe/Rome")),
            (json!("Charge"), json!("order.placed")),
            (json!("Customer"), json!("")),
            (json!("PlaceOrder"), json!("POST /orders")),
        ];
        assert_eq!(triggers, expected.iter().map(|(name, on)| (name, on)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_list_of_steps_comes_in_pages() {
        let api = at_rest().await;
        let (_, first) = get(&api, "/api/steps?limit=3").await;
        assert_eq!(first["next"], json!("Customer"));

        let (_, last) = get(&api, "/api/steps?limit=3&cursor=Customer").await;
        assert_eq!(last["items"].as_array().unwrap().len(), 1);
        assert_eq!(last["next"], json!(null));
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_a_problem_that_says_why() {
        let api = at_rest().await;
        let (status, problem) = get(&api, "/api/steps/Nobody").await;
        assert_eq!((status.as_u16(), &problem["detail"]), (404, &json!("no step `Nobody`")));

        for query in ["limit=0", "limit=many", "page=2"] {
            let (status, problem) = get(&api, &format!("/api/steps?{query}")).await;
            assert_eq!(status, 400, "{query}");
            assert!(problem["detail"].is_string(), "{problem}");
        }
    }
}
