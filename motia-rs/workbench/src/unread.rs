//! Why a query string or a body could not be read, in the caller's words: which parameter it is, what was
//! given, and what is allowed there.
//!
//! What is allowed is told by the JSON Schema of what was to be read, the same that the API's own description
//! shows.

use motia_runtime::log::printable;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;
use serde_path_to_error::{Error, Path, Segment};

use crate::Refusal;

/// So much of what was given is told, in characters.
const TOLD: usize = 64;

/// Why a query string could not be read as a `T`.
pub(crate) fn query<T: JsonSchema>(text: &str, error: &Error<impl std::fmt::Display>) -> Refusal {
    let schema = schema::<T>();
    let pairs: Vec<(String, String)> = serde_html_form::from_str(text).unwrap_or_default();
    let name = error.path().to_string();
    let given: Vec<_> = pairs.iter().filter(|(key, _)| *key == name).collect();
    let Some((_, given_one)) = given.first() else {
        let names = pairs.iter().map(|(name, _)| name.as_str());
        return Refusal::bad(lacking("the query string", &schema, &schema, names, error.inner()));
    };
    let at = format!("`{name}` in the query string");
    Refusal::bad(match property(&schema, resolved(&schema, &schema), &name) {
        None => unknown(&name, "the query string", resolved(&schema, &schema)),
        Some(_) if given.len() > 1 => format!("{at} stands {} times: say it once", given.len()),
        // Whatever is no text by itself was given as one.
        Some(allowed) if !is_free_text(allowed) => {
            format!("{at} is {}, not `{}`", told(&schema, allowed), shortened(given_one))
        }
        Some(_) => format!("{at} cannot be read: {}", error.inner()),
    })
}

/// Why a JSON body could not be read as a `T`.
pub(crate) fn body<T: JsonSchema>(body: &Value, error: &Error<impl std::fmt::Display>) -> Refusal {
    let schema = schema::<T>();
    let place = Spot::of(&schema, body, error.path());
    let at = match place.name.as_str() {
        "" => "the body".to_owned(),
        name => format!("`{name}` in the body"),
    };
    let (Some(allowed), Some(given)) = (place.schema, place.given) else {
        return Refusal::bad(unknown(&place.name, "the body", place.around));
    };
    Refusal::bad(if !fits(allowed, given) {
        format!("{at} is {}, not {}", told(&schema, allowed), shown(given))
    } else if let Some(fields) = given.as_object() {
        lacking(&at, &schema, allowed, fields.keys().map(String::as_str), error.inner())
    } else {
        format!("{at} cannot be read: {}", error.inner())
    })
}

/// Why a list is no `T`.
pub(crate) fn list<T: JsonSchema>(body: &Value) -> Refusal {
    let schema = schema::<T>();
    let allowed = told(&schema, resolved(&schema, &schema));
    Refusal::bad(format!("the body is {allowed}, not {}", shown(body)))
}

fn schema<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<T>()
        .into()
}

/// Where something could not be read.
struct Spot<'s> {
    /// Its path: `positions.Charge.x`.
    name: String,
    /// What is allowed there, if anything is known of it.
    schema: Option<&'s Value>,
    /// What holds of what stands around it.
    around: &'s Value,
    /// What was given.
    given: Option<&'s Value>,
}

impl<'s> Spot<'s> {
    fn of(root: &'s Value, body: &'s Value, path: &Path) -> Self {
        let whole = resolved(root, root);
        let mut spot =
            Self { name: String::new(), schema: Some(whole), around: whole, given: Some(body) };
        for segment in path {
            spot.around = spot.schema.unwrap_or(&Value::Null);
            match segment {
                Segment::Map { key } => {
                    spot.name.push_str(if spot.name.is_empty() { "" } else { "." });
                    spot.name.push_str(key);
                    spot.schema = property(root, spot.around, key);
                    spot.given = spot.given.and_then(|given| given.get(key));
                }
                Segment::Seq { index } => {
                    spot.name.push_str(&format!("[{index}]"));
                    spot.schema = spot.around.get("items").map(|items| resolved(root, items));
                    spot.given = spot.given.and_then(|given| given.get(index));
                }
                Segment::Enum { .. } | Segment::Unknown => break,
            }
        }
        spot
    }
}

/// What is said of a field.
fn property<'s>(root: &'s Value, around: &'s Value, name: &str) -> Option<&'s Value> {
    let others = || around.get("additionalProperties").filter(|others| others.is_object());
    let found = around.get("properties").and_then(|known| known.get(name)).or_else(others);
    found.map(|found| resolved(root, found))
}

/// A schema where it stands by itself: what it refers to, and what it is where it is not left out.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let refers = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    if let Some(found) = refers.and_then(|pointer| root.pointer(pointer)) {
        return resolved(root, found);
    }
    let either = schema["anyOf"].as_array();
    match either.and_then(|these| these.iter().find(|this| this["type"] != "null")) {
        Some(other) => resolved(root, other),
        None => schema,
    }
}

fn lacking<'n>(
    at: &str,
    root: &Value,
    schema: &Value,
    given: impl Iterator<Item = &'n str>,
    error: &impl std::fmt::Display,
) -> String {
    let given: Vec<_> = given.collect();
    let required = resolved(root, schema)["required"].as_array().into_iter().flatten();
    let mut missing = required.filter_map(Value::as_str).filter(|name| !given.contains(name));
    match missing.next() {
        Some(name) => format!("`{name}` is missing in {at}"),
        None => format!("{at} cannot be read: {error}"),
    }
}

fn unknown(name: &str, within: &str, around: &Value) -> String {
    let known = around["properties"].as_object().into_iter().flat_map(|known| known.keys());
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let name = shortened(name);
    match known.is_empty() {
        true => format!("{within} has nothing to say, and no `{name}`"),
        false => format!("there is no `{name}` in {within}; there are {}", known.join(", ")),
    }
}

/// The kinds of values that are allowed: `integer`, `string`.
fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values that are allowed, where they are counted up.
fn choices(schema: &Value) -> Vec<&Value> {
    let of = |list: &'_ str| schema[list].as_array().map(|all| all.iter().collect::<Vec<_>>());
    if let Some(all) = of("enum") {
        return all;
    }
    let each = |one: &'_ Value| one.get("const").is_some() || one.get("enum").is_some();
    let all = schema["oneOf"].as_array().filter(|all| all.iter().all(each));
    let values = |one: &'_ Value| one.get("const").is_some();
    all.into_iter()
        .flatten()
        .flat_map(|one| match values(one) {
            true => vec![&one["const"]],
            false => one["enum"].as_array().into_iter().flatten().collect(),
        })
        .collect()
}

fn is_free_text(schema: &Value) -> bool {
    let kinds = kinds(schema);
    choices(schema).is_empty()
        && !is_uuid(schema)
        && (kinds.is_empty() || kinds.contains(&"string"))
}

fn is_uuid(schema: &Value) -> bool {
    schema["format"] == "uuid"
}

/// Whether a value that could not be read is of a kind that is allowed: then why is told by whoever read it.
fn fits(schema: &Value, given: &Value) -> bool {
    let choices = choices(schema);
    if !choices.is_empty() {
        return given.is_null() || choices.contains(&given);
    }
    let kinds = kinds(schema);
    let bound = |name: &str| schema[name].as_f64();
    kinds.is_empty()
        || kinds.iter().any(|kind| match *kind {
            "null" => given.is_null(),
            "boolean" => given.is_boolean(),
            "string" => given.is_string() && !is_uuid(schema),
            "array" => given.is_array(),
            "object" => given.is_object(),
            "integer" if !given.is_i64() && !given.is_u64() => false,
            "integer" | "number" => given.as_f64().is_some_and(|number| {
                bound("minimum").is_none_or(|least| number >= least)
                    && bound("maximum").is_none_or(|most| number <= most)
            }),
            _ => true,
        })
}

/// What is allowed: `a whole number from 1 to 1000`.
fn told(root: &Value, schema: &Value) -> String {
    let choices = choices(schema);
    if !choices.is_empty() {
        let words = choices.iter().map(|choice| format!("`{}`", choice.as_str().unwrap_or("null")));
        return format!("one of {}", words.collect::<Vec<_>>().join(", "));
    }
    let number = |name: &str| schema.get(name).filter(|it| it.is_number());
    let range = || match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    };
    let kind = kinds(schema).into_iter().find(|kind| *kind != "null");
    match kind {
        Some("integer") => format!("a whole number{}", range()),
        Some("number") => format!("a number{}", range()),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("string") if is_uuid(schema) => "a UUID".to_owned(),
        Some("string") => "a text".to_owned(),
        Some("array") => match schema.get("items").map(|items| told(root, resolved(root, items))) {
            Some(items) => format!("a list, of which each is {items}"),
            None => "a list".to_owned(),
        },
        Some("object") => {
            let known = schema["properties"].as_object().into_iter().flat_map(|it| it.keys());
            let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
            match known.is_empty() {
                true => "an object".to_owned(),
                false => format!("an object with {}", known.join(", ")),
            }
        }
        _ => "something else".to_owned(),
    }
}

/// What was given, where it can be told in a few words.
fn shown(given: &Value) -> String {
    match given {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("the text `{}`", shortened(text)),
        other => format!("`{other}`"),
    }
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(TOLD).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    printable(&format!("{short}{more}"))
}

#[cfg(test)]
mod tests {
    use motia_core::store::PageRequest;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    /// In which order a list comes.
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        /// The first first.
        Up,
        /// The last first.
        Down,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    struct Wanted {
        #[schemars(range(min = 1, max = PageRequest::MAX))]
        limit: Option<usize>,
        order: Option<Order>,
        all: Option<bool>,
        share: Option<f64>,
        ids: Option<Vec<u32>>,
        name: String,
    }

    fn of_query(text: &str) -> String {
        let form = serde_html_form::Deserializer::from_bytes(text.as_bytes());
        let error = serde_path_to_error::deserialize::<_, Wanted>(form).unwrap_err();
        query::<Wanted>(text, &error).0.detail.unwrap()
    }

    fn of_body(given: &Value) -> String {
        let error = serde_path_to_error::deserialize::<_, Wanted>(given).unwrap_err();
        body::<Wanted>(given, &error).0.detail.unwrap()
    }

    #[test]
    fn a_parameter_of_a_query_is_told_with_what_was_given_and_what_is_allowed() {
        let all = "`limit`, `order`, `all`, `share`, `ids`, `name`";
        for (text, expected) in [
            ("limit=-1", "`limit` in the query string is a whole number from 1 to 1000, not `-1`"),
            (
                "limit=many",
                "`limit` in the query string is a whole number from 1 to 1000, not `many`",
            ),
            ("limit=1&limit=2", "`limit` in the query string stands 2 times: say it once"),
            ("order=left", "`order` in the query string is one of `up`, `down`, not `left`"),
            ("all=maybe", "`all` in the query string is `true` or `false`, not `maybe`"),
            ("share=x", "`share` in the query string is a number, not `x`"),
            ("limit=1", "`name` is missing in the query string"),
        ] {
            assert_eq!(of_query(text), expected, "{text}");
        }
        let unknown = of_query("colour=red");
        assert!(unknown.starts_with("there is no `colour` in the query string; "), "{unknown}");
        for name in all.split([' ', ',']).filter(|name| name.starts_with('`')) {
            assert!(unknown.contains(name), "{unknown}");
        }
    }

    #[test]
    fn a_field_of_a_body_is_told_with_what_was_given_and_what_is_allowed() {
        for (given, expected) in [
            (
                json!({ "limit": -1 }),
                "`limit` in the body is a whole number from 1 to 1000, not `-1`",
            ),
            (
                json!({ "limit": 1.5 }),
                "`limit` in the body is a whole number from 1 to 1000, not `1.5`",
            ),
            (json!({ "order": 7 }), "`order` in the body is one of `up`, `down`, not `7`"),
            (json!({ "name": ["x"] }), "`name` in the body is a text, not a list"),
            (
                json!({ "ids": [1, "x"] }),
                "`ids[1]` in the body is a whole number from 0, not the text `x`",
            ),
            (json!({ "all": "yes" }), "`all` in the body is `true` or `false`, not the text `yes`"),
            (json!({ "limit": 1 }), "`name` is missing in the body"),
        ] {
            assert_eq!(of_body(&given), expected, "{given}");
        }
        let whole = of_body(&json!("x"));
        assert!(whole.starts_with("the body is an object with "), "{whole}");
        assert!(whole.ends_with(", not the text `x`"), "{whole}");
        let unknown = of_body(&json!({ "name": "x", "colour": "red" }));
        assert!(unknown.starts_with("there is no `colour` in the body; there are "), "{unknown}");
    }

    #[test]
    fn what_was_given_is_cut_short_and_cannot_forge_a_line() {
        let told = of_query(&format!("limit=%0a{}", "x".repeat(1000)));

        assert!(told.len() < 200 && told.ends_with("…`"), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}
