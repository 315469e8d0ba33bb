//! Names that stand for one thing: of steps, streams, settings and metrics.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::Finding,
    metric::MetricDef,
    registry::{Registry, Source},
};

/// The metrics that the framework shows, beside those that begin with `motia_`.
const RESERVED_METRICS: [&str; 3] =
    ["possible_duplicate", "http_requests", "http_request_duration_seconds"];

pub(super) fn same_name(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for step in &registry.steps {
        places.entry(step.name()).or_default().push(step.source);
    }
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let message = format!("{} steps are called `{name}`", places.len());
        let help = "give each its own name: queues and locks go by it";
        findings.push(Finding::error("M002", message, help).at(places));
    }
}

pub(super) fn same_stream(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut places: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for (stream, source) in &registry.streams {
        places.entry(stream.name).or_default().push(*source);
    }
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let message = format!("the stream `{name}` is registered {} times", places.len());
        findings.push(
            Finding::error("M003", message, "register it once, where it is named").at(places),
        );
    }
}

pub(super) fn settings(registry: &Registry, findings: &mut Vec<Finding>) {
    for group in registry.settings.chunk_by(|(one, _), (other, _)| one.name == other.name) {
        let [(first, place), others @ ..] = group else { continue };
        if others.iter().any(|(other, _)| !other.agrees_with(first)) {
            let message = format!("the setting `{}` is declared in two ways", first.name);
            let help = "declare it once and use that constant, or give each its own name";
            findings.push(
                Finding::error("M015", message, help).at(group.iter().map(|(_, place)| *place)),
            );
        }
        if let Err(why) = first.read(None) {
            let default = first.default.unwrap_or_default();
            let message =
                format!("the default of the setting `{}`, `{default}`, {why}", first.name);
            let help = "give it a default that its type can be read from";
            findings.push(Finding::error("M016", message, help).at([*place]));
        }
    }
}

pub(super) fn metrics(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut shown: BTreeMap<String, Vec<&(MetricDef, Source)>> = BTreeMap::new();
    for metric in &registry.metrics {
        for name in metric.0.shown() {
            shown.entry(name).or_default().push(metric);
        }
    }
    let mut told: BTreeSet<Vec<Source>> = BTreeSet::new();
    for (name, metrics) in &shown {
        let ours = RESERVED_METRICS.contains(&name.as_str());
        let differ = metrics.iter().any(|(other, _)| *other != metrics[0].0);
        let places: Vec<_> = metrics.iter().map(|(_, place)| *place).collect();
        if (ours || differ) && told.insert(places.clone()) {
            let message = match ours {
                true => format!("the metric `{name}` is one of the framework's"),
                false => format!("two metrics are shown as `{name}`"),
            };
            let help = "declare a metric once and use that constant, or give each its own name";
            findings.push(Finding::error("M017", message, help).at(places));
        }
    }
}

pub(super) fn panels(registry: &Registry, findings: &mut Vec<Finding>) {
    for group in registry.panels.chunk_by(|(one, _), (other, _)| one.name == other.name) {
        let name = group[0].0.name;
        if group.len() > 1 {
            let message = format!("{} panels are called `{name}`", group.len());
            let help = "give each its own name: it is where its files are served";
            let places = group.iter().map(|(_, place)| *place);
            findings.push(Finding::error("M018", message, help).at(places));
        }
        for (panel, place) in group {
            if let Some(fault) = panel.fault() {
                let message = format!("the panel `{name}` cannot be shown: {fault}");
                let help = "see docs/panels.md for what a panel is made of";
                findings.push(Finding::error("M018", message, help).at([*place]));
            }
        }
    }
}
