//! The `OpenAPI` 3.1 document of an app, built from its API steps.
//!
//! # Layout
//! - `operation`: one step as an operation
//! - `failures`: what the framework answers for a step that fails
//! - `components`: the named types, those that come in beside those that go out
//!
//! ```
//! use motia_core::registry::Registry;
//! use motia_http::{HttpSettings, openapi::document};
//!
//! let document = document(&Registry::default(), &HttpSettings::default());
//!
//! assert_eq!(document["openapi"], "3.1.0");
//! ```

mod components;
mod failures;
mod operation;

use std::collections::BTreeMap;

use motia_core::{
    flow::Flow,
    registry::{ApiStep, Kind, Registry, Step},
    schema::{Schemas, write_out_bounds},
};
use serde_json::{Map, Value, json};

use self::operation::Operation;
use crate::{params::shape, settings::HttpSettings};

/// The document of the API steps of `registry`: its title and the form of its problems are set.
#[must_use]
pub fn document(registry: &Registry, settings: &HttpSettings) -> Value {
    let mut schemas = Schemas::default();
    let operations: Vec<_> = api_steps(registry)
        .map(|(step, api)| Operation::of(step, api, settings, &mut schemas))
        .collect();

    let components = components::join(&schemas);
    // Paths that differ in the names of their parameters alone are one, under the first one's names.
    let mut shapes = BTreeMap::new();
    let mut paths = Map::new();
    for operation in operations {
        let path = *shapes.entry(shape(operation.path())).or_insert(operation.path());
        let item = paths.entry(path.replace("{*", "{")).or_insert_with(|| json!({}));
        item[operation.method()] = operation.to_json(path, &components);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": settings.api.title, "version": settings.api.version },
        "paths": paths,
        "tags": tags(registry),
        "components": { "schemas": components.into_definitions() },
    });
    // What is enforced is told: the bounds that the formats of numbers stand for.
    write_out_bounds(&mut document);
    document
}

fn api_steps(registry: &Registry) -> impl Iterator<Item = (&Step, &ApiStep)> {
    registry.steps.iter().filter_map(|step| match &step.kind {
        Kind::Api(api) => Some((&**step, api)),
        _ => None,
    })
}

/// The flows that have API steps, by name.
fn tags(registry: &Registry) -> Value {
    let flows: BTreeMap<&str, &Flow> = api_steps(registry)
        .flat_map(|(step, _)| step.about.flows)
        .map(|flow| (flow.name, flow))
        .collect();
    let tag = |flow: &Flow| match flow.description {
        "" => json!({ "name": flow.name }),
        description => json!({ "name": flow.name, "description": description }),
    };
    flows.into_values().map(tag).collect()
}
