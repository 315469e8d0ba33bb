//! What a run notes down while it goes on, for those who look at it later.

pub mod headers;

use std::borrow::Cow;

pub use headers::Headers;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Level;
use crate::{
    event::EventId,
    redact::{in_text, redact},
    store::{Batch, Write},
    text::printable_lines,
};

/// As much is noted of one run: 200 notes. What comes then is only counted.
pub const MOST: usize = 200;

/// As much is kept of one text: 2 KiB.
pub const LONGEST: usize = 2048;

/// As much is kept of an input: 16 KiB.
pub const LARGEST_INPUT: usize = 16 * 1024;

/// The state groups that streams are kept in begin with this.
const STREAM: &str = "__motia.stream.";

/// What a run notes down. Its own, and only where the run is recorded.
#[derive(Debug, Default)]
pub struct Notes {
    /// What the step was given.
    pub input: Option<Input>,
    /// Of a replay, the run that it repeats.
    pub replay_of: Option<u64>,
    noted: Mutex<Noted>,
}

/// What was noted of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Noted {
    /// In their order.
    pub notes: Vec<Note>,
    /// As many more were not kept.
    pub left_out: u32,
}

/// One thing that a run did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "what")]
#[non_exhaustive]
pub enum What {
    /// It told people something.
    Log {
        /// How much it matters.
        level: Level,
        /// Which part of the program wrote it; absent for the handler itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// What it says.
        message: String,
        /// What it says it of; secrets are redacted.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        fields: Value,
    },
    /// It emitted an event.
    Emit {
        /// The topic.
        topic: Cow<'static, str>,
        /// The event.
        event: EventId,
    },
    /// It read or wrote state.
    State {
        /// What it did: `get`, `set`, `delete`, `increment`, `clear`.
        verb: Cow<'static, str>,
        /// The group.
        group: Cow<'static, str>,
        /// The entry; of a whole group, none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// It read or wrote an item of a stream.
    Stream {
        /// What it did: `get`, `set`, `delete`, `send`.
        verb: Cow<'static, str>,
        /// The stream and its group: `orders/shop-1`.
        stream: String,
        /// The item.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A span of a library ended.
    Span {
        /// What it is called.
        name: Cow<'static, str>,
        /// How long it took, in microseconds.
        took_us: u64,
    },
}

/// What a step was given, as people may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The payload or the body; secrets are redacted.
    pub value: Value,
    /// Whether nothing was redacted or left out, so that the run can be replayed from it.
    pub is_whole: bool,
    /// Of a request, what was asked for: `POST /orders?dry=true`; of a cron step, its schedule or who had it run:
    /// `0 9 * * MON`, `run now by ana`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Of a request, its headers as far as they are kept; absent in runs of before that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
    /// Of an event, its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

impl Input {
    /// A value as people may see it.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self::hiding(value, |_| ())
    }

    /// The same with more hidden than can be told by names.
    #[must_use]
    pub fn hiding(value: &Value, hide: impl FnOnce(&mut Value)) -> Self {
        let size = serde_json::to_string(value).map_or(0, |text| text.len());
        if size > LARGEST_INPUT {
            return Self::left_out(&format!("{size} bytes, which is too much to be kept here"));
        }
        let mut shown = value.clone();
        hide(&mut shown);
        redact(&mut shown);
        let is_whole = shown == *value;
        Self { value: shown, is_whole, request: None, headers: None, topic: None }
    }

    /// Something of which only this is kept.
    #[must_use]
    pub fn left_out(what: &str) -> Self {
        Self {
            value: Value::String(format!("({what})")),
            is_whole: false,
            request: None,
            headers: None,
            topic: None,
        }
    }
}

impl Notes {
    /// Notes of a run that was given this.
    #[must_use]
    pub fn on(input: Option<Input>) -> Self {
        Self { input, replay_of: None, noted: Mutex::default() }
    }

    /// Notes something down.
    pub fn note(&self, at: Timestamp, what: What) {
        let mut noted = self.noted.lock();
        if noted.notes.len() < MOST {
            noted.notes.push(Note { at, what });
        } else {
            noted.left_out = noted.left_out.saturating_add(1);
        }
    }

    /// Notes a log line.
    pub fn log(
        &self,
        at: Timestamp,
        level: Level,
        target: Option<&str>,
        message: &str,
        fields: &Value,
    ) {
        let fields = match fields {
            fields if fields.to_string().len() > LONGEST => {
                Value::String(short(&fields.to_string()))
            }
            fields => fields.clone(),
        };
        let (target, message) =
            (target.map(str::to_owned), short(&printable_lines(&in_text(message))));
        self.note(at, What::Log { level, target, message, fields });
    }

    /// Notes what a batch writes.
    pub fn batch(&self, at: Timestamp, batch: &Batch) {
        for write in &batch.writes {
            let what = match write {
                Write::Publish { event, .. } => {
                    What::Emit { topic: event.topic.clone(), event: event.id }
                }
                Write::Set { group, key, .. } => kept("set", group.clone(), Some(key)),
                Write::Delete { group, key, .. } => kept("delete", group.clone(), Some(key)),
                Write::Increment { group, key, .. } => kept("increment", group.clone(), Some(key)),
                Write::Clear { group } => kept("clear", group.clone(), None),
                _ => continue,
            };
            self.note(at, what);
        }
    }

    /// Notes that an entry was read.
    pub fn read(&self, at: Timestamp, group: &str, key: &str) {
        self.note(at, kept("get", Cow::Owned(group.to_owned()), Some(key)));
    }

    /// What was noted so far.
    #[must_use]
    pub fn noted(&self) -> Noted {
        self.noted.lock().clone()
    }
}

/// Something was done with what is kept.
fn kept(verb: &'static str, group: Cow<'static, str>, key: Option<&str>) -> What {
    let (verb, key) = (Cow::Borrowed(verb), key.map(short));
    match group.strip_prefix(STREAM) {
        Some(stream) => What::Stream { verb, stream: stream.to_owned(), key },
        None => What::State { verb, group, key },
    }
}

/// No more of a text than is kept.
#[must_use]
pub fn short(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LONGEST);
    format!("{}… ({} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_that_does_much_is_noted_in_part_and_the_rest_counted() {
        let notes = Notes::default();

        for n in 0..MOST + 5 {
            notes.log(Timestamp::UNIX_EPOCH, Level::Info, None, &n.to_string(), &Value::Null);
        }

        let noted = notes.noted();
        assert_eq!((noted.notes.len(), noted.left_out), (MOST, 5));
    }

    #[test]
    fn an_input_with_a_secret_or_too_much_in_it_is_not_whole() {
        assert!(Input::of(&json!({ "n": 1 })).is_whole);

        let secret = Input::of(&json!({ "password": "hunter2" }));
        assert!(!secret.is_whole && !secret.value.to_string().contains("hunter2"));
        let large = Input::of(&json!("x".repeat(LARGEST_INPUT)));
        assert!(!large.is_whole && large.value.to_string().len() < 100);
    }

    #[test]
    fn a_note_reads_back_as_it_was_written() {
        let notes = Notes::default();
        notes.read(Timestamp::UNIX_EPOCH, "orders", "1");
        notes.read(Timestamp::UNIX_EPOCH, "__motia.stream.feed/shop", "1");
        let noted = notes.noted();

        let text = serde_json::to_string(&noted).unwrap();

        assert_eq!(serde_json::from_str::<Noted>(&text).unwrap(), noted);
        assert!(text.contains(r#""what":"stream","verb":"get","stream":"feed/shop""#), "{text}");
    }
}
