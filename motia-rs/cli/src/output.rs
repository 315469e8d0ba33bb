//! What is written to stdout: tables for people, one JSON document for machines.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use motia_core::text::{printable, printable_json};
use serde_json::Value;

/// A column: its heading, and the JSON pointer of its cells.
pub type Column = (&'static str, &'static str);

/// Columns of a terminal below which tables are not fitted to it.
const NARROW: u16 = 60;

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    /// Answers to stdout, as JSON if that was asked for.
    #[must_use]
    pub fn stdout(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal() }
    }

    /// Whether machines read it.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at it.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Shows a list: the document itself, or its `items` as a table.
    pub fn list(&self, document: &Value, columns: &[Column]) {
        if self.json {
            return self.document(document);
        }
        print(&table(document, columns, self.terminal));
        if let Some(next) = document["next"].as_str() {
            let shown = document["items"].as_array().map_or(0, Vec::len);
            let of_all = document["total"].as_u64().map(|total| format!(" ({shown} of {total})"));
            let of_all = of_all.unwrap_or_default();
            eprintln!("there is more{of_all}: --cursor '{}'", printable(next));
        }
    }

    /// Shows one thing: the document, or lines about it.
    pub fn told(&self, document: &Value, lines: &[String]) {
        if self.json {
            return self.document(document);
        }
        print(&lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n"));
    }

    /// Shows one thing that was done: the document, or a sentence about it.
    pub fn done(&self, document: &Value, sentence: &str) {
        if self.json { self.document(document) } else { print(&printable(sentence)) }
    }

    /// Shows JSON, for people with its lines broken.
    pub fn document(&self, document: &Value) {
        if self.json && !self.terminal {
            print(&document.to_string());
        } else {
            // A pretty document breaks its lines itself.
            print(&printable_json(&format!("{document:#}")));
        }
    }
}

/// Writes a text and ends its line. A reader that has gone away, as `head` does, is no error.
pub(crate) fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
}

/// The `items` of a document as a table. Nothing in a cell can end a line or colour it.
#[must_use]
pub fn table(document: &Value, columns: &[Column], terminal: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // A terminal that is very narrow, or does not say how wide it is, breaks the lines itself.
    let fitted = terminal && table.width().is_some_and(|width| width >= NARROW);
    if fitted {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    let heading = |(name, _): &Column| {
        if terminal { Cell::new(name).add_attribute(Attribute::Bold) } else { Cell::new(name) }
    };
    table.set_header(columns.iter().map(heading));
    for item in document["items"].as_array().into_iter().flatten() {
        table.add_row(columns.iter().map(|(_, pointer)| cell(item.pointer(pointer))));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null | Value::Bool(false)) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    printable(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_plain_and_aligned() {
        let document = json!({ "items": [
            { "name": "Charge", "flows": ["a", "b"], "depth": 12 },
            { "name": "Pack\u{1b}[31m", "flows": [], "depth": null },
        ] });

        let text = table(
            &document,
            &[("STEP", "/name"), ("FLOWS", "/flows"), ("WAITING", "/depth")],
            false,
        );

        let expected = [
            " STEP            FLOWS  WAITING",
            " Charge          a, b   12",
            " Pack\\u{1b}[31m  -      -",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
