//! The audit log: who changed what.

use serde_json::json;

use super::{Me, page, text, typed_time};
use crate::{
    Failure,
    args::seen::Audit,
    ask::{App, with_query},
    output::Output,
};

pub(super) fn run(app: &App, wanted: Audit, me: &Me, output: Output) -> Result<(), Failure> {
    let Audit { by, did, since, page: wanted } = wanted;
    let since = since.map(|time| typed_time("--since", &time)).transpose()?;
    let since = since.map(|time| me.clock.ago(time).to_string());
    let filters = [("by", by), ("did", did), ("since", since)];
    let query = [&filters[..], &page(wanted)].concat();
    let mut document = app.get(&with_query("/api/audit", &query))?;
    if !output.is_json() {
        for item in document["items"].as_array_mut().into_iter().flatten() {
            item["time"] = json!(me.clock.time(text(&item["at"])));
        }
    }
    let columns = [
        ("AT", "/time"),
        ("BY", "/by"),
        ("ROLE", "/role"),
        ("FROM", "/from"),
        ("DID", "/did"),
        ("WHAT", "/what"),
    ];
    output.list(&document, &columns);
    Ok(())
}
