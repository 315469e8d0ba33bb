//! JSON Schema: generated once from the types, compiled once, enforced at the edge.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub mod checker;
mod coerce;
mod integers;

pub use checker::Checker;

/// Makes the schema of one type, with named types as references into the generator's definitions.
pub type SchemaFn = fn(&mut SchemaGenerator) -> Schema;

/// The schema function of `T`.
#[must_use]
pub const fn schema_of<T: JsonSchema>() -> SchemaFn {
    SchemaGenerator::subschema_for::<T>
}

/// One rule of a schema that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// Where: a JSON pointer (RFC 6901); empty for the value as a whole.
    pub pointer: String,
    /// What is wrong there. Never repeats the value.
    pub detail: String,
}

impl Violation {
    /// A violation at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pointer = if self.pointer.is_empty() { "the value" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.detail)
    }
}

/// All schemas of an app from one place, so that types that refer to each other, or to themselves,
/// agree between the validators and the `OpenAPI` document.
///
/// What comes in and what goes out are generated apart, because they differ: a field with a default
/// may be missing on the way in and is always there on the way out.
#[derive(Debug)]
pub struct Schemas {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            input: settings().for_deserialize().into_generator(),
            output: settings().for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The schema of something that comes in.
    pub fn input(&mut self, of: SchemaFn) -> Value {
        of(&mut self.input).to_value()
    }

    /// The schema of something that goes out, referring to [`Self::output_definitions`].
    pub fn output(&mut self, of: SchemaFn) -> Value {
        of(&mut self.output).to_value()
    }

    /// The named types met on the way in.
    #[must_use]
    pub fn input_definitions(&self) -> &Map<String, Value> {
        self.input.definitions()
    }

    /// The named types met on the way out.
    #[must_use]
    pub fn output_definitions(&self) -> &Map<String, Value> {
        self.output.definitions()
    }

    /// Compiles the validator of something that comes in.
    ///
    /// # Errors
    /// A sentence that says why the schema does not compile.
    pub fn checker(&mut self, of: SchemaFn) -> Result<Checker, String> {
        let schema = self.input(of);
        Checker::compile(&self_contained(schema, self.input.definitions()))
    }
}

/// The schema with those definitions that it reaches, so that it stands alone.
#[must_use]
pub fn self_contained(schema: Value, definitions: &Map<String, Value>) -> Value {
    let mut reached = Map::new();
    let mut open = vec![schema.clone()];
    while let Some(part) = open.pop() {
        for_each_reference(&part, &mut |name| {
            if !reached.contains_key(name)
                && let Some(definition) = definitions.get(name)
            {
                reached.insert(name.to_owned(), definition.clone());
                open.push(definition.clone());
            }
        });
    }
    if reached.is_empty() {
        return schema;
    }
    match schema {
        Value::Object(mut map) => {
            map.insert("components".into(), json!({ "schemas": reached }));
            Value::Object(map)
        }
        other => other,
    }
}

/// Where references to named types point.
pub const REFERENCE_PREFIX: &str = "#/components/schemas/";

fn for_each_reference(schema: &Value, found: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref")
                && let Some(name) = target.strip_prefix(REFERENCE_PREFIX)
            {
                found(&name.replace("~1", "/").replace("~0", "~"));
            }
            map.values().for_each(|part| for_each_reference(part, found));
        }
        Value::Array(list) => list.iter().for_each(|part| for_each_reference(part, found)),
        _ => {}
    }
}
