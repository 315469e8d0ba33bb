//! What a log line holds.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use motia_core::{
    context::Level as StepLevel,
    redact::{in_text, redact_line},
    text::{printable, printable_lines},
};
use motia_runtime::runs::logs::LogLine;
use serde_json::{Map, Value};
use tracing::{
    Event, Level,
    field::{Field, Visit},
};

/// What a log line holds.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it was written.
    pub time: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The part of the program that wrote it.
    pub target: Cow<'static, str>,
    /// The step that wrote it.
    pub step: Option<String>,
    /// The run that it belongs to.
    pub trace_id: Option<String>,
    /// What it says.
    pub message: String,
    /// What it says it of.
    pub fields: Map<String, Value>,
}

impl Line {
    /// What an event of this instant holds. The fields of a handler's line, which come as one JSON
    /// text, are taken apart again.
    #[must_use]
    pub fn of(event: &Event<'_>, time: Timestamp) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut fields = fields.0;
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        let mut take = |name: &str| fields.remove(name).map(plain);
        let (step, trace_id) = (take("step"), take("trace_id"));
        let mut message = take("message").unwrap_or_default();
        if target == motia_runtime::log::TARGET {
            fields
                .remove("attempt")
                .filter(|attempt| *attempt != 1)
                .map(|attempt| fields.insert("attempt".to_owned(), attempt));
            if let Some(Value::String(text)) = fields.remove("fields") {
                match serde_json::from_str(&text).unwrap_or(Value::String(text)) {
                    Value::Object(said) => fields.extend(said),
                    other => drop(fields.insert("fields".to_owned(), other)),
                }
            }
        } else {
            // A handler's lines are clean already; what a library says is not.
            message = in_text(&message).into_owned();
            let mut said = Value::Object(fields);
            redact_line(&mut said);
            fields = said.as_object_mut().map(std::mem::take).unwrap_or_default();
        }
        Self { time, level, target: target.into(), step, trace_id, message, fields }
    }
}

impl Line {
    /// The line as it is kept in memory, for terminals and browsers.
    #[must_use]
    pub fn kept(&self) -> LogLine {
        LogLine {
            id: 0,
            at: self.time,
            level: match self.level {
                Level::ERROR => StepLevel::Error,
                Level::WARN => StepLevel::Warn,
                Level::INFO => StepLevel::Info,
                Level::DEBUG | Level::TRACE => StepLevel::Debug,
            },
            target: self.target.clone(),
            step: self.step.clone(),
            trace_id: self.trace_id.clone(),
            message: printable_lines(&self.message),
            fields: self.fields.iter().map(|(name, value)| (name.clone(), seen(value))).collect(),
        }
    }
}

/// A value with all texts in it as they may be seen.
fn seen(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable_lines(text)),
        Value::Array(list) => list.iter().map(seen).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, value)| (printable(name), seen(value))).collect())
        }
        other => other.clone(),
    }
}

/// The step that a line is of.
#[must_use]
pub fn step_of(event: &Event<'_>) -> Option<String> {
    struct Step(Option<String>);
    impl Visit for Step {
        fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

        fn record_str(&mut self, field: &Field, value: &str) {
            if field.name() == "step" {
                self.0 = Some(value.to_owned());
            }
        }
    }
    let mut step = Step(None);
    event.record(&mut step);
    step.0
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
