//! The queues: what waits for each event step, and whether it may start.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Me, deliveries::reason, page, text};
use crate::{
    Failure,
    args::work::{Queues, Waiting},
    ask::{App, segment, with_query},
    output::Output,
    when::Clock,
};

pub(super) fn run(
    app: &App,
    command: Option<Queues>,
    me: &Me,
    output: Output,
) -> Result<(), Failure> {
    let path = |step: &str, what: &str| format!("/api/queues/{}{what}", segment(step));
    match command {
        None => list(app, output)?,
        Some(Queues::Show { step }) => {
            let queue = app.get(&path(&step, ""))?;
            output.told(&queue, &about(&queue, &me.clock));
        }
        Some(Queues::Pause { step }) => {
            let queue = app.post(&path(&step, "/pause"), &me.asks())?;
            let told = format!("{step} is paused: nothing of its queue starts until it is resumed");
            output.done(&queue, &told);
        }
        Some(Queues::Resume { step }) => {
            let queue = app.post(&path(&step, "/resume"), &me.asks())?;
            output.done(&queue, &format!("{step} is not paused any more"));
        }
        Some(Queues::Waiting(wanted)) => {
            let path = path(&wanted.step, "/waiting");
            waiting(app, &path, wanted, &me.clock, output)?;
        }
    }
    Ok(())
}

fn list(app: &App, output: Output) -> Result<(), Failure> {
    let document = app.get("/api/queues?limit=1000")?;
    let columns = [
        ("STEP", "/queue"),
        ("WAITING", "/waiting"),
        ("RUNNING", "/running"),
        ("DELAYED", "/delayed"),
        ("HELD", "/held"),
        ("DEAD", "/dead"),
        ("PAUSED BY", "/paused/by"),
        ("ORPHANED", "/orphaned"),
    ];
    output.list(&document, &columns);
    Ok(())
}

fn waiting(
    app: &App,
    path: &str,
    wanted: Waiting,
    clock: &Clock,
    output: Output,
) -> Result<(), Failure> {
    let Waiting { step: _, key, event, trace, cancel_key, held, page: wanted } = wanted;
    let filters = [
        ("key", key),
        ("event", event),
        ("trace", trace),
        ("cancelKey", cancel_key),
        ("held", held.then(|| "true".to_owned())),
    ];
    let query = [&filters[..], &page(wanted)].concat();
    let mut document = app.get(&with_query(path, &query))?;
    if !output.is_json() {
        for item in document["items"].as_array_mut().into_iter().flatten() {
            let event = &mut item["event"];
            event["priority"] = event["priority"].as_i64().unwrap_or_default().into();
            item["stands"] = json!(stands(item, clock));
            item["emitted"] = json!(clock.time(text(&item["event"]["emittedAt"])));
        }
    }
    let columns = [
        ("ID", "/id"),
        ("TOPIC", "/event/topic"),
        ("KEY", "/key"),
        ("PRIORITY", "/event/priority"),
        ("ATTEMPTS", "/attempts"),
        ("EMITTED", "/emitted"),
        ("STANDS", "/stands"),
    ];
    output.list(&document, &columns);
    Ok(())
}

/// How a delivery stands, as far as a list knows.
fn stands(item: &Value, clock: &Clock) -> String {
    if item["running"] == json!(true) {
        return "runs".to_owned();
    }
    if item["held"] == json!(true) {
        return "held: does not fit".to_owned();
    }
    match item["due"].as_str().filter(|due| !clock.is_over(due)) {
        Some(due) => format!("waits until {}", clock.told(due)),
        None => "waits".to_owned(),
    }
}

/// Lines about one queue.
fn about(queue: &Value, clock: &Clock) -> Vec<String> {
    let mut lines = vec![text(&queue["queue"]).to_owned()];
    let mut line = |name: &str, what: String| lines.push(format!("  {name:<12}{what}"));
    for count in ["waiting", "running", "delayed", "held", "dead"] {
        line(count, queue[count].to_string());
    }
    let closed: Vec<_> = queue["closed"].as_array().into_iter().flatten().collect();
    if closed.is_empty() {
        line("starts", "what waits, when its turn comes".to_owned());
    }
    for each in &closed {
        line("starts not", reason(each, clock));
    }
    if let Some(pause) = queue["paused"].as_object()
        && !closed.iter().any(|each| each["because"] == "paused")
    {
        let since = clock.told(text(&pause["since"]));
        line("paused", format!("by {} since {since}", text(&pause["by"])));
    }
    for (name, what) in options(&queue["options"]) {
        line(name, what);
    }
    lines
}

/// Tells what a config says in one place.
type Tell<'t> = &'t dyn Fn(&Value) -> String;

/// What a step's config says of its deliveries, where it says something.
fn options(options: &Value) -> Vec<(&'static str, String)> {
    let rate = |rate: &Value| format!("{} in {}", rate["count"], span(&rate["per"]));
    let plain = |value: &Value| value.to_string();
    let known = |_: &Value| "one by one, in the order in which they were emitted".to_owned();
    let tellers: [(&str, &str, Tell<'_>); 12] = [
        ("attempts", "/retry/attempts", &plain),
        ("each key", "/fifo", &known),
        ("at once", "/concurrency", &plain),
        ("per key", "/concurrencyPerKey", &plain),
        ("rate", "/rateLimit", &rate),
        ("rate per key", "/rateLimitPerKey", &rate),
        ("debounce", "/debounce/quiet", &span),
        ("batch", "/batch/size", &plain),
        ("circuit", "/circuitBreaker/name", &|name| text(name).to_owned()),
        ("delay", "/delay", &span),
        ("ttl", "/ttl", &span),
        ("at most", "/maxDepth", &|depth| format!("{depth} waiting")),
    ];
    let said = |pointer| {
        options.pointer(pointer).filter(|value| !matches!(value, Value::Null | Value::Bool(false)))
    };
    let told = tellers
        .into_iter()
        .filter_map(|(name, pointer, tell)| said(pointer).map(|value| (name, tell(value))));
    told.collect()
}

/// A length of time of a config.
fn span(value: &Value) -> String {
    let secs = value["secs"].as_u64().unwrap_or_default();
    let nanos = value["nanos"].as_u64().and_then(|nanos| u32::try_from(nanos).ok());
    format!("{:?}", Duration::new(secs, nanos.unwrap_or_default()))
}
