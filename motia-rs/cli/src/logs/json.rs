//! One JSON object a line, for machines.

use motia_core::text::printable_json;
use serde_json::{Map, Value, json};

use super::line::Line;

/// The line as JSON. What cannot be seen in it is escaped, so that it can be looked at in a terminal too.
#[must_use]
pub fn write(line: &Line) -> String {
    let mut object = Map::new();
    object.insert("time".to_owned(), json!(line.time));
    object.insert("level".to_owned(), json!(line.level.as_str().to_lowercase()));
    object.insert("target".to_owned(), json!(line.target));
    for (name, value) in [("step", &line.step), ("traceId", &line.trace_id)] {
        if let Some(value) = value {
            object.insert(name.to_owned(), json!(value));
        }
    }
    object.insert("message".to_owned(), json!(line.message));
    if !line.fields.is_empty() {
        object.insert("fields".to_owned(), Value::Object(line.fields.clone()));
    }
    printable_json(&Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tracing::Level;

    use super::*;

    #[test]
    fn a_line_is_one_object_on_one_line() {
        let line = Line {
            time: Timestamp::UNIX_EPOCH,
            level: Level::WARN,
            target: "motia::step".into(),
            step: Some("Charge".into()),
            trace_id: None,
            message: "two\nlines".into(),
            fields: [("cents".to_owned(), json!(5))].into_iter().collect(),
        };

        let text = write(&line);

        assert!(!text.contains('\n'), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "time": "1970-01-01T00:00:00Z", "level": "warn", "target": "motia::step",
            "step": "Charge", "message": "two\nlines", "fields": { "cents": 5 },
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let line = Line {
            time: Timestamp::UNIX_EPOCH,
            level: Level::INFO,
            target: "motia::step".into(),
            step: None,
            trace_id: None,
            message: "\u{1b}[31m\u{9b}31m\u{202e}\u{e0041}".into(),
            fields: Map::new(),
        };

        let text = write(&line);

        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["message"], json!(line.message));
    }
}
