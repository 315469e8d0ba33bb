//! The circuits: one for each dependency that steps name.

use serde_json::json;

use super::{Me, deliveries::circuit};
use crate::{
    Failure,
    args::work::Circuits,
    ask::{App, segment},
    output::Output,
};

pub(super) fn run(
    app: &App,
    command: Option<Circuits>,
    me: &Me,
    output: Output,
) -> Result<(), Failure> {
    let path = |name: &str, what: &str| format!("/api/circuits/{}/{what}", segment(name));
    match command {
        None => {
            let mut document = app.get("/api/circuits?limit=1000")?;
            if !output.is_json() {
                for item in document["items"].as_array_mut().into_iter().flatten() {
                    item["stands"] = json!(circuit(item, &me.clock));
                }
            }
            let columns = [
                ("CIRCUIT", "/name"),
                ("STANDS", "/stands"),
                ("FAILURES", "/failures"),
                ("OPENS AFTER", "/opensAfter"),
                ("STEPS", "/steps"),
            ];
            output.list(&document, &columns);
        }
        Some(Circuits::Open { name }) => {
            let document = app.post(&path(&name, "open"), &me.asks())?;
            let told = format!("`{name}` is open: nothing starts that needs it until it is reset");
            output.done(&document, &told);
        }
        Some(Circuits::Reset { name }) => {
            let document = app.post(&path(&name, "reset"), &me.asks())?;
            output.done(&document, &format!("`{name}` is closed, and its failures are forgotten"));
        }
    }
    Ok(())
}
