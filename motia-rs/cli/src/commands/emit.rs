//! Emits from outside of any step.

use serde_json::{Value, json};

use super::{text, typed_json, typed_time};
use crate::{
    Failure,
    args::work::Emit,
    ask::{Absent, App},
    output::Output,
};

pub(super) fn run(
    ask: impl FnOnce(Absent) -> Result<App, Failure>,
    emission: &Emit,
    output: Output,
) -> Result<(), Failure> {
    let body = body(emission)?;
    let app = ask(Absent::Make)?;
    let receipt = app.post("/api/emit", &body)?;
    let (id, durability) = (text(&receipt["id"]), text(&receipt["durability"]));
    let told = if receipt["duplicate"] == json!(true) {
        format!("emitted before as {id}, and not again: `{}`", text(&body["dedup"]))
    } else {
        let later = match app {
            App::Server(_) => "",
            App::Folder(_) => "; its steps run once the app is served",
        };
        format!("emitted {id} on {} ({durability}){later}", emission.topic)
    };
    output.done(&receipt, &told);
    Ok(())
}

fn body(emission: &Emit) -> Result<Value, Failure> {
    let Emit { topic, payload, delay, at, key, priority, dedup, ttl, cancel_key } = emission;
    let mut body = json!({ "topic": topic, "payload": typed_json("payload", payload)? });
    for (name, time) in [("delay", delay), ("ttl", ttl)] {
        if let Some(time) = time {
            body[name] = json!(typed_time(&format!("--{name}"), time)?.as_secs_f64());
        }
    }
    for (name, given) in [("at", at), ("key", key), ("dedup", dedup), ("cancelKey", cancel_key)] {
        if let Some(given) = given {
            body[name] = json!(given);
        }
    }
    if let Some(level) = priority {
        body["priority"] = json!(level);
    }
    Ok(body)
}
