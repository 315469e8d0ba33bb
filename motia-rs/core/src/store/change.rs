//! What commits do to the groups that are watched: those of streams.
//!
//! A stream's group is a state group of a reserved name. Whatever writes to it, the store tells its
//! [`Listener`](super::Listener) what became of each entry, after the commit and in the order of commits.

use std::sync::Arc;

use super::Entry;
use crate::json::JsonText;

/// What the names of watched groups begin with.
pub const PREFIX: &str = "__motia.stream.";

/// The state group that a stream's group is kept in. The stream's name has no `/`.
#[must_use]
pub fn watched(stream: &str, group: &str) -> String {
    format!("{PREFIX}{stream}/{group}")
}

/// Whether the listener hears of what is written to this state group.
#[must_use]
pub fn is_watched(group: &str) -> bool {
    group.starts_with(PREFIX)
}

/// The stream, and its group, that are kept in this state group.
///
/// ```
/// use motia_core::store::change::{stream_of, watched};
///
/// assert_eq!(stream_of(&watched("order-feed", "shop/1")), Some(("order-feed", "shop/1")));
/// assert_eq!(stream_of("orders"), None);
/// ```
#[must_use]
pub fn stream_of(group: &str) -> Option<(&str, &str)> {
    group.strip_prefix(PREFIX)?.split_once('/')
}

/// Something that a commit did to a watched group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the order of commits: the version of the entry that was written. Rises from change to
    /// change, and is never used twice.
    pub seq: u64,
    /// The state group.
    pub group: Arc<str>,
    /// The key in it; `None` for what was said to the group as a whole.
    pub key: Option<Arc<str>>,
    /// What was done.
    pub what: What,
}

/// What was done to an entry of a watched group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// There was none, and now there is this.
    Created(JsonText),
    /// There was another, and now there is this.
    Updated(JsonText),
    /// This was there, and now there is none: deleted, cleared away, or removed after its end.
    Deleted(JsonText),
    /// Nothing is kept; this was said ([`Write::Send`](super::Write::Send)).
    Sent(JsonText),
}

impl What {
    /// The entry, or what was said.
    #[must_use]
    pub const fn value(&self) -> &JsonText {
        match self {
            Self::Created(value)
            | Self::Updated(value)
            | Self::Deleted(value)
            | Self::Sent(value) => value,
        }
    }
}

/// The entries of a watched group at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The entries in key order. One whose time has run out is there until it is removed, for until then
    /// nobody is told that it went.
    pub items: Vec<(String, Entry)>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// All changes of watched groups up to this one are in it, and none after it.
    pub seq: u64,
}
