//! JSON Schema: generated once from the types, compiled once, enforced at the edge.

use std::{borrow::Cow, collections::HashMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub mod checker;
mod coerce;
mod numbers;
mod secrets;

pub use checker::Checker;
pub use numbers::write_out as write_out_bounds;

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
    /// Which part of the request the pointer points into; not told by an RFC 9457 problem.
    #[serde(skip)]
    pub place: Place,
    /// The keyword of JSON Schema that is broken, such as `required`, `type` or `maxLength`; `json`
    /// for a body that is none; empty where no schema says it. Not told by an RFC 9457 problem.
    #[serde(skip)]
    pub rule: Cow<'static, str>,
}

/// The part of a request that something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The body, and whatever else is checked that is no request, such as an event's payload.
    #[default]
    Body,
    /// The query string.
    Query,
    /// The parameters of the path.
    Path,
    /// The headers.
    Header,
}

impl Place {
    /// `body`, `query`, `path` or `header`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
        }
    }
}

impl Violation {
    /// A violation at `pointer` in the body.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let rule = Cow::Borrowed("");
        Self { pointer: pointer.into(), detail: detail.into(), place: Place::Body, rule }
    }

    /// The same violation in this part of the request.
    #[must_use]
    pub fn within(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same violation, of the rule that this keyword of JSON Schema names.
    #[must_use]
    pub fn of_rule(self, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { rule: rule.into(), ..self }
    }

    /// Where, as a path from the part of the request on: names are strings, places in a list are
    /// numbers.
    ///
    /// ```
    /// use motia_core::schema::{Place, Violation};
    ///
    /// let name = Violation::new("/pets/0/name", "is required");
    /// assert_eq!(serde_json::json!(name.location()).to_string(), r#"["body","pets",0,"name"]"#);
    ///
    /// let limit = Violation::new("/limit", "is too large").within(Place::Query);
    /// assert_eq!(limit.location(), ["query", "limit"]);
    /// ```
    #[must_use]
    pub fn location(&self) -> Vec<Value> {
        let segment = |text: &str| match text.parse::<u32>() {
            Ok(index) if text.bytes().all(|digit| digit.is_ascii_digit()) => json!(index),
            _ => json!(text.replace("~1", "/").replace("~0", "~")),
        };
        let within = self.pointer.split('/').skip(1).map(segment);
        std::iter::once(json!(self.place.as_str())).chain(within).collect()
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
    /// Validators, by the text of their schemas: to compile one takes far longer than to find it.
    compiled: HashMap<String, Checker>,
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
            compiled: HashMap::new(),
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

    /// The validator of something that comes in; one for all whose schemas are the same.
    ///
    /// # Errors
    /// A sentence that says why the schema does not compile.
    pub fn checker(&mut self, of: SchemaFn) -> Result<Checker, String> {
        let schema = self.input(of);
        let schema = self_contained(schema, self.input.definitions());
        let text = schema.to_string();
        if let Some(compiled) = self.compiled.get(&text) {
            return Ok(compiled.clone());
        }
        let compiled = Checker::compile(&schema)?;
        self.compiled.insert(text, compiled.clone());
        Ok(compiled)
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
