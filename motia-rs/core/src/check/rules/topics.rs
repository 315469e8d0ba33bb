//! Topics that somebody emits and somebody hears, each with one payload type.

use std::collections::BTreeMap;

use crate::{
    check::Finding,
    registry::{Registry, Step},
    topic::TopicDef,
};

pub(super) fn topics(registry: &Registry, findings: &mut Vec<Finding>) {
    let named = |of: fn(&Step) -> &Vec<TopicDef>| {
        let mut topics: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in &registry.steps {
            for topic in of(step).iter().filter(|topic| !topic.name.starts_with('/')) {
                topics.entry(topic.name).or_default().push(step);
            }
        }
        topics
    };
    let emitted = named(|step| &step.emits);
    let heard = named(|step| &step.subscribes);
    for (topic, steps) in emitted.iter().filter(|(topic, _)| !heard.contains_key(*topic)) {
        let message = format!("topic `{topic}` is emitted by {} and heard by nobody", names(steps));
        let help = "subscribe a step to it, or a noop step that stands for whoever hears it; \
                    until then its events are dropped";
        findings.push(Finding::warning("M007", message, help).at(steps.iter().map(|s| s.source)));
    }
    for (topic, steps) in heard.iter().filter(|(topic, _)| !emitted.contains_key(*topic)) {
        let message = format!("topic `{topic}` is heard by {} and emitted by nobody", names(steps));
        let help = "declare it among a step's emits, in `emits_raw`, or on a noop step that stands \
                    for whoever emits it";
        findings.push(Finding::warning("M008", message, help).at(steps.iter().map(|s| s.source)));
    }
}

fn names(steps: &[&Step]) -> String {
    steps.iter().map(|step| step.name()).collect::<Vec<_>>().join(", ")
}

pub(super) fn payload_types(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut typed: BTreeMap<&str, BTreeMap<&str, Vec<&Step>>> = BTreeMap::new();
    for step in &registry.steps {
        let topics = step.emits.iter().chain(&step.subscribes);
        for topic in topics.filter(|topic| topic.type_id.is_some()) {
            let types = typed.entry(topic.name).or_default();
            types.entry(topic.type_name).or_default().push(step);
        }
    }
    for (topic, types) in typed.into_iter().filter(|(_, types)| types.len() > 1) {
        let list: Vec<_> = types.keys().map(|name| format!("`{name}`")).collect();
        let message =
            format!("topic `{topic}` has {} payload types: {}", list.len(), list.join(", "));
        let help = "name the topic once, next to one type, and use that type everywhere";
        let at = types.values().flatten().map(|step| step.source);
        findings.push(Finding::error("M009", message, help).at(at));
    }
}
