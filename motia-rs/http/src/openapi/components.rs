//! The named types of a document. What comes in and what goes out under one name may differ, since a
//! field with a default may be missing on the way in only; then what goes out is named `…Output`.

use std::collections::{BTreeMap, BTreeSet};

use motia_core::schema::{REFERENCE_PREFIX, Schemas};
use serde_json::{Map, Value, json};

/// The named types, and how those that go out are called.
pub(super) struct Components {
    definitions: Map<String, Value>,
    renamed: BTreeMap<String, String>,
}

/// The name of the type that failures have.
pub(super) const PROBLEM: &str = "Problem";

/// Joins what comes in with what goes out.
pub(super) fn join(schemas: &Schemas) -> Components {
    let (input, output) = (schemas.input_definitions(), schemas.output_definitions());
    let taken = |name: &str| name == PROBLEM || input.contains_key(name);
    let free = |name: &String| {
        let mut candidate = format!("{name}Output");
        while taken(&candidate) || output.contains_key(&candidate) {
            candidate.push('_');
        }
        candidate
    };
    let renamed = differing(input, output).iter().map(|name| (name.clone(), free(name))).collect();
    let mut components = Components { definitions: Map::new(), renamed };

    components.definitions.insert(PROBLEM.into(), problem());
    for (name, definition) in input {
        components.definitions.insert(input_name(name), renamed_inputs(definition.clone()));
    }
    for (name, definition) in output {
        let name = components.renamed.get(name).unwrap_or(name).clone();
        let definition = components.going_out(definition.clone());
        components.definitions.insert(name, definition);
    }
    components
}

/// The names under which something else goes out than comes in: themselves, or in what they refer
/// to. An app's own `Problem` counts as such, since the name is taken.
fn differing(input: &Map<String, Value>, output: &Map<String, Value>) -> BTreeSet<String> {
    let differs = |(name, out): &(&String, &Value)| {
        *name == PROBLEM || input.get(*name).is_some_and(|come| come != *out)
    };
    let mut found: BTreeSet<String> =
        output.iter().filter(differs).map(|(name, _)| name.clone()).collect();
    loop {
        let more: Vec<_> = output
            .iter()
            .filter(|(name, _)| input.contains_key(*name) && !found.contains(*name))
            .filter(|(_, out)| refers(out, &|name| found.contains(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

impl Components {
    /// A schema of something that goes out, with its references rewritten.
    pub(super) fn going_out(&self, mut schema: Value) -> Value {
        rewrite(&mut schema, &|name| self.renamed.get(name).cloned());
        schema
    }

    /// A schema of something that comes in.
    pub(super) fn coming_in(schema: Value) -> Value {
        renamed_inputs(schema)
    }

    /// Follows a reference to a named type that comes in.
    pub(super) fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match target(schema) {
            Some(name) => self.definitions.get(&name).unwrap_or(schema),
            None => schema,
        }
    }

    pub(super) fn into_definitions(self) -> Map<String, Value> {
        self.definitions
    }
}

fn input_name(name: &str) -> String {
    if name == PROBLEM { format!("{name}Input") } else { name.to_owned() }
}

fn renamed_inputs(mut schema: Value) -> Value {
    rewrite(&mut schema, &|name| (name == PROBLEM).then(|| input_name(name)));
    schema
}

/// Where a schema refers to, if it does.
fn target(schema: &Value) -> Option<String> {
    let target = schema.get("$ref")?.as_str()?.strip_prefix(REFERENCE_PREFIX)?;
    Some(target.replace("~1", "/").replace("~0", "~"))
}

fn refers(schema: &Value, to: &impl Fn(&str) -> bool) -> bool {
    target(schema).is_some_and(|name| to(&name))
        || match schema {
            Value::Object(map) => map.values().any(|part| refers(part, to)),
            Value::Array(list) => list.iter().any(|part| refers(part, to)),
            _ => false,
        }
}

fn rewrite(schema: &mut Value, rename: &impl Fn(&str) -> Option<String>) {
    if let Some(renamed) = target(schema).and_then(|name| rename(&name)) {
        let renamed = renamed.replace('~', "~0").replace('/', "~1");
        schema["$ref"] = json!(format!("{REFERENCE_PREFIX}{renamed}"));
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(|part| rewrite(part, rename)),
        Value::Array(list) => list.iter_mut().for_each(|part| rewrite(part, rename)),
        _ => {}
    }
}

/// What every failure looks like (RFC 9457).
fn problem() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "traceId"],
        "properties": {
            "type": text("Always `about:blank`: the status says what kind of problem it is."),
            "title": text("The status in words."),
            "status": { "type": "integer", "description": "The status." },
            "detail": text("What is wrong this time."),
            "errors": {
                "type": "array",
                "description": "What is wrong where.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": text("Where: a JSON pointer (RFC 6901)."),
                        "detail": text("What is wrong there."),
                    },
                },
            },
            "traceId": text("Leads to the run in logs and traces."),
        },
    })
}
