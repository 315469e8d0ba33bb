//! Aligned columns for people at a terminal, run by run.
//!
//! What one run says hangs on a line beside it, in the colour of its trace, and ends with how the run ended and
//! how long it took:
//!
//! ```text
//! 10:41:07.123 INFO  ╭ 4bf92f35 ApiTrigger        pet taken in  id=7
//! 10:41:07.124       ╰ 4bf92f35 ApiTrigger        ok in 1.2 ms
//! 10:41:07.124 INFO  ╭ 4bf92f35 ProcessFoodOrder  order placed
//! ```

use std::{collections::VecDeque, time::Duration};

use jiff::tz::TimeZone;
use motia_core::text::printable;
use motia_runtime::log;
use serde_json::Value;
use tracing::Level;

use super::line::Line;

/// The width of the column that says whose line it is, at least and at most.
const WHOSE: (usize, usize) = (8, 28);

/// Digits that are shown of a trace id.
const TRACE: usize = 8;

/// Runs that are followed at once; of more, the oldest get no end.
const MOST_RUNS: usize = 256;

/// Colours of traces, told apart on dark and on light: none is that of a level.
const COLOURS: [u8; 8] = [39, 170, 37, 136, 105, 72, 168, 68];

const DIM: &str = "2";
const BOLD: &str = "1";
const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";

/// Writes lines as columns: time, level, run, step, message, fields. Nothing in them can end a line or colour
/// it.
#[derive(Debug)]
pub struct Pretty {
    coloured: bool,
    width: usize,
    all_ends: bool,
    zone: TimeZone,
    /// Runs that said something and have not ended: trace and step.
    open: VecDeque<(String, String)>,
}

impl Pretty {
    /// Writes lines of these steps.
    #[must_use]
    pub fn new(coloured: bool, steps: &[&str]) -> Self {
        let width = steps.iter().map(|step| step.chars().count()).max().unwrap_or_default();
        let width = width.clamp(WHOSE.0, WHOSE.1);
        Self { coloured, width, all_ends: false, zone: TimeZone::system(), open: VecDeque::new() }
    }

    /// The same, with the ends of runs that said nothing.
    #[must_use]
    pub fn with_all_ends(self) -> Self {
        Self { all_ends: true, ..self }
    }

    /// The line; `None` for the end of a run that said nothing.
    pub fn write(&mut self, line: &Line) -> Option<String> {
        let is_end = line.target == log::RUNS;
        let rail = self.rail(line, is_end)?;
        let trace: String =
            line.trace_id.as_deref().unwrap_or_default().chars().take(TRACE).collect();
        let colour = colour_of(&trace);
        let time = line.time.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string();
        let level = if is_end { "" } else { line.level.as_str() };
        let whose = line.step.as_deref().unwrap_or_else(|| crate_of(&line.target));
        let (width, whose) = (self.width, printable(whose));

        let mut text = format!(
            "{} {} {} {} ",
            self.paint(DIM, &time),
            self.paint(colour_of_level(line.level), &format!("{level:<5}")),
            self.paint(&colour, &format!("{rail} {:<TRACE$}", printable(&trace))),
            self.paint(if line.step.is_some() { BOLD } else { DIM }, &format!("{whose:<width$}")),
        );
        text.push(' ');
        if is_end {
            text += &self.end(line);
        } else {
            text += &self.message(line);
        }
        Some(text.trim_end().to_owned())
    }

    /// What hangs the line on its run.
    fn rail(&mut self, line: &Line, is_end: bool) -> Option<char> {
        let (Some(trace), Some(step)) = (&line.trace_id, &line.step) else { return Some(' ') };
        let at = self.open.iter().position(|(of, by)| of == trace && by == step);
        match (at, is_end) {
            (Some(at), true) => drop(self.open.remove(at)),
            (Some(_), false) => return Some('│'),
            (None, true) => return self.all_ends.then_some('─'),
            // Only a handler's own line begins a run: what is said of it afterwards does not.
            (None, false) if line.target != log::TARGET => return Some('·'),
            (None, false) => {
                if self.open.len() == MOST_RUNS {
                    self.open.pop_front();
                }
                self.open.push_back((trace.clone(), step.clone()));
                return Some('╭');
            }
        }
        Some('╰')
    }

    fn message(&self, line: &Line) -> String {
        let message = printable(&line.message);
        let mut text = match line.level {
            Level::ERROR => self.paint(RED, &message),
            Level::WARN => self.paint(YELLOW, &message),
            Level::INFO => message,
            Level::DEBUG | Level::TRACE => self.paint(DIM, &message),
        };
        for (name, value) in &line.fields {
            let value = match value {
                Value::String(text) if is_word(text) => text.clone(),
                other => other.to_string(),
            };
            let name = self.paint(DIM, &format!("{}=", printable(name)));
            text += &format!("  {name}{}", printable(&value));
        }
        text
    }

    /// `ok in 1.2 ms`.
    fn end(&self, line: &Line) -> String {
        let field = |name: &str| line.fields.get(name);
        let outcome = field("outcome").and_then(Value::as_str).unwrap_or("ended");
        let took = field("took_us").and_then(Value::as_u64).unwrap_or_default();
        let attempt = field("attempt").and_then(Value::as_u64).filter(|attempt| *attempt > 1);
        let attempt = attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
        let colour = match outcome {
            "failed" => RED,
            "rejected" | "cancelled" => YELLOW,
            _ => DIM,
        };
        self.paint(colour, &format!("{outcome} in {}{attempt}", told(Duration::from_micros(took))))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.coloured && !code.is_empty() && !text.trim().is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// How long something took, in the unit that says most: `340 µs`, `1.2 ms`, `2.5 s`.
fn told(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{:.1} ms", took.as_secs_f64() * 1000.0),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// The colour of a trace: the same wherever it is shown.
fn colour_of(trace: &str) -> String {
    let number = u32::from_str_radix(trace, 16).unwrap_or_default() as usize;
    if trace.is_empty() {
        String::new()
    } else {
        format!("38;5;{}", COLOURS[number % COLOURS.len()])
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// The crate that a line is of; of the framework, which part: `audit`.
fn crate_of(target: &str) -> &str {
    target.strip_prefix("motia::").unwrap_or(target).split("::").next().unwrap_or(target)
}

fn colour_of_level(level: Level) -> &'static str {
    match level {
        Level::ERROR => RED,
        Level::WARN => YELLOW,
        Level::INFO => GREEN,
        Level::DEBUG | Level::TRACE => DIM,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Map, json};

    use super::*;

    fn line(trace: &str, step: &str, message: &str) -> Line {
        Line {
            time: Timestamp::UNIX_EPOCH,
            level: Level::INFO,
            target: log::TARGET.into(),
            step: Some(step.into()),
            trace_id: Some(trace.into()),
            message: message.into(),
            fields: Map::new(),
        }
    }

    fn end(trace: &str, step: &str, fields: &Value) -> Line {
        let fields = fields.as_object().cloned().unwrap_or_default();
        Line { target: log::RUNS.into(), level: Level::DEBUG, fields, ..line(trace, step, "ended") }
    }

    fn pretty() -> Pretty {
        Pretty::new(false, &["Charge", "ProcessFoodOrder"])
    }

    /// What follows the time.
    fn columns(pretty: &mut Pretty, line: &Line) -> String {
        pretty.write(line).unwrap().split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn a_line_has_its_columns() {
        let mut line = line("4bf92f3577b34da6a3ce929d0e0e4736", "Charge", "card charged");
        line.fields.insert("cents".into(), json!(5));
        line.fields.insert("to".into(), json!("A B"));

        let expected = "INFO  ╭ 4bf92f35 Charge            card charged  cents=5  to=\"A B\"";
        assert_eq!(columns(&mut pretty(), &line), expected);
    }

    #[test]
    fn the_lines_of_a_run_hang_together_to_its_end_among_those_of_others() {
        let mut pretty = pretty();
        let ok = json!({ "outcome": "ok", "took_us": 1234, "attempt": 1 });
        let failed = json!({ "outcome": "failed", "took_us": 2_500_000, "attempt": 3 });
        let lines = [
            line("aaaaaaaa", "Charge", "one"),
            line("bbbbbbbb", "Charge", "other"),
            line("aaaaaaaa", "Charge", "two"),
            end("aaaaaaaa", "Charge", &ok),
            end("bbbbbbbb", "Charge", &failed),
        ];

        let written: Vec<_> = lines.iter().map(|line| columns(&mut pretty, line)).collect();

        let expected = [
            "INFO  ╭ aaaaaaaa Charge            one",
            "INFO  ╭ bbbbbbbb Charge            other",
            "INFO  │ aaaaaaaa Charge            two",
            "      ╰ aaaaaaaa Charge            ok in 1.2 ms",
            "      ╰ bbbbbbbb Charge            failed in 2.5 s, attempt 3",
        ];
        assert_eq!(written, expected);
        let colours = ["aaaaaaaa", "bbbbbbbb"].map(colour_of);
        assert_ne!(colours[0], colours[1]);
    }

    #[test]
    fn a_run_that_said_nothing_has_no_end_unless_it_is_asked_for() {
        let ended = end("aaaaaaaa", "Charge", &json!({ "outcome": "ok", "took_us": 7 }));

        assert_eq!(pretty().write(&ended), None);
        let asked = columns(&mut pretty().with_all_ends(), &ended);
        assert_eq!(asked, "      ─ aaaaaaaa Charge            ok in 7 µs");
    }

    #[test]
    fn what_the_framework_says_of_a_run_afterwards_begins_none() {
        let said =
            Line { target: "motia_runtime::bus".into(), ..line("aaaaaaaa", "Charge", "given up") };
        let mut pretty = pretty();
        assert_eq!(columns(&mut pretty, &said), "INFO  · aaaaaaaa Charge            given up");
        assert!(pretty.open.is_empty());
    }

    #[test]
    fn no_more_runs_are_followed_than_may_be() {
        let mut pretty = pretty();
        for n in 0..MOST_RUNS + 10 {
            pretty.write(&line(&format!("{n:08}"), "Charge", "begins"));
        }
        assert_eq!(pretty.open.len(), MOST_RUNS);
    }

    #[test]
    fn what_a_caller_sends_cannot_forge_a_line() {
        let mut forged =
            line("aaaaaaaa", "Charge\n", "ok\n12:00:00 ERROR forged\u{1b}[31m\u{202e}");
        forged.fields.insert("x\u{9b}".into(), json!("\u{7}\u{2066}"));
        for coloured in [false, true] {
            let text = Pretty::new(coloured, &[]).write(&forged).unwrap();
            assert!(!text.contains(['\n', '\u{9b}', '\u{7}', '\u{202e}', '\u{2066}']), "{text}");
            assert!(!text.contains("\u{1b}[31m"), "{text:?}");
        }
    }

    #[test]
    fn without_colours_there_is_no_escape() {
        let text = pretty().write(&line("aaaaaaaa", "Charge", "one")).unwrap();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
