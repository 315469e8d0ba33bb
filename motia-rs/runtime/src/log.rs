//! Log lines of handlers, as `tracing` events.

use motia_core::context::{Level, Run};
use serde_json::Value;

/// The target of a handler's log lines, for filters.
pub const TARGET: &str = "motia::step";

/// Writes a handler's line. Fields travel as one JSON text, so that no value can forge a line.
pub(crate) fn line(run: &Run, level: Level, message: &str, fields: &Value) {
    macro_rules! at {
        ($level:ident) => {
            tracing::event!(
                target: TARGET,
                tracing::Level::$level,
                step = run.step,
                trace_id = %run.trace.trace_id,
                attempt = run.attempt,
                fields = fields_text(fields).as_deref(),
                "{}",
                printable(message),
            )
        };
    }
    match level {
        Level::Debug => at!(DEBUG),
        Level::Info => at!(INFO),
        Level::Warn => at!(WARN),
        Level::Error => at!(ERROR),
    }
}

fn fields_text(fields: &Value) -> Option<String> {
    (!fields.is_null()).then(|| fields.to_string())
}

/// The text with control characters, line ends and marks that turn the writing direction escaped.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_forge_a_line_or_colour_it() {
        let clean = printable("ok\n2026-01-01 ERROR fake \u{1b}[31mred\u{202e}");

        assert!(!clean.contains(['\n', '\u{1b}', '\u{202e}']), "{clean}");
    }
}
