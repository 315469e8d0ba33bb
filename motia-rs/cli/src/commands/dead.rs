//! The dead letters: events that were given up.

use std::io::IsTerminal as _;

use motia_core::store::PageRequest;
use serde_json::{Value, json};

use super::{Me, counted, page, text};
use crate::{
    Failure,
    args::work::{Dlq, Letters, Which},
    ask::{App, segment, with_query},
    output::Output,
    settings::value,
    when::Clock,
};

type Parameter = (&'static str, Option<String>);

pub(super) fn run(app: &App, command: Dlq, me: &Me, output: Output) -> Result<(), Failure> {
    match command {
        Dlq::Ls { letters, page: wanted } => {
            let query = [&found(letters, &me.clock)[..], &page(wanted)].concat();
            let mut document = app.get(&with_query("/api/dead", &query))?;
            if !output.is_json() {
                for item in document["items"].as_array_mut().into_iter().flatten() {
                    item["died"] = json!(me.clock.time(text(&item["diedAt"])));
                }
            }
            let columns = [
                ("ID", "/id"),
                ("STEP", "/queue"),
                ("TOPIC", "/event/topic"),
                ("KEY", "/key"),
                ("ATTEMPTS", "/attempts"),
                ("DIED", "/died"),
                ("REASON", "/reason"),
            ];
            output.list(&document, &columns);
        }
        Dlq::Show { id } => {
            let letter = app.get(&format!("/api/dead/{}", segment(&id)))?;
            output.told(&letter, &about(&letter, &me.clock));
        }
        Dlq::Redrive(which) => moved(app, which, ("redrive", "put back"), me, output)?,
        Dlq::Purge(which) => moved(app, which, ("purge", "removed"), me, output)?,
    }
    Ok(())
}

/// The parameters that find dead letters.
fn found(letters: Letters, clock: &Clock) -> [Parameter; 8] {
    let Letters { step, topic, key, event, trace, reason, since, until } = letters;
    // So long ago, or an instant, which the app reads itself.
    let instant = |text: String| match value::duration(&text) {
        Ok(ago) => clock.ago(ago).to_string(),
        Err(_) => text,
    };
    [
        ("step", step),
        ("topic", topic),
        ("key", key),
        ("event", event),
        ("trace", trace),
        ("reason", reason),
        ("since", since.map(instant)),
        ("until", until.map(instant)),
    ]
}

/// Lines about one dead letter, every attempt among them.
fn about(letter: &Value, clock: &Clock) -> Vec<String> {
    let event = &letter["event"];
    let mut lines = vec![format!("{} of {}", text(&letter["id"]), text(&letter["queue"]))];
    let mut line = |name: &str, what: &str| {
        if !what.is_empty() {
            lines.push(format!("  {name:<10}{what}"));
        }
    };
    line("reason", text(&letter["reason"]));
    line("died", &clock.told(text(&letter["diedAt"])));
    line("topic", text(&event["topic"]));
    line("event", text(&event["id"]));
    line("trace", text(&event["trace"]["traceId"]));
    line("key", text(&letter["key"]));
    line("emitted", &clock.told(text(&event["emittedAt"])));
    line("attempts", &letter["attempts"].to_string());
    lines.extend(failures(letter, clock));
    let payload = format!("{:#}", event["payload"]);
    lines.push("  payload".to_owned());
    lines.extend(payload.lines().map(|line| format!("    {line}")));
    lines
}

/// Moves the dead letters that are named, or those that are found.
fn moved(
    app: &App,
    which: Which,
    (verb, done): (&str, &str),
    me: &Me,
    output: Output,
) -> Result<(), Failure> {
    let Which { ids, all: _, letters } = which;
    let mut refused = Vec::new();
    let count = match ids.as_slice() {
        [] => {
            let filter = found(letters, &me.clock);
            move_found(app, &filter, (verb, done), me)?
        }
        [id] => {
            let answer = app.post(&format!("/api/dead/{}/{verb}", segment(id)), &me.asks())?;
            answer["count"].as_u64().unwrap_or_default()
        }
        ids => {
            let mut count = 0;
            for some in ids.chunks(PageRequest::MAX) {
                let body = json!({ "ids": some, "by": me.name });
                let answer = app.post(&format!("/api/dead/{verb}"), &body)?;
                count += answer["count"].as_u64().unwrap_or_default();
                refused.extend(answer["refused"].as_array().into_iter().flatten().cloned());
            }
            count
        }
    };
    let mut document = json!({ "count": count });
    if !refused.is_empty() {
        document["refused"] = json!(refused);
    }
    output.done(&document, &format!("{done}: {}", counted(&json!(count), "dead letter")));
    match refused.iter().map(|each| text(&each["detail"])).collect::<Vec<_>>() {
        details if details.is_empty() => Ok(()),
        details => Err(Failure::refused(details.join("\n")).after_its_answer()),
    }
}

/// Goes on until all is done, and says how far it is.
fn move_found(
    app: &App,
    filter: &[Parameter],
    (verb, done): (&str, &str),
    me: &Me,
) -> Result<u64, Failure> {
    let first = [filter, &[("limit", Some("1".to_owned()))]].concat();
    let total = app.get(&with_query("/api/dead", &first))?["total"].clone();
    let (mut count, mut cursor) = (0, None);
    loop {
        // Without a limit: those of a key come back together.
        let page = [("all", Some("true".to_owned())), ("cursor", cursor)];
        let path = with_query(&format!("/api/dead/{verb}"), &[filter, &page].concat());
        let answer = app.post(&path, &me.asks())?;
        count += answer["count"].as_u64().unwrap_or_default();
        cursor = answer["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(count);
        }
        if std::io::stderr().is_terminal() {
            eprintln!("{done}: {count} of {total}");
        }
    }
}
/// The attempts that failed, a line each.
pub(super) fn failures(of: &Value, clock: &Clock) -> Vec<String> {
    let line = |failure: &Value| {
        let (from, to) = (text(&failure["startedAt"]), text(&failure["endedAt"]));
        let took = clock.between(from, to);
        let class = failure["class"].as_str().map(|class| format!(" [{class}]"));
        let (class, error) = (class.unwrap_or_default(), text(&failure["error"]));
        let number = &failure["attempt"];
        format!("    {number}. {}, {took}{class}: {error}", clock.time(from))
    };
    of["failures"].as_array().into_iter().flatten().map(line).collect()
}
