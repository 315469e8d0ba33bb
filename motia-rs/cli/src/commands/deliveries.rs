//! One delivery: why it is not running; and what nobody wants any more.

use serde_json::{Value, json};

use super::{Me, counted, dead::failures, text};
use crate::{
    Failure,
    args::work::Cancel,
    ask::{App, segment},
    output::Output,
    when::Clock,
};

/// Says why a delivery is not running.
pub(super) fn why(app: &App, id: &str, me: &Me, output: Output) -> Result<(), Failure> {
    let delivery = app.get(&format!("/api/deliveries/{}", segment(id)))?;
    let mut lines = status(&delivery, &me.clock);
    lines.extend(about(&delivery, &me.clock));
    output.told(&delivery, &lines);
    Ok(())
}

/// Cancels one delivery, or all that is meant.
pub(super) fn cancel(app: &App, what: Cancel, me: &Me, output: Output) -> Result<(), Failure> {
    let Cancel { id, event, trace, key } = what;
    let answer = match id {
        Some(id) => app.post(&format!("/api/deliveries/{}/cancel", segment(&id)), &me.asks())?,
        None => {
            let mut body = me.asks();
            for (name, given) in [("event", event), ("trace", trace), ("key", key)] {
                if let Some(given) = given {
                    body[name] = json!(given);
                }
            }
            app.post("/api/cancel", &body)?
        }
    };
    let count = &answer["cancelled"];
    let deliveries = if *count == json!(1) { "delivery" } else { "deliveries" };
    output.done(&answer, &format!("cancelled: {count} {deliveries}"));
    Ok(())
}

/// How a delivery stands, and every reason for it.
fn status(delivery: &Value, clock: &Clock) -> Vec<String> {
    let whose = format!("{} of {}", text(&delivery["id"]), text(&delivery["queue"]));
    let time = |name: &str| clock.told(text(&delivery[name]));
    match text(&delivery["status"]) {
        "running" => {
            vec![format!("{whose} runs: attempt {}, since {}", delivery["attempt"], time("since"))]
        }
        "dead" => vec![
            format!("{whose} is dead: {}", text(&delivery["reason"])),
            format!("  `dlq show {}` tells more", text(&delivery["id"])),
        ],
        "ended" => {
            let (ending, note) = (text(&delivery["ending"]), text(&delivery["note"]));
            vec![format!("{whose} ended at {}: {ending}, {note}", time("at"))]
        }
        _ => {
            let reasons = delivery["reasons"].as_array().into_iter().flatten();
            let reasons = reasons.map(|each| format!("  - {}", reason(each, clock)));
            [format!("{whose} waits:")].into_iter().chain(reasons).collect()
        }
    }
}

/// What is delivered.
fn about(delivery: &Value, clock: &Clock) -> Vec<String> {
    let event = &delivery["event"];
    let mut lines = vec![String::new()];
    let mut line = |name: &str, what: &str| {
        if !what.is_empty() {
            lines.push(format!("  {name:<10}{what}"));
        }
    };
    line("topic", text(&event["topic"]));
    line("event", text(&event["id"]));
    line("trace", text(&event["trace"]["traceId"]));
    line("key", text(&delivery["key"]));
    line("emitted", &clock.told(text(&event["emittedAt"])));
    line("expires", &clock.told(text(&event["expiresAt"])));
    line("attempts", &delivery["attempts"].to_string());
    lines.extend(failures(delivery, clock));
    lines.push(format!("  {:<10}{}", "payload", event["payload"]));
    lines
}

/// One thing that keeps a delivery from starting, as a fragment of a sentence.
pub(super) fn reason(reason: &Value, clock: &Clock) -> String {
    let until = || clock.told(text(&reason["until"]));
    let since = || clock.told(text(&reason["since"]));
    let (name, key, running) = (text(&reason["name"]), text(&reason["key"]), &reason["running"]);
    match text(&reason["because"]) {
        "paused" => format!("paused by {} since {}", text(&reason["by"]), since()),
        "stopping" => "the app is shutting down".to_owned(),
        "atRest" => "the app does not run: start it with `serve`".to_owned(),
        "orphaned" => "its step is gone from the app".to_owned(),
        "held" => {
            let error = reason["error"].as_str().map(|error| format!(": {error}"));
            format!(
                "held until a program starts that it fits{}",
                error.unwrap_or_else(|| "; it fits this one".to_owned())
            )
        }
        "delayed" => format!("delayed until {}", until()),
        "postponed" => format!("postponed until {}: {}", until(), text(&reason["why"])),
        "retrying" => {
            format!("tried again at {}, after {}", until(), counted(&reason["attempts"], "attempt"))
        }
        "behind" => format!("behind {} of its queue", others(&reason["ahead"])),
        "behindInKey" => format!("behind {} of its key `{key}`", others(&reason["ahead"])),
        "keyBusy" => format!("as many of its key `{key}` run as may: {running}"),
        "keyRateLimited" => format!("its key `{key}` is rate-limited until {}", until()),
        "debounced" => format!("waits for its key to be silent, until {}", until()),
        "batching" => format!("waits for others to make a batch with, until {}", until()),
        "stepBusy" => format!("as many of its step run as may: {running}"),
        "processBusy" => format!("as many run in the app as may: {running}"),
        "rateLimited" => format!("rate-limited until {}", until()),
        "circuitOpen" => format!("circuit `{name}` is {}", circuit(reason, clock)),
        "next" => "for nothing: it starts as soon as a worker comes to it".to_owned(),
        _ => reason.to_string(),
    }
}

/// How a circuit stands.
pub(super) fn circuit(state: &Value, clock: &Clock) -> String {
    match text(&state["state"]) {
        "closed" => "closed".to_owned(),
        "open" => format!("open until {}", clock.told(text(&state["until"]))),
        "halfOpen" => "being tried by one attempt".to_owned(),
        "held" => {
            let since = clock.told(text(&state["since"]));
            format!("held open by {} since {since}", text(&state["by"]))
        }
        other => other.to_owned(),
    }
}

fn others(count: &Value) -> String {
    counted(count, "other")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &Value) -> String {
        reason(value, &Clock::utc("2026-01-31T12:00:00Z".parse().unwrap()))
    }

    #[test]
    fn every_reason_is_a_fragment_that_says_what_and_until_when() {
        let until = "2026-01-31T12:00:03.2Z";
        for (reason, expected) in [
            (
                json!({ "because": "behindInKey", "key": "acme", "ahead": 3 }),
                "behind 3 others of its key `acme`",
            ),
            (json!({ "because": "behind", "ahead": 1 }), "behind 1 other of its queue"),
            (
                json!({ "because": "rateLimited", "until": until }),
                "rate-limited until 12:00:03.2 (in 3 s)",
            ),
            (
                json!({ "because": "circuitOpen", "name": "bank", "state": "open", "until": until }),
                "circuit `bank` is open until 12:00:03.2 (in 3 s)",
            ),
            (
                json!({ "because": "paused", "by": "ana", "since": "2026-01-31T11:00:00Z" }),
                "paused by ana since 11:00:00 (60 min ago)",
            ),
            (
                json!({ "because": "retrying", "until": until, "attempts": 1 }),
                "tried again at 12:00:03.2 (in 3 s), after 1 attempt",
            ),
            (
                json!({ "because": "postponed", "until": until, "why": "the bank is closed" }),
                "postponed until 12:00:03.2 (in 3 s): the bank is closed",
            ),
            (json!({ "because": "unheardOf" }), "{\"because\":\"unheardOf\"}"),
        ] {
            assert_eq!(told(&reason), expected);
        }
    }
}
