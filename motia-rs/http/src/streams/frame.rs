//! What is sent to those who watch, and what they may ask: the JSON frames of Motia 0.17, which its published
//! clients speak.

use std::fmt::Write as _;

use motia_core::{json::JsonText, store::What};
use motia_runtime::hub::{
    guest::Refusal,
    room::{Room, Shown, with_id},
};
use serde::Deserialize;
use serde_json::json;

/// What a client asks.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
pub(super) enum Asked {
    /// To be shown a room.
    Join(Subscription),
    /// To be shown it no longer.
    Leave(Subscription),
}

/// A room, and what the client calls its interest in it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    stream_name: String,
    group_id: String,
    #[serde(default)]
    id: Option<String>,
    pub(super) subscription_id: String,
}

impl Subscription {
    pub(super) fn room(&self) -> Room {
        match self.id.as_deref() {
            // As the clients see it, too.
            None | Some("") => Room::group(&self.stream_name, &self.group_id),
            Some(id) => Room::item(&self.stream_name, &self.group_id, id),
        }
    }
}

/// What kind of change is shown, where to go on from, and the frame. `stamp` is in microseconds.
pub(super) fn of(shown: &Shown, stamp: u64) -> (&'static str, u64, String) {
    match shown {
        Shown::Sync { room, seq, items } => {
            let place = (&*room.stream, &*room.group, room.id.as_deref());
            let (kind, data) = sync(room, items);
            let kind_shown = if kind == "delete" { "sync" } else { kind };
            (kind_shown, *seq, frame(stamp, place, kind, "data", data.as_str()))
        }
        Shown::Change(told) => {
            let (stream, group) = told.place();
            let place = (stream, group, told.change.key.as_deref());
            let (kind, field) = match &told.change.what {
                What::Created(_) => ("create", "data"),
                What::Updated(_) => ("update", "data"),
                What::Deleted(_) => ("delete", "data"),
                What::Sent(_) => ("event", "event"),
            };
            (kind, told.change.seq, frame(stamp, place, kind, field, told.shown().as_str()))
        }
    }
}

/// All of a room. An item that is not there is told as deleted: a client that was away may show it still.
fn sync(room: &Room, items: &[(String, JsonText)]) -> (&'static str, JsonText) {
    match (&room.id, items) {
        (Some(_), [(id, item), ..]) => ("sync", with_id(item, id)),
        (Some(id), []) => {
            let gone = JsonText::encode(&json!({ "id": id }));
            ("delete", gone.expect("an id serialises"))
        }
        (None, items) => {
            let mut list = String::from("[");
            for (at, (id, item)) in items.iter().enumerate() {
                list.push_str(if at == 0 { "" } else { "," });
                list.push_str(with_id(item, id).as_str());
            }
            list.push(']');
            ("sync", JsonText::from_trusted(list))
        }
    }
}

/// A room is not shown.
pub(super) fn refusal(room: &Room, refusal: &Refusal, stamp: u64) -> String {
    let place = (&*room.stream, &*room.group, room.id.as_deref());
    let data = json!({ "code": refusal.code(), "message": refusal.to_string() });
    frame(stamp, place, "event", "event", &json!({ "type": "error", "data": data }).to_string())
}

/// `timestamp` is in milliseconds with up to three decimals: clients drop a frame that is no later than the
/// one before it, so no two may have the same.
fn frame(
    stamp: u64,
    (stream, group, id): (&str, &str, Option<&str>),
    kind: &str,
    field: &str,
    data: &str,
) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut frame = String::with_capacity(data.len() + 128);
    let (millis, micros) = (stamp / 1000, stamp % 1000);
    let write = |frame: &mut String| {
        write!(frame, "{{\"timestamp\":{millis}")?;
        if micros > 0 {
            write!(frame, ".{micros:03}")?;
        }
        write!(frame, ",\"streamName\":{},\"groupId\":{}", text(stream), text(group))?;
        if let Some(id) = id {
            write!(frame, ",\"id\":{}", text(id))?;
        }
        write!(frame, ",\"event\":{{\"type\":\"{kind}\",\"{field}\":{data}}}}}")
    };
    write(&mut frame).expect("writing to a string does not fail");
    frame
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn synced(room: Room, items: &[(&str, &str)]) -> (&'static str, Value) {
        let item = |(id, item): &(&str, &str)| ((*id).to_owned(), JsonText::from_trusted(*item));
        let items = items.iter().map(item).collect();
        let (kind, _, frame) = of(&Shown::Sync { room, seq: 7, items }, 1_700_000_000_000_250);
        (kind, serde_json::from_str(&frame).unwrap())
    }

    #[test]
    fn a_group_is_synced_with_all_of_its_items() {
        let (kind, frame) = synced(Room::group("feed", "a\"b"), &[("x", "{\"n\":1}"), ("y", "2")]);

        let expected = json!({
            "timestamp": 1_700_000_000_000.25, "streamName": "feed", "groupId": "a\"b",
            "event": { "type": "sync", "data": [{ "n": 1, "id": "x" }, 2] },
        });
        assert_eq!((kind, frame), ("sync", expected));
    }

    #[test]
    fn an_item_that_is_not_there_is_told_as_deleted() {
        let (kind, frame) = synced(Room::item("feed", "a", "x"), &[]);

        assert_eq!(kind, "sync");
        assert_eq!(frame["id"], "x");
        assert_eq!(frame["event"], json!({ "type": "delete", "data": { "id": "x" } }));
    }

    #[test]
    fn a_refusal_is_an_event_of_motias() {
        let frame = refusal(&Room::group("feed", "a"), &Refusal::Denied, 5_000);

        let expected = json!({
            "timestamp": 5, "streamName": "feed", "groupId": "a",
            "event": { "type": "event", "event": { "type": "error", "data": {
                "code": "STREAM_ACCESS_DENIED", "message": "Access denied",
            } } },
        });
        assert_eq!(serde_json::from_str::<Value>(&frame).unwrap(), expected);
    }

    #[test]
    fn what_clients_send_is_understood_and_nothing_else() {
        let asked = |text: &str| serde_json::from_str::<Asked>(text);
        let join =
            r#"{"type":"join","data":{"streamName":"s","groupId":"g","subscriptionId":"1"}}"#;
        let Asked::Join(group) = asked(join).unwrap() else { panic!("a join") };
        assert_eq!(group.room(), Room::group("s", "g"));
        let leave = join.replace("join", "leave").replace("\"subs", "\"id\":\"x\",\"subs");
        let Asked::Leave(item) = asked(&leave).unwrap() else { panic!("a leave") };
        assert_eq!(item.room(), Room::item("s", "g", "x"));

        for text in
            ["", "nonsense", "{}", "[]", r#"{"type":"join"}"#, r#"{"type":"drop","data":{}}"#]
        {
            assert!(asked(text).is_err(), "{text}");
        }
    }
}
