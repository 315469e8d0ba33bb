//! The history: events that were neither handled nor given up.

use clap::ValueEnum as _;
use serde_json::json;

use super::{Me, page, text};
use crate::{
    Failure,
    args::work::{History, How},
    ask::{App, with_query},
    output::Output,
};

pub(super) fn run(app: &App, wanted: History, me: &Me, output: Output) -> Result<(), Failure> {
    let History { step, ending, event, trace, page: wanted } = wanted;
    let ending = ending.as_ref().and_then(How::to_possible_value);
    let filters = [
        ("step", step),
        ("ending", ending.map(|ending| ending.get_name().to_owned())),
        ("event", event),
        ("trace", trace),
    ];
    let query = [&filters[..], &page(wanted)].concat();
    let mut document = app.get(&with_query("/api/ended", &query))?;
    if !output.is_json() {
        for item in document["items"].as_array_mut().into_iter().flatten() {
            item["ended"] = json!(me.clock.time(text(&item["at"])));
        }
    }
    let columns = [
        ("ENDED", "/ended"),
        ("ID", "/id"),
        ("STEP", "/queue"),
        ("TOPIC", "/event/topic"),
        ("ATTEMPTS", "/attempts"),
        ("HOW", "/ending"),
        ("WHY", "/note"),
    ];
    output.list(&document, &columns);
    Ok(())
}
