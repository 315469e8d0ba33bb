//! The flows: which steps belong together, and the topics between them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
};
use motia_core::{
    flow::Flow,
    graph::{Edge, Graph},
    registry::{Registry, Step},
    store::Page,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    input::query,
    operations::{Routes, does},
    paging::{Paging, page_of},
};

/// A flow as people are shown it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Its steps.
    pub steps: Vec<&'static str>,
    /// The topics between them.
    pub edges: Vec<Edge>,
}

impl FlowInfo {
    fn of(flow: &Flow, steps: &[&Step], graph: &Graph<'_>) -> Self {
        let steps: Vec<_> = steps.iter().map(|step| step.name()).collect();
        let within = |edge: &&Edge| steps.contains(&edge.from) && steps.contains(&edge.to);
        let edges = graph.edges().iter().filter(within).cloned().collect();
        Self { name: flow.name, description: flow.description, steps, edges }
    }

    /// The flows of an app, by name.
    #[must_use]
    pub fn all(registry: &Registry) -> Vec<Self> {
        let graph = Graph::of(registry);
        let mut flows: Vec<Self> = Vec::new();
        for (flow, steps) in graph.flows() {
            // One name under two descriptions is one flow; the boot check complains of it.
            match flows.last_mut() {
                Some(last) if last.name == flow.name => {
                    let more = Self::of(&flow, &steps, &graph);
                    last.steps.extend(more.steps);
                }
                _ => flows.push(Self::of(&flow, &steps, &graph)),
            }
        }
        flows
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get(
            "/api/flows",
            list,
            does("Lists the flows by name, each with the topics between its steps")
                .query::<Paging>()
                .answers::<Page<FlowInfo>>(),
        )
        .get("/api/flows/{flow}", show, does("Shows a flow").answers::<FlowInfo>())
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<FlowInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let flows = FlowInfo::all(desk.registry()).into_iter();
    Ok(Json(page_of(&request, flows, |flow| flow.name)))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<FlowInfo>, Refusal> {
    let Path(name) = name?;
    let flow = FlowInfo::all(desk.registry()).into_iter().find(|flow| flow.name == name);
    flow.map(Json).ok_or_else(|| Refusal::missing(format!("no flow `{name}`")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{at_rest, get};

    #[tokio::test]
    async fn a_flow_shows_its_steps_and_the_topics_between_them() {
        let (status, flow) = get(&at_rest().await, "/api/flows/orders").await;

        assert_eq!(status, 200);
        assert_eq!(flow["steps"], json!(["Charge", "Customer", "PlaceOrder"]));
        let edge = |from: &str, to: &str, topic: &str, drawn: bool| json!({ "from": from, "to": to, "topic": topic, "drawn": drawn });
        let expected = json!([
            edge("Customer", "PlaceOrder", "/orders", true),
            edge("PlaceOrder", "Charge", "order.placed", false),
        ]);
        assert_eq!(flow["edges"], expected);
    }
}
