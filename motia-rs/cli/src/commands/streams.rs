//! The streams: their groups and items, and what becomes of them, live.

use serde_json::Value;

use super::{Me, page, text};
use crate::{
    Failure,
    args::seen::Streams,
    ask::{App, segment, with_query},
    output::{Output, print},
};

pub(super) fn run(
    app: &App,
    command: Option<Streams>,
    me: &Me,
    output: Output,
) -> Result<(), Failure> {
    match command {
        None => {
            let document = app.get("/api/streams?limit=1000")?;
            let columns =
                [("STREAM", "/name"), ("GROUPS", "/groups"), ("DESCRIPTION", "/description")];
            output.list(&document, &columns);
        }
        Some(Streams::Show { stream, group: None, page: wanted }) => {
            let path = format!("/api/streams/{}", segment(&stream));
            let document = app.get(&with_query(&path, &page(wanted)))?;
            output.list(&document, &[("GROUP", "/group"), ("ITEMS", "/items")]);
        }
        Some(Streams::Show { stream, group: Some(group), page: wanted }) => {
            let path = format!("/api/streams/{}/{}", segment(&stream), segment(&group));
            let document = app.get(&with_query(&path, &page(wanted)))?;
            output.list(&document, &[("ID", "/id"), ("VALUE", "/value"), ("VERSION", "/version")]);
        }
        Some(Streams::Watch { stream, group, id }) => {
            let mut path = format!("/streams/{}/{}", segment(&stream), segment(&group));
            if let Some(id) = id {
                path += &format!("/{}", segment(&id));
            }
            app.follow(&path, |frame| show(&frame, me, output))?;
        }
    }
    Ok(())
}

/// What became of an item, or, at first, each item that is there.
fn show(frame: &Value, me: &Me, output: Output) {
    if output.is_json() {
        return print(&frame.to_string());
    }
    for line in lines(frame) {
        print(&motia_runtime::log::printable(&format!("{} {line}", me.clock.time(&at(frame)))));
    }
}

/// When, of milliseconds since 1970.
fn at(frame: &Value) -> String {
    let millis = frame["timestamp"].as_f64().unwrap_or_default() as i64;
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

fn lines(frame: &Value) -> Vec<String> {
    let event = &frame["event"];
    let line = |kind: &str, id: &Value, what: &Value| {
        format!("{kind:<6} {:<24} {what}", id.as_str().unwrap_or("-"))
    };
    match (text(&event["type"]), &event["data"]) {
        ("sync", Value::Array(items)) => {
            items.iter().map(|item| line("there", &item["id"], item)).collect()
        }
        ("sync", item) => vec![line("there", &item["id"], item)],
        ("event", _) => vec![line("said", &frame["id"], &event["event"])],
        (kind, item) => vec![line(kind, &frame["id"], item)],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_reads_as_a_line_for_each_item() {
        let items = json!([{ "id": "1", "text": "milk" }, { "id": "2", "text": "tea" }]);
        let sync = json!({ "event": { "type": "sync", "data": items } });
        assert_eq!(lines(&sync).len(), 2);
        assert!(lines(&sync)[1].starts_with("there  2 "), "{:?}", lines(&sync));

        let bell = json!({ "id": null, "event": { "type": "event", "event": { "type": "bell" } } });
        assert_eq!(lines(&bell), [format!("{:<6} {:<24} {}", "said", "-", r#"{"type":"bell"}"#)]);
        let gone = json!({ "id": "2", "event": { "type": "delete", "data": { "id": "2" } } });
        assert!(lines(&gone)[0].starts_with("delete 2 "), "{:?}", lines(&gone));
    }
}
