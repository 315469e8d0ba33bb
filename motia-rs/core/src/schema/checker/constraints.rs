//! Whether a schema asks for more than the Rust type that it was made of keeps by itself.

use serde_json::Value;

/// Rules that a Rust type does not keep by itself.
const CONSTRAINTS: [&str; 18] = [
    "contains",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "pattern",
    "propertyNames",
    "uniqueItems",
];

/// Whether it does, here or in one of its parts.
pub(super) fn constrains(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(keyword, rule)| match keyword.as_str() {
            // How a field is shown is no rule.
            "format" if rule == "password" => false,
            // An integer's own width is kept by its type.
            "format" | "minimum" | "maximum" if is_integer_width(map) => false,
            "properties" | "schemas" | "$defs" => {
                rule.as_object().is_some_and(|parts| parts.values().any(constrains))
            }
            "const" | "default" | "examples" | "enum" | "description" | "title" => false,
            keyword => CONSTRAINTS.contains(&keyword) || constrains(rule),
        }),
        Value::Array(parts) => parts.iter().any(constrains),
        _ => false,
    }
}

fn is_integer_width(map: &serde_json::Map<String, Value>) -> bool {
    let format = map.get("format").and_then(Value::as_str).unwrap_or_default();
    let bits = format.trim_start_matches('u').strip_prefix("int");
    bits.is_some()
        && map.get("minimum").is_none_or(|minimum| {
            minimum == 0 && format.starts_with('u') || !format.starts_with('u') && small(format)
        })
        && map.get("maximum").is_none_or(|_| small(format))
}

/// Widths for which schemars writes the bounds out.
fn small(format: &str) -> bool {
    matches!(format, "int8" | "uint8" | "int16" | "uint16")
}
