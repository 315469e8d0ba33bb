//! The log lines of a run, which name its trace and its span.

use motia_core::context::{Level, notes::What};
use motia_runtime::runs::RunRecord;
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    logs::v1::{LogRecord, SeverityNumber},
};
use serde_json::Value;

use super::{
    attribute::{Attribute, attribute},
    span::{flags, nanos},
};

/// The log lines of a run.
pub fn of(run: &RunRecord, sampled: bool) -> impl Iterator<Item = LogRecord> {
    run.noted.notes.iter().filter_map(move |note| {
        let What::Log { level, target, message, fields } = &note.what else { return None };
        let mut attributes = vec![
            attribute("motia.step", &*run.step),
            attribute("motia.attempt", u64::from(run.attempt)),
        ];
        attributes.extend(target.as_deref().map(|target| attribute("motia.log.target", target)));
        attributes.extend(said(fields));
        let (severity, text) = severity(*level);
        Some(LogRecord {
            time_unix_nano: nanos(note.at),
            observed_time_unix_nano: nanos(note.at),
            severity_number: severity.into(),
            severity_text: text.to_owned(),
            body: Some(Attribute::from(message.as_str()).0),
            attributes,
            flags: flags(sampled),
            trace_id: run.trace_id.to_bytes().into(),
            span_id: run.span_id.to_bytes().into(),
            ..LogRecord::default()
        })
    })
}

/// How many there are.
pub(crate) fn count(run: &RunRecord) -> u64 {
    let lines = run.noted.notes.iter().filter(|note| matches!(note.what, What::Log { .. }));
    lines.count() as u64
}

/// What a line says it of.
fn said(fields: &Value) -> Vec<KeyValue> {
    match fields {
        Value::Null => Vec::new(),
        Value::Object(map) => map.iter().map(|(name, value)| attribute(name, value)).collect(),
        other => vec![attribute("motia.log.fields", other)],
    }
}

const fn severity(level: Level) -> (SeverityNumber, &'static str) {
    match level {
        Level::Debug => (SeverityNumber::Debug, "DEBUG"),
        Level::Info => (SeverityNumber::Info, "INFO"),
        Level::Warn => (SeverityNumber::Warn, "WARN"),
        Level::Error => (SeverityNumber::Error, "ERROR"),
    }
}

#[cfg(test)]
mod tests {
    use motia_core::context::notes::Note;
    use serde_json::json;

    use super::*;
    use crate::translate::tests::{STARTED, run};

    #[test]
    fn a_line_says_what_it_says_of_which_span() {
        let mut run = run("Pay");
        let log = |level, message: &str, fields| {
            let what = What::Log { level, target: None, message: message.to_owned(), fields };
            Note { at: STARTED, what }
        };
        let get = What::State { verb: "get".into(), group: "orders".into(), key: None };
        run.noted.notes = vec![
            log(Level::Warn, "slow", json!({ "n": 1 })),
            Note { at: STARTED, what: get },
            log(Level::Info, "done", Value::Null),
        ];

        let lines: Vec<_> = of(&run, true).collect();

        assert_eq!((lines.len() as u64, count(&run)), (2, 2));
        let line = &lines[0];
        assert_eq!(line.trace_id, run.trace_id.to_bytes());
        assert_eq!(line.span_id, run.span_id.to_bytes());
        assert_eq!(line.severity_number, i32::from(SeverityNumber::Warn));
        assert_eq!(line.body, Some(Attribute::from("slow").0));
        assert!(line.attributes.contains(&attribute("n", 1_i64)));
        assert_eq!(line.time_unix_nano, 1_767_225_600_000_005_000);
    }
}
