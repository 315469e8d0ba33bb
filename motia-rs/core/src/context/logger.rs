//! What is told to people.

use std::sync::Arc;

use serde_json::Value;

use super::Run;
use crate::redact::{in_text, redact_line};

/// How much a log line matters.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What happens.
    Info,
    /// What should not happen, and was coped with.
    Warn,
    /// What failed.
    Error,
}

/// Tells people what a handler does, with the run and the step on every line.
///
/// Fields whose name says that they are secret (`password`, `token`, `authorization` …) are
/// redacted, and so is what looks like one in a text: `password=…`, `Bearer …`, `https://user:…@host`.
///
/// ```
/// # use motia_core::context::Context;
/// # use serde_json::json;
/// # fn handler(ctx: Context) {
/// ctx.logger.info("pet taken in", json!({ "id": 7 }));
/// ctx.logger.warn("the oven is cold", ());
/// # }
/// ```
#[derive(Clone)]
pub struct Logger {
    run: Arc<Run>,
}

impl Logger {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// A line for those who look for a fault.
    pub fn debug(&self, message: impl AsRef<str>, fields: impl Into<Value>) {
        self.log(Level::Debug, message.as_ref(), fields.into());
    }

    /// A line on what happens.
    pub fn info(&self, message: impl AsRef<str>, fields: impl Into<Value>) {
        self.log(Level::Info, message.as_ref(), fields.into());
    }

    /// A line on what should not happen, and was coped with.
    pub fn warn(&self, message: impl AsRef<str>, fields: impl Into<Value>) {
        self.log(Level::Warn, message.as_ref(), fields.into());
    }

    /// A line on what failed.
    pub fn error(&self, message: impl AsRef<str>, fields: impl Into<Value>) {
        self.log(Level::Error, message.as_ref(), fields.into());
    }

    fn log(&self, level: Level, message: &str, mut fields: Value) {
        redact_line(&mut fields);
        self.run.engine.log(&self.run, level, &in_text(message), fields);
    }
}

impl std::fmt::Debug for Logger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logger").field("step", &self.run.step).finish_non_exhaustive()
    }
}
