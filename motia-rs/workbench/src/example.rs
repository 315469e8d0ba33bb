//! A value that fits a schema, for people to start from.

use motia_core::schema::REFERENCE_PREFIX;
use serde_json::{Map, Value, json};

/// What is nested deeper is left empty: a type may hold itself.
const DEPTH: usize = 6;

/// A value that fits a schema which stands by itself, as far as that can be told.
pub(crate) fn of(schema: &Value) -> Value {
    value(schema, schema, DEPTH)
}

/// The named type that a part of a schema refers to, or the part itself.
pub(crate) fn resolve<'s>(whole: &'s Value, part: &'s Value) -> &'s Value {
    let Some(name) = part["$ref"].as_str().and_then(|it| it.strip_prefix(REFERENCE_PREFIX)) else {
        return part;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    whole["components"]["schemas"].get(&name).unwrap_or(part)
}

fn value(whole: &Value, part: &Value, depth: usize) -> Value {
    if let Some(said) = said(part) {
        return said;
    }
    let schema = resolve(whole, part);
    if let Some(said) = said(schema) {
        return said;
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let first = choices.iter().find(|choice| choice["type"] != "null");
            return first.map_or(Value::Null, |choice| value(whole, choice, depth));
        }
    }
    match kind(schema) {
        "object" if depth > 0 => object(whole, schema, depth),
        "object" => json!({}),
        "array" if depth > 0 && !schema["items"].is_null() => {
            json!([value(whole, &schema["items"], depth - 1)])
        }
        "array" => json!([]),
        "integer" | "number" => number(schema),
        "boolean" => json!(false),
        "string" => json!(text(schema)),
        _ => Value::Null,
    }
}

/// What the schema itself says a value is.
fn said(schema: &Value) -> Option<Value> {
    let first = |list: &str| schema[list].as_array().and_then(|them| them.first()).cloned();
    let default = schema.get("default").filter(|default| !default.is_null());
    first("examples")
        .or_else(|| schema.get("example").cloned())
        .or_else(|| schema.get("const").cloned())
        .or_else(|| default.cloned())
        .or_else(|| first("enum"))
}

/// Its type; of several, the first that is not `null`.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema["properties"].is_object() || schema["allOf"].is_array() => "object",
        _ => "any",
    }
}

fn object(whole: &Value, schema: &Value, depth: usize) -> Value {
    let mut fields = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = value(whole, part, depth) {
            fields.extend(more);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        fields.insert(name.clone(), value(whole, property, depth - 1));
    }
    Value::Object(fields)
}

/// The smallest that is allowed, from 0 up.
fn number(schema: &Value) -> Value {
    let above = schema["exclusiveMinimum"].as_i64().map(|below| below.saturating_add(1));
    let least = schema["minimum"].as_f64().map(|least| least.max(0.0).ceil() as i64);
    let most = schema["maximum"].as_f64().map_or(i64::MAX, |most| most.floor() as i64);
    json!(above.or(least).unwrap_or(0).min(most))
}

fn text(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-31T09:00:00Z",
        Some("date") => "2026-01-31",
        Some("email") => "ana@example.com",
        Some("uuid") => "0198c0de-0000-7000-8000-000000000000",
        Some("uri" | "url") => "https://example.com",
        _ => "text",
    };
    let length = |name: &str| schema[name].as_u64().and_then(|length| usize::try_from(length).ok());
    let (least, most) = (length("minLength").unwrap_or(0).min(64), length("maxLength"));
    let mut text = text.to_owned();
    while text.len() < least {
        text.push('x');
    }
    text.truncate(most.unwrap_or(usize::MAX));
    text
}

#[cfg(test)]
mod tests {
    use motia_core::schema::{Schemas, schema_of, self_contained};
    use schemars::JsonSchema;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is asked for")]
    struct Order {
        /// Who ordered.
        #[schemars(email)]
        who: String,
        items: Vec<Item>,
        note: Option<String>,
        #[schemars(range(min = 1))]
        urgency: u8,
        parent: Option<Box<Order>>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is asked for")]
    struct Item {
        #[schemars(length(min = 6))]
        sku: String,
        kind: Kind,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its schema is asked for")]
    enum Kind {
        Book,
        Toy,
    }

    #[test]
    fn an_example_fits_the_schema_that_it_is_made_from() {
        let mut schemas = Schemas::default();
        let schema = schemas.input(schema_of::<Order>());
        let schema = self_contained(schema, schemas.input_definitions());

        let order = of(&schema);

        assert_eq!(order["who"], json!("ana@example.com"));
        assert_eq!(order["items"], json!([{ "sku": "textxx", "kind": "book" }]));
        assert_eq!(order["urgency"], json!(1));
        let checker = schemas.checker(schema_of::<Item>()).unwrap();
        assert!(checker.check(&order["items"][0]).is_ok());
    }

    #[test]
    fn what_the_schema_says_itself_comes_first() {
        let said = json!({ "type": "string", "default": "now", "examples": ["tomorrow"] });
        assert_eq!(of(&said), json!("tomorrow"));
        assert_eq!(of(&json!({ "type": ["null", "integer"], "maximum": -3 })), json!(-3));
        assert_eq!(of(&json!(true)), Value::Null);
    }
}
