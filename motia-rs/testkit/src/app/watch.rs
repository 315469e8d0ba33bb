//! Somebody who watches a stream of an app under test.

use std::{collections::BTreeMap, fmt, marker::PhantomData, time::Duration};

use motia_core::{json::JsonText, store::What};
use motia_runtime::hub::{guest::Guest, room::Shown};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Somebody who watches a group of a stream: [`TestApp::watch`](crate::TestApp::watch) gives one.
pub struct Watch<T> {
    guest: Guest,
    item: PhantomData<fn() -> T>,
}

/// What somebody who watches is shown, in the order of commits.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// All that is there: at first, and when they fell behind.
    Sync(BTreeMap<String, T>),
    /// An item that was not there before.
    Created(String, T),
    /// An item that was there before.
    Updated(String, T),
    /// An item that is there no longer, as it was.
    Deleted(String, T),
    /// Something that was said: its kind and its data.
    Sent(String, Value),
}

impl<T: DeserializeOwned> Watch<T> {
    pub(super) fn new(guest: Guest) -> Self {
        Self { guest, item: PhantomData }
    }

    /// What is shown next.
    ///
    /// # Panics
    /// When nothing is shown for an hour of the test's time, or when an item does not fit the stream's type.
    pub async fn next(&mut self) -> Seen<T> {
        const PATIENCE: Duration = Duration::from_secs(60 * 60);
        let shown = tokio::time::timeout(PATIENCE, self.guest.next()).await;
        let shown = shown.unwrap_or_else(|_| panic!("nothing was shown for {PATIENCE:?}"));
        seen(shown.unwrap_or_else(|error| panic!("{error}")))
    }
}

fn seen<T: DeserializeOwned>(shown: Shown) -> Seen<T> {
    let told = match shown {
        Shown::Sync { items, .. } => {
            return Seen::Sync(items.into_iter().map(|(id, it)| (id, item(&it))).collect());
        }
        Shown::Change(told) => told,
    };
    let id = told.change.key.as_deref().unwrap_or_default().to_owned();
    match &told.change.what {
        What::Created(it) => Seen::Created(id, item(it)),
        What::Updated(it) => Seen::Updated(id, item(it)),
        What::Deleted(it) => Seen::Deleted(id, item(it)),
        What::Sent(event) => {
            let mut event = event.to_value();
            let kind = event["type"].as_str().unwrap_or_default().to_owned();
            Seen::Sent(kind, event["data"].take())
        }
    }
}

fn item<T: DeserializeOwned>(text: &JsonText) -> T {
    text.decode().unwrap_or_else(|error| panic!("{text:?} does not fit the stream's type: {error}"))
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.guest).finish()
    }
}
