//! The last log lines of the running app.

use clap::ValueEnum as _;
use jiff::Timestamp;
use serde_json::Value;

use super::text;
use crate::{
    Failure,
    args::seen::{Level, Logs},
    ask::{App, with_query},
    logs::{line::Line, pretty::Pretty},
    output::{Output, print},
};

pub(super) fn run(
    app: &App,
    wanted: Logs,
    (coloured, steps): (bool, &[&str]),
    output: Output,
) -> Result<(), Failure> {
    let Logs { follow, level, step, trace, text: said, limit } = wanted;
    let level = level.as_ref().and_then(Level::to_possible_value);
    let query = [
        ("level", level.map(|level| level.get_name().to_owned())),
        ("step", step),
        ("trace", trace),
        ("text", said),
        ("limit", Some(limit.to_string())),
    ];
    let document = app.get(&with_query("/api/logs", &query))?;
    if output.is_json() && !follow {
        output.document(&document);
        return Ok(());
    }
    let mut pretty = Pretty::new(coloured && output.is_terminal(), steps);
    for line in document["items"].as_array().into_iter().flatten().rev() {
        show(line, &mut pretty, output);
    }
    if follow {
        let [level, step, trace, said, _] = query;
        // From where the list ended, so that nothing falls between the two.
        let last = document["items"][0]["id"].as_u64().map(|last| last.to_string());
        let path = with_query("/api/logs/stream", &[level, step, trace, said, ("cursor", last)]);
        app.follow(&path, |line| show(&line, &mut pretty, output))?;
    }
    Ok(())
}

fn show(line: &Value, pretty: &mut Pretty, output: Output) {
    if output.is_json() {
        return print(&line.to_string());
    }
    if let Some(missed) = line["missed"].as_u64() {
        return print(&format!("({missed} lines were written too fast to be shown)"));
    }
    if let Some(line) = pretty.write(&as_written(line)) {
        print(&line);
    }
}

/// The line as the app wrote it.
fn as_written(line: &Value) -> Line {
    let some = |name: &str| line[name].as_str().map(str::to_owned);
    Line {
        time: text(&line["at"]).parse().unwrap_or(Timestamp::UNIX_EPOCH),
        level: text(&line["level"]).parse().unwrap_or(tracing::Level::INFO),
        target: text(&line["target"]).to_owned().into(),
        step: some("step"),
        trace_id: some("traceId"),
        message: text(&line["message"]).to_owned(),
        fields: line["fields"].as_object().cloned().unwrap_or_default(),
    }
}
