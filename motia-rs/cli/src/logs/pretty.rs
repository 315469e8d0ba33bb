//! Aligned columns, for people at a terminal.

use jiff::tz::TimeZone;
use motia_runtime::log::printable;
use serde_json::Value;
use tracing::Level;

use super::line::Line;

/// The width of the column that says whose line it is.
const WHOSE: usize = 20;

/// Digits that are shown of a trace id.
const TRACE: usize = 8;

/// The line as columns: time, level, step, trace, message, fields. Nothing in it can end the line or
/// colour it.
#[must_use]
pub fn write(line: &Line, coloured: bool) -> String {
    let paint = |code: &str, text: &str| {
        if coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let time = line.time.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string();
    let level = paint(colour(line.level), &format!("{:<5}", line.level.as_str()));
    let whose = line.step.as_deref().unwrap_or_else(|| crate_of(line.target));
    let whose = format!("{:<WHOSE$}", printable(whose));
    let trace: String = line.trace_id.as_deref().unwrap_or("-").chars().take(TRACE).collect();
    let trace = paint("2", &format!("{:<TRACE$}", printable(&trace)));
    let whose = if line.step.is_some() { paint("1", &whose) } else { paint("2", &whose) };
    let mut text =
        format!("{} {level} {whose} {trace}  {}", paint("2", &time), printable(&line.message));
    for (name, value) in &line.fields {
        let value = match value {
            Value::String(text) if is_word(text) => text.clone(),
            other => other.to_string(),
        };
        text += &format!("  {}{}", paint("2", &format!("{}=", printable(name))), printable(&value));
    }
    text
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

fn crate_of(target: &str) -> &str {
    target.split("::").next().unwrap_or(target)
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn line(message: &str) -> Line {
        Line {
            time: Timestamp::UNIX_EPOCH,
            level: Level::INFO,
            target: "motia::step",
            step: Some("Charge".into()),
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
            message: message.into(),
            fields: [("cents".to_owned(), json!(5)), ("to".to_owned(), json!("A B"))]
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn a_line_has_its_columns() {
        let text = write(&line("card charged"), false);
        let columns = text.split_once(' ').unwrap().1;
        let expected = "INFO  Charge               4bf92f35  card charged  cents=5  to=\"A B\"";
        assert_eq!(columns, expected);
    }

    #[test]
    fn what_a_caller_sends_cannot_forge_a_line() {
        let text = write(&line("ok\n12:00:00 ERROR forged\u{1b}[31m\u{202e}"), false);
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text}");
    }
}
