//! Where a value of a schema has its secrets: at what the schema says is only written.

use serde_json::Value;

use super::REFERENCE_PREFIX;
use crate::redact::REDACTED;

/// Schemas that may refer to each other before one of them says where in the value to go on.
const MOST_HOPS: u8 = 32;

/// Whether something in a schema is only written.
pub(super) fn has_some(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.get("writeOnly") == Some(&Value::Bool(true)) || map.values().any(has_some)
        }
        Value::Array(parts) => parts.iter().any(has_some),
        _ => false,
    }
}

/// Replaces what the schema says is only written. Of alternatives all are looked at: rather too much is
/// hidden than too little.
pub(super) fn hide(schema: &Value, value: &mut Value) {
    hide_by(schema, schema, value, 0);
}

fn hide_by(root: &Value, schema: &Value, value: &mut Value, hops: u8) {
    if hops > MOST_HOPS || value.is_null() {
        return;
    }
    if schema["writeOnly"] == Value::Bool(true) {
        *value = Value::String(REDACTED.to_owned());
        return;
    }
    if let Some(meant) = schema["$ref"].as_str().and_then(|target| definition(root, target)) {
        hide_by(root, meant, value, hops + 1);
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        for each in schema[alternatives].as_array().into_iter().flatten() {
            hide_by(root, each, value, hops + 1);
        }
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let known = schema["properties"].get(name);
                let rule = known.or_else(|| schema.get("additionalProperties"));
                rule.into_iter().for_each(|rule| hide_by(root, rule, field, 0));
            }
        }
        Value::Array(items) => {
            let prefix = schema["prefixItems"].as_array().map_or(&[][..], Vec::as_slice);
            for (at, item) in items.iter_mut().enumerate() {
                let rule = prefix.get(at).or_else(|| schema.get("items"));
                rule.into_iter().for_each(|rule| hide_by(root, rule, item, 0));
            }
        }
        _ => {}
    }
}

fn definition<'s>(root: &'s Value, target: &str) -> Option<&'s Value> {
    let name = target.strip_prefix(REFERENCE_PREFIX)?.replace("~1", "/").replace("~0", "~");
    root["components"]["schemas"].get(name)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::super::{Schemas, schema_of};
    use super::*;
    use crate::secret::Secret;

    #[derive(JsonSchema)]
    #[serde(tag = "by")]
    #[expect(dead_code, reason = "only the schema is looked at")]
    enum Paid {
        Card { number: Secret<String> },
        Cash { cents: u32 },
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Order {
        id: String,
        pin: Option<Secret<u32>>,
        paid: Vec<Paid>,
        parts: Vec<Order>,
        notes: std::collections::BTreeMap<String, Secret<String>>,
    }

    #[test]
    fn a_secret_is_found_wherever_the_schema_leads() {
        let checker = Schemas::default().checker(schema_of::<Order>()).unwrap();
        let mut order = json!({
            "id": "o-1", "pin": 1, "paid": [{ "by": "Card", "number": "4242" }, { "by": "Cash", "cents": 5 }],
            "parts": [{ "id": "o-2", "pin": null, "paid": [], "parts": [], "notes": { "a": "b" } }],
            "notes": {},
        });

        checker.hide(&mut order);

        let expected = json!({
            "id": "o-1", "pin": REDACTED, "paid": [{ "by": "Card", "number": REDACTED }, { "by": "Cash", "cents": 5 }],
            "parts": [{ "id": "o-2", "pin": null, "paid": [], "parts": [], "notes": { "a": REDACTED } }],
            "notes": {},
        });
        assert_eq!(order, expected);
    }

    #[test]
    fn a_schema_without_one_is_known_to_have_none() {
        let plain = Schemas::default().checker(schema_of::<Vec<u32>>()).unwrap();
        assert!(!plain.has_secrets());
    }
}
