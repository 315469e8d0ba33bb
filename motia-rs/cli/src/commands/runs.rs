//! The runs: what every step did, and how it ended.

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::{Me, counted, page, text, typed_time};
use crate::{
    Failure,
    args::seen::{Outcome, Replay, Run, Runs},
    ask::{App, segment, with_query},
    output::Output,
};

pub(super) fn list(app: &App, wanted: Runs, me: &Me, output: Output) -> Result<(), Failure> {
    let Runs { step, flow, outcome, trace, text: said, since, page: wanted } = wanted;
    let outcome = outcome.as_ref().and_then(Outcome::to_possible_value);
    let since = since.map(|since| typed_time("--since", &since)).transpose()?;
    let filters = [
        ("step", step),
        ("flow", flow),
        ("outcome", outcome.map(|outcome| outcome.get_name().to_owned())),
        ("trace", trace),
        ("text", said),
        ("since", since.map(|since| me.clock.ago(since).to_string())),
    ];
    let query = [&filters[..], &page(wanted)].concat();
    let mut document = app.get(&with_query("/api/runs", &query))?;
    if !output.is_json() {
        for item in document["items"].as_array_mut().into_iter().flatten() {
            item["began"] = json!(me.clock.time(text(&item["startedAt"])));
            item["took"] = json!(took(&item["tookUs"]));
            item["error"] = begun(&item["error"]);
        }
    }
    let columns = [
        ("BEGAN", "/began"),
        ("RUN", "/id"),
        ("STEP", "/step"),
        ("ON", "/trigger"),
        ("ATTEMPT", "/attempt"),
        ("TOOK", "/took"),
        ("ENDED", "/outcome"),
        ("WHY", "/error"),
        ("TRACE", "/traceId"),
    ];
    output.list(&document, &columns);
    Ok(())
}

pub(super) fn run(app: &App, command: Run, me: &Me, output: Output) -> Result<(), Failure> {
    let path = |id: &str, what: &str| format!("/api/runs/{}{what}", segment(id));
    match command {
        Run::Show { id } => {
            let document = app.get(&path(&id, ""))?;
            output.told(&document, &lines(&document, me));
        }
        Run::Replay { id, header } => {
            let asked = json!({ "by": me.name, "headers": typed_headers(&header)? });
            let document = app.post(&path(&id, "/replay"), &asked)?;
            let told = match document["event"].as_str() {
                Some(event) => format!("run {id} was sent again, as event {event}"),
                None => format!("run {id} was sent again, and answered {}", document["status"]),
            };
            output.told(&document, &lacking(told, &document));
        }
        Run::Test { id } => {
            let document = app.get(&path(&id, "/test"))?;
            if output.is_json() {
                output.document(&document);
            } else {
                let file = text(&document["file"]);
                crate::output::print(&format!("// in {file}\n{}", text(&document["test"])));
            }
        }
    }
    Ok(())
}

/// Sends many runs again, and tells of each that was not.
pub(super) fn replay(app: &App, wanted: Replay, me: &Me, output: Output) -> Result<(), Failure> {
    let Replay { failed, outcome, step, flow, trace, text: said, since, header, limit } = wanted;
    let outcome = if failed { Some(Outcome::Failed) } else { outcome };
    let outcome = outcome.as_ref().and_then(Outcome::to_possible_value);
    let since = since.map(|since| typed_time("--since", &since)).transpose()?;
    let asked = json!({
        "outcome": outcome.map(|outcome| outcome.get_name().to_owned()),
        "step": step,
        "flow": flow,
        "trace": trace,
        "text": said,
        "since": since.map(|since| me.clock.ago(since).to_string()),
        "limit": limit,
        "headers": typed_headers(&header)?,
        "by": me.name,
    });
    let document = app.post("/api/runs/replay", &asked)?;
    let told = format!("{} sent again", counted(&document["replayed"], "run"));
    let mut lines = lacking(told, &document);
    for refused in document["refused"].as_array().into_iter().flatten() {
        lines.push(format!("  not {}: {}", text(&refused["id"]), text(&refused["why"])));
    }
    output.told(&document, &lines);
    Ok(())
}

/// Headers that were typed as they stand in a request: `name: value`.
fn typed_headers(typed: &[String]) -> Result<Value, Failure> {
    let read = |header: &String| {
        let (name, value) = header.split_once(':').ok_or_else(|| {
            // What stands there may be a secret.
            Failure::unready("--header: a header is `name: value`, and one has no `:`")
        })?;
        Ok((name.trim().to_owned(), json!(value.trim())))
    };
    typed.iter().map(read).collect::<Result<_, _>>().map(Value::Object)
}

/// What is told of a replay, with the headers that it lacked.
fn lacking(told: String, document: &Value) -> Vec<String> {
    let left_out = document["headersLeftOut"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<_> = left_out.iter().map(text).collect();
    let advice = (!names.is_empty())
        .then(|| format!("  without {}; --header 'name: value' adds one", names.join(", ")));
    std::iter::once(told).chain(advice).collect()
}

/// What a list shows of a reason, in characters; `run show` has all of it.
const WHY_SHOWN: usize = 160;

/// The beginning of a reason that is too long for a row; anything else as it is.
fn begun(why: &Value) -> Value {
    let Some(text) = why.as_str() else { return why.clone() };
    match text.char_indices().nth(WHY_SHOWN) {
        Some((end, _)) => json!(format!("{} …", &text[..end])),
        None => why.clone(),
    }
}

/// `1.5 ms`.
fn took(micros: &Value) -> String {
    match micros.as_u64().unwrap_or_default() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        micros => format!("{:.2} s", micros as f64 / 1e6),
    }
}

fn lines(run: &Value, me: &Me) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} run {} of {}, attempt {}, {} after {}",
            text(&run["kind"]),
            run["id"],
            text(&run["step"]),
            run["attempt"],
            text(&run["outcome"]),
            took(&run["tookUs"]),
        ),
        format!("  began   {}", me.clock.time(text(&run["startedAt"]))),
        format!("  trace   {}", text(&run["traceId"])),
    ];
    if !run["replayOf"].is_null() {
        lines.push(format!("  replay  of run {}", run["replayOf"]));
    }
    let headers = headers(&run["input"]["headers"]);
    let told = [
        ("asked", &run["input"]["request"]),
        ("headers", &headers),
        ("topic", &run["input"]["topic"]),
        ("status", &run["status"]),
        ("input", &run["input"]["value"]),
        ("error", &run["error"]),
    ];
    for (name, value) in told.into_iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("  {name:<7} {value}"));
    }
    for note in run["notes"].as_array().into_iter().flatten() {
        lines.push(format!("  {}  {}", me.clock.time(text(&note["at"])), did(note)));
    }
    if let Some(more @ 1..) = run["leftOut"].as_u64() {
        lines.push(format!("  and {more} more"));
    }
    lines
}

/// `accept: */*, x-tenant: 7; not kept: cookie`; null for none.
fn headers(known: &Value) -> Value {
    let kept = known["kept"].as_array().into_iter().flatten();
    let kept: Vec<_> = kept.map(|pair| format!("{}: {}", text(&pair[0]), text(&pair[1]))).collect();
    let left_out = known["leftOut"].as_array().into_iter().flatten();
    let left_out: Vec<_> = left_out.map(text).collect();
    match (kept.join(", "), left_out.join(", ")) {
        (kept, none) if none.is_empty() && kept.is_empty() => Value::Null,
        (kept, none) if none.is_empty() => json!(kept),
        (none, left_out) if none.is_empty() => json!(format!("not kept: {left_out}")),
        (kept, left_out) => json!(format!("{kept}; not kept: {left_out}")),
    }
}

/// What one note says.
fn did(note: &Value) -> String {
    let of = |name: &str| text(&note[name]);
    match of("what") {
        "log" => {
            let fields = match &note["fields"] {
                Value::Null => String::new(),
                fields => format!("  {fields}"),
            };
            format!("{} {}{fields}", of("level"), of("message"))
        }
        "emit" => format!("emit {} ({})", of("topic"), of("event")),
        "state" => format!("state {} {}/{}", of("verb"), of("group"), of("key")),
        "stream" => format!("stream {} {}/{}", of("verb"), of("stream"), of("key")),
        "span" => format!("span {} took {}", of("name"), took(&note["tookUs"])),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_too_long_for_a_row_is_begun() {
        let why = json!("é".repeat(WHY_SHOWN + 1));

        assert_eq!(begun(&why), json!(format!("{} …", "é".repeat(WHY_SHOWN))));
        assert_eq!(begun(&json!("gone")), json!("gone"));
        assert_eq!(begun(&Value::Null), Value::Null);
    }

    #[test]
    fn headers_are_told_on_one_line_with_those_that_were_not_kept() {
        let known =
            json!({ "kept": [["accept", "*/*"], ["x-tenant", "7"]], "leftOut": ["cookie"] });
        assert_eq!(headers(&known), json!("accept: */*, x-tenant: 7; not kept: cookie"));
        assert_eq!(
            headers(&json!({ "kept": [], "leftOut": ["cookie"] })),
            json!("not kept: cookie")
        );
        assert_eq!(headers(&Value::Null), Value::Null);
    }

    #[test]
    fn what_is_typed_as_a_header_has_a_name_and_is_not_told_when_it_has_none() {
        let typed = |text: &str| typed_headers(&[text.to_owned()]);
        assert_eq!(typed("x-at: http://a:1").unwrap(), json!({ "x-at": "http://a:1" }));
        assert!(!typed("s3cret").unwrap_err().message.contains("s3cret"));
    }

    #[test]
    fn a_time_is_told_in_the_unit_that_fits() {
        let told = |micros: u64| took(&json!(micros));
        assert_eq!(
            (told(7), told(1_500), told(2_000_000)),
            ("7 µs".into(), "1.5 ms".into(), "2.00 s".into())
        );
    }
}
