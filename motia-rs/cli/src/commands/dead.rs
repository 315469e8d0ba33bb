//! The dead letters: events that were given up.

use motia_core::store::PageRequest;
use serde_json::{Value, json};

use super::{app::text, page};
use crate::{
    Failure,
    args::{Dlq, Which},
    ask::{App, segment, with_query},
    output::{Output, print},
};

pub(super) fn run(app: &App, command: Dlq, output: Output) -> Result<(), Failure> {
    match command {
        Dlq::Ls { step, page: wanted } => {
            let path = match step {
                None => "/api/dead".to_owned(),
                Some(step) => format!("/api/queues/{}/dead", segment(&step)),
            };
            let document = app.get(&with_query(&path, &page(wanted)))?;
            let columns = [
                ("ID", "/id"),
                ("STEP", "/queue"),
                ("TOPIC", "/event/topic"),
                ("ATTEMPTS", "/attempts"),
                ("DIED AT", "/diedAt"),
                ("REASON", "/reason"),
            ];
            output.list(&document, &columns);
        }
        Dlq::Show { id } => {
            let letter = app.get(&format!("/api/dead/{}", segment(&id)))?;
            if output.is_json() { output.document(&letter) } else { show(&letter) }
        }
        Dlq::Redrive(which) => moved(app, which, "redrive", "put back", output)?,
        Dlq::Purge(which) => moved(app, which, "purge", "removed", output)?,
    }
    Ok(())
}

fn show(letter: &Value) {
    let event = &letter["event"];
    let mut lines = vec![
        format!("{} of {}", text(&letter["id"]), text(&letter["queue"])),
        format!("  topic     {}", text(&event["topic"])),
        format!("  event     {}", text(&event["id"])),
        format!("  emitted   {}", text(&event["emittedAt"])),
        format!("  died      {}", text(&letter["diedAt"])),
        format!("  reason    {}", text(&letter["reason"])),
        format!("  attempts  {}", letter["attempts"]),
    ];
    for failure in letter["failures"].as_array().into_iter().flatten() {
        let (when, error) = (text(&failure["endedAt"]), text(&failure["error"]));
        lines.push(format!("    {}  {when}  {error}", failure["attempt"]));
    }
    let lines: Vec<_> = lines.iter().map(|line| motia_runtime::log::printable(line)).collect();
    print(&format!("{}\n{:#}", lines.join("\n"), event["payload"]));
}

/// Moves one dead letter, or page after page of them.
fn moved(app: &App, which: Which, verb: &str, done: &str, output: Output) -> Result<(), Failure> {
    let mut count = 0;
    if let Some(id) = which.id {
        let answer = app.post(&format!("/api/dead/{}/{verb}", segment(&id)))?;
        count += answer["count"].as_u64().unwrap_or_default();
    } else {
        let mut cursor = None;
        loop {
            let limit = Some(PageRequest::MAX.to_string());
            let chosen = [("step", which.step.clone()), ("limit", limit), ("cursor", cursor)];
            let answer = app.post(&with_query(&format!("/api/dead/{verb}"), &chosen))?;
            count += answer["count"].as_u64().unwrap_or_default();
            cursor = answer["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
    let letters = if count == 1 { "dead letter" } else { "dead letters" };
    output.done(&json!({ "count": count }), &format!("{done}: {count} {letters}"));
    Ok(())
}
