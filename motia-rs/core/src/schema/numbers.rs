//! Writes out the bounds that a number's `format` stands for, so that one beyond them is reported
//! with all other violations, and not later by its decoder, alone, nor taken for infinite.

use serde_json::{Value, json};

/// Adds the bounds of `uint32`, `float` and the like wherever a schema names the format without them.
pub fn write_out(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some((least, most)) = map.get("format").and_then(Value::as_str).and_then(bounds)
            {
                map.entry("minimum").or_insert(least);
                map.entry("maximum").or_insert(most);
            }
            map.values_mut().for_each(write_out);
        }
        Value::Array(list) => list.iter_mut().for_each(write_out),
        _ => {}
    }
}

fn bounds(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" => (json!(i64::MIN), json!(i64::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" => (json!(0), json!(u64::MAX)),
        "float" => (json!(f32::MIN), json!(f32::MAX)),
        _ => return None,
    })
}
