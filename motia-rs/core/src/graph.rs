//! Who sets whom going: steps as nodes, topics as edges, flows as groups.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    flow::Flow,
    registry::{Kind, Registry, Step},
};

/// The steps of an app and the topics between them.
#[derive(Debug, Clone)]
pub struct Graph<'r> {
    registry: &'r Registry,
    edges: Vec<Edge>,
}

/// One topic from one step to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Edge {
    /// The step that emits.
    pub from: &'static str,
    /// The step that hears.
    pub to: &'static str,
    /// The topic; for a noop step that calls a route, the route.
    pub topic: &'static str,
    /// Whether it is only drawn: one end is a noop step.
    pub drawn: bool,
}

impl<'r> Graph<'r> {
    /// The graph of a registry.
    #[must_use]
    pub fn of(registry: &'r Registry) -> Self {
        let mut edges = Vec::new();
        for from in &registry.steps {
            for topic in &from.emits {
                let heard = registry.steps.iter().filter(|to| hears(to, topic.name));
                edges.extend(heard.map(|to| Edge {
                    from: from.name(),
                    to: to.name(),
                    topic: topic.name,
                    drawn: is_noop(from) || is_noop(to),
                }));
            }
        }
        edges.sort();
        edges.dedup();
        Self { registry, edges }
    }

    /// The edges in order.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The flows in name order, each with its steps. Steps of no flow are left out.
    #[must_use]
    pub fn flows(&self) -> BTreeMap<Flow, Vec<&'r Step>> {
        let mut flows: BTreeMap<Flow, Vec<&'r Step>> = BTreeMap::new();
        for step in &self.registry.steps {
            for flow in step.about.flows {
                flows.entry(*flow).or_default().push(step);
            }
        }
        flows
    }

    /// A flow as a Mermaid flowchart.
    #[must_use]
    pub fn mermaid(&self, flow: &str) -> String {
        let in_flow = |step: &Step| step.about.flows.iter().any(|of| of.name == flow);
        let steps: Vec<_> = self.registry.steps.iter().filter(|step| in_flow(step)).collect();
        let mut chart = String::from("flowchart LR\n");
        for step in &steps {
            let (name, label) = (step.name(), label(step));
            let (open, close) = match step.kind {
                Kind::Api(_) => ("([", "])"),
                Kind::Event(_) => ("[", "]"),
                Kind::Cron(_) => ("{{", "}}"),
                Kind::Noop => ("[/", "/]"),
            };
            chart += &format!("    {}{open}\"{label}\"{close}\n", id(name));
        }
        let both = |edge: &&Edge| {
            let known = |name| steps.iter().any(|step| step.name() == name);
            known(edge.from) && known(edge.to)
        };
        for edge in self.edges.iter().filter(both) {
            let arrow = if edge.drawn { "-.->" } else { "-->" };
            chart += &format!("    {} {arrow}|{}| {}\n", id(edge.from), edge.topic, id(edge.to));
        }
        chart
    }
}

fn hears(step: &Step, topic: &str) -> bool {
    let route = matches!(&step.kind, Kind::Api(api) if api.path == topic);
    route || step.subscribes.iter().any(|heard| heard.name == topic)
}

fn is_noop(step: &Step) -> bool {
    matches!(step.kind, Kind::Noop)
}

fn label(step: &Step) -> String {
    match &step.kind {
        Kind::Api(api) => format!("{}<br/>{} {}", step.name(), api.method, api.path),
        Kind::Cron(cron) => format!("{}<br/>{}", step.name(), cron.options.schedule),
        Kind::Event(_) | Kind::Noop => step.name().to_owned(),
    }
}

/// Mermaid takes `-` in a node's id for an edge.
fn id(name: &str) -> String {
    name.replace('-', "_")
}
