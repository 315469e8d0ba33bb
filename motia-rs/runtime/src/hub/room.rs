//! What can be watched, and what is shown of it.

use std::sync::{Arc, OnceLock};

use motia_core::{
    json::JsonText,
    redact::hide_marked,
    store::{
        Change, What,
        change::{stream_of, watched},
    },
};
use serde_json::Value;

/// A stream's group, or one item of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room {
    /// The stream.
    pub stream: Arc<str>,
    /// The group of it.
    pub group: Arc<str>,
    /// The item, if not the group as a whole.
    pub id: Option<Arc<str>>,
}

impl Room {
    /// A group as a whole.
    pub fn group(stream: &str, group: &str) -> Self {
        Self { stream: stream.into(), group: group.into(), id: None }
    }

    /// One item of a group.
    pub fn item(stream: &str, group: &str, id: &str) -> Self {
        Self { id: Some(id.into()), ..Self::group(stream, group) }
    }

    /// The state group that it is kept in.
    pub(super) fn kept_in(&self) -> Arc<str> {
        watched(&self.stream, &self.group).into()
    }
}

/// What one who watches is shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// All that is there, at first and whenever what was shown before is out of date.
    Sync {
        /// The room.
        room: Room,
        /// All changes up to this one are in it.
        seq: u64,
        /// The items by their ids; of one item, that item if there is one.
        items: Vec<(String, JsonText)>,
    },
    /// A change.
    Change(Arc<Told>),
}

/// A change that the hub was told of.
#[derive(Debug)]
pub struct Told {
    /// The change.
    pub change: Change,
    shown: OnceLock<JsonText>,
}

impl Told {
    pub(super) fn new(change: Change) -> Self {
        Self { change, shown: OnceLock::new() }
    }

    /// The stream and the group that it belongs to.
    #[must_use]
    pub fn place(&self) -> (&str, &str) {
        stream_of(&self.change.group).unwrap_or_default()
    }

    /// The item as it is shown, made once for all who watch; or what was said.
    #[must_use]
    pub fn shown(&self) -> &JsonText {
        match (&self.change.what, &self.change.key) {
            (What::Sent(event), _) => event,
            (what, None) => what.value(),
            (what, Some(id)) => self.shown.get_or_init(|| with_id(what.value(), id)),
        }
    }

    /// Bytes that it takes, about.
    pub(super) fn weight(&self) -> usize {
        let key = self.change.key.as_ref().map_or(0, |key| key.len());
        256 + self.change.group.len() + key + 2 * self.change.what.value().len()
    }
}

/// The item with its id in it, by which browsers tell items apart, and without its secrets. One that is no
/// object gets no id.
#[must_use]
pub fn with_id(item: &JsonText, id: &str) -> JsonText {
    let mut value = item.to_value();
    let hidden = hide_marked(&mut value);
    match &mut value {
        Value::Object(fields) => drop(fields.insert("id".into(), id.into())),
        _ if !hidden => return item.clone(),
        _ => {}
    }
    JsonText::encode(&value).expect("what was JSON is JSON")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn told(seq: u64, key: &str) -> Arc<Told> {
        let (group, key) = (watched("feed", "g").into(), Some(key.into()));
        let what = What::Updated(JsonText::from_trusted("{}"));
        Arc::new(Told::new(Change { seq, group, key, what }))
    }

    #[test]
    fn an_item_is_shown_with_its_id() {
        let shown = |item: &str| with_id(&JsonText::from_trusted(item), "a\"b").to_value();

        assert_eq!(shown(r#"{"n":1}"#), serde_json::json!({ "n": 1, "id": "a\"b" }));
        assert_eq!(shown(r#"{"id":7}"#), serde_json::json!({ "id": "a\"b" }));
        assert_eq!(shown("[1]"), serde_json::json!([1]));
    }

    #[test]
    fn nobody_who_watches_is_shown_a_secret() {
        let item = r#"{"pin":{"$secret":"1234"},"token":"mine"}"#;
        let shown = |item: &str| with_id(&JsonText::from_trusted(item), "a").to_value();

        let expected = serde_json::json!({ "pin": "[redacted]", "token": "mine", "id": "a" });
        assert_eq!(shown(item), expected);
        assert_eq!(shown(r#"[{"$secret":1}]"#), serde_json::json!(["[redacted]"]));
    }
}
