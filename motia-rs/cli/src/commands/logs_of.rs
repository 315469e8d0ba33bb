//! The last log lines of the running app.

use clap::ValueEnum as _;
use serde_json::Value;

use super::{Me, text};
use crate::{
    Failure,
    args::seen::{Level, Logs},
    ask::{App, with_query},
    output::{Output, print},
};

pub(super) fn run(app: &App, wanted: Logs, me: &Me, output: Output) -> Result<(), Failure> {
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
    for line in document["items"].as_array().into_iter().flatten().rev() {
        show(line, me, output);
    }
    if follow {
        app.follow(&with_query("/api/logs/stream", &query), |line| show(&line, me, output))?;
    }
    Ok(())
}

fn show(line: &Value, me: &Me, output: Output) {
    if output.is_json() {
        return print(&line.to_string());
    }
    let whose = line["step"].as_str().unwrap_or_else(|| text(&line["target"]));
    let trace: String = line["traceId"].as_str().unwrap_or("-").chars().take(8).collect();
    let mut shown = format!(
        "{} {:<5} {whose:<20} {trace:<8}  {}",
        me.clock.time(text(&line["at"])),
        text(&line["level"]).to_uppercase(),
        text(&line["message"]),
    );
    for (name, value) in line["fields"].as_object().into_iter().flatten() {
        shown += &format!("  {name}={value}");
    }
    print(&motia_runtime::log::printable(&shown));
}
