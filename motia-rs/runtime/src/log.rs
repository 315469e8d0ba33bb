//! Log lines of handlers, as `tracing` events.

use std::time::Duration;

use motia_core::context::{Level, Run};
pub use motia_core::text::printable;
use serde_json::Value;

/// The target of a handler's log lines, for filters.
pub const TARGET: &str = "motia::step";

/// The target of the lines that say that a run ended.
pub const RUNS: &str = "motia::run";

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

/// Says that a run ended, for those who look at lines run by run.
pub(crate) fn ended(run: &Run, outcome: &'static str, took: Duration) {
    tracing::debug!(
        target: RUNS,
        step = run.step,
        trace_id = %run.trace.trace_id,
        attempt = run.attempt,
        outcome,
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "ended",
    );
}
