//! Reads text fields as the types that a schema gives them.

use serde_json::{Map, Value};

use super::REFERENCE_PREFIX;

/// An object of the fields. A field that repeats, or is a list in the schema, becomes an array; text
/// that does not read as the field's type stays text, for the schema to complain of.
pub(super) fn object<'t>(
    schema: &Value,
    fields: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Value {
    let mut object = Map::new();
    let properties = &resolve(schema, schema)["properties"];
    for (name, text) in fields {
        let rule = resolve(schema, &properties[name]);
        if is(schema, rule, "array") {
            let item = scalar(schema, resolve(schema, &rule["items"]), text);
            let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(item);
            }
        } else {
            object.insert(name.to_owned(), scalar(schema, rule, text));
        }
    }
    if let Some(properties) = properties.as_object() {
        for (name, rule) in properties {
            if !object.contains_key(name) && is(schema, resolve(schema, rule), "array") {
                object.insert(name.clone(), Value::Array(Vec::new()));
            }
        }
    }
    Value::Object(object)
}

fn scalar(schema: &Value, rule: &Value, text: &str) -> Value {
    let number = || text.parse::<serde_json::Number>().ok().map(Value::Number);
    let integer = is(schema, rule, "integer").then(number).flatten();
    let float = || is(schema, rule, "number").then(number).flatten();
    let boolean =
        || is(schema, rule, "boolean").then(|| text.parse().ok().map(Value::Bool)).flatten();
    integer.or_else(float).or_else(boolean).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn is(schema: &Value, rule: &Value, kind: &str) -> bool {
    let one = |named: &Value| named.as_str() == Some(kind);
    let listed = match &rule["type"] {
        Value::Array(kinds) => kinds.iter().any(one),
        named => one(named),
    };
    listed
        || rule["anyOf"]
            .as_array()
            .is_some_and(|rules| rules.iter().any(|rule| is(schema, resolve(schema, rule), kind)))
}

fn resolve<'s>(schema: &'s Value, rule: &'s Value) -> &'s Value {
    match rule["$ref"].as_str().and_then(|target| target.strip_prefix(REFERENCE_PREFIX)) {
        Some(name) => &schema["components"]["schemas"][name],
        None => rule,
    }
}
