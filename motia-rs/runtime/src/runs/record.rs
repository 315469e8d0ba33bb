//! One run: an attempt of a step, from its beginning to its end.

use std::borrow::Cow;

use jiff::Timestamp;
use motia_core::{
    context::notes::{Headers, Input, Noted},
    event::EventId,
    trace::{SpanId, TraceId},
};
use serde::{Deserialize, Serialize};

/// One run: an attempt of a step, from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// Names it; rises with time.
    pub id: u64,
    /// The trace that it belongs to.
    pub trace_id: TraceId,
    /// Its span.
    pub span_id: SpanId,
    /// The span that caused it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SpanId>,
    /// The step.
    pub step: Cow<'static, str>,
    /// `api`, `event` or `cron`.
    pub kind: Cow<'static, str>,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// The events that it handled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventId>,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What an API step answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, and what had caused that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the step was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// Whether nothing is known of it but how it ended, for there were too many at the time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bare: bool,
    /// Of a replay, the run that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<u64>,
    /// What it did.
    #[serde(flatten)]
    pub noted: Noted,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// Well.
    Ok,
    /// The caller was blamed.
    Rejected,
    /// It was not the time for it yet, which costs no attempt.
    Postponed,
    /// Badly.
    Failed,
    /// It was broken off: cancelled, or the app was stopped.
    Cancelled,
}

impl RunOutcome {
    /// Whether somebody should look at it.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self == Self::Failed
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rejected => "rejected",
            Self::Postponed => "postponed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl RunRecord {
    /// As many bytes it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        const NOTE: usize = 128;
        let input = self.input.as_ref().map_or(0, |input| {
            let headers = input.headers.as_ref().map_or(0, Headers::size);
            size_of_value(&input.value) + headers
        });
        size_of::<Self>()
            + self.error.as_ref().map_or(0, String::len)
            + input
            + self.noted.notes.len() * NOTE
            + self.noted.notes.iter().map(|note| size_of_note(&note.what)).sum::<usize>()
    }
}

fn size_of_note(what: &motia_core::context::notes::What) -> usize {
    use motia_core::context::notes::What;
    match what {
        What::Log { message, fields, .. } => message.len() + size_of_value(fields),
        What::State { key, .. } | What::Stream { key, .. } => key.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

fn size_of_value(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    const NODE: usize = size_of::<Value>();
    match value {
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => NODE + items.iter().map(size_of_value).sum::<usize>(),
        Value::Object(fields) => {
            NODE + fields.iter().map(|(name, each)| name.len() + size_of_value(each)).sum::<usize>()
        }
        _ => NODE,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use motia_core::trace::TraceContext;

    use super::*;

    pub(in super::super) const STARTED: Timestamp = Timestamp::constant(1_767_225_600, 0);

    /// A run that did nothing.
    pub(in super::super) fn run(step: &'static str, outcome: RunOutcome) -> RunRecord {
        let trace = TraceContext::root();
        RunRecord {
            id: 0,
            trace_id: trace.trace_id,
            span_id: trace.span_id,
            parent: None,
            step: step.into(),
            kind: "event".into(),
            attempt: 1,
            events: Vec::new(),
            started_at: STARTED,
            took_us: 1500,
            outcome,
            status: None,
            error: outcome.is_failure().then(|| "the bank is down".to_owned()),
            input: None,
            is_bare: false,
            replay_of: None,
            noted: Noted::default(),
        }
    }

    #[test]
    fn a_run_reads_back_as_it_was_written() {
        let run = run("Pay", RunOutcome::Failed);
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&text).unwrap(), run);
    }
}
