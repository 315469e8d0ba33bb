//! Routes that are told apart, and leave those of the framework alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::Finding,
    config::path,
    registry::{ApiStep, Kind, Registry, Step},
};

/// The routes that the framework answers itself.
const RESERVED_PATHS: [&str; 5] = ["/__motia", "/livez", "/readyz", "/metrics", "/openapi.json"];

fn api_steps(registry: &Registry) -> impl Iterator<Item = (&Step, &ApiStep)> {
    registry.steps.iter().filter_map(|step| match &step.kind {
        Kind::Api(api) => Some((&**step, api)),
        _ => None,
    })
}

/// The path with its parameters' names left out: what the router tells apart.
fn shape(path: &str) -> String {
    let plain = |segment: &str| match segment.strip_prefix('{') {
        Some(name) if name.starts_with('*') => "{*}".to_owned(),
        Some(_) => "{}".to_owned(),
        None => segment.to_owned(),
    };
    path.split('/').map(plain).collect::<Vec<_>>().join("/")
}

pub(super) fn same_route(registry: &Registry, findings: &mut Vec<Finding>) {
    let mut routes: BTreeMap<(String, &str), Vec<&Step>> = BTreeMap::new();
    for (step, api) in api_steps(registry) {
        routes.entry((shape(api.path), api.method.as_str())).or_default().push(step);
    }
    for ((_, method), steps) in routes.iter().filter(|(_, steps)| steps.len() > 1) {
        let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
        let path = api_steps(registry).find(|(step, _)| step.name() == names[0]);
        let path = path.map_or("", |(_, api)| api.path);
        let message = format!("{} answer the same route, {method} {path}", names.join(" and "));
        let help = "give one of them another path or method";
        findings.push(Finding::error("M004", message, help).at(steps.iter().map(|s| s.source)));
    }
    let shapes: BTreeSet<String> = api_steps(registry).map(|(_, api)| shape(api.path)).collect();
    for rest in shapes.iter().filter(|shape| shape.ends_with("{*}")) {
        let before = rest.trim_end_matches("{*}");
        let clash = |shape: &&String| {
            shape
                .strip_prefix(before)
                .is_some_and(|behind| behind == "{}" || behind.starts_with("{}/"))
        };
        for other in shapes.iter().filter(clash) {
            let both = [rest, other];
            let at = api_steps(registry).filter(|(_, api)| both.contains(&&shape(api.path)));
            let message = format!("the routes `{rest}` and `{other}` cannot be told apart");
            let help = "a path has either a parameter or a `{*rest}` at one place";
            findings
                .push(Finding::error("M004", message, help).at(at.map(|(step, _)| step.source)));
        }
    }
}

pub(super) fn reserved_route(registry: &Registry, findings: &mut Vec<Finding>) {
    for (step, api) in api_steps(registry) {
        let taken = RESERVED_PATHS.iter().find(|reserved| {
            api.path
                .strip_prefix(**reserved)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(reserved) = taken {
            let message =
                format!("{} answers `{}`, which the framework answers", step.name(), api.path);
            let help = format!("choose a path outside `{reserved}`");
            findings.push(Finding::error("M005", message, help).at([step.source]));
        }
        let names: Vec<_> = path::parameters(api.path).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        if unique.len() < names.len() {
            let message = format!("{} has a path parameter twice: `{}`", step.name(), api.path);
            findings.push(
                Finding::error("M006", message, "give each parameter its own name")
                    .at([step.source]),
            );
        }
    }
}
