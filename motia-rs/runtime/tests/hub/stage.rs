//! An app with one stream, its writers, and one who watches.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    context::{Context, Run, Stream, Streams},
    registry::{Registry, StreamDef},
    store::{Store, What},
    trace::TraceContext,
};
use motia_runtime::{
    Runtime, Settings,
    clock::TokioClock,
    cron::TokioWake,
    hub::{
        guest::Guest,
        room::{Room, Shown},
    },
};
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use tempfile::TempDir;

pub(crate) const FEED: Stream<u64> = Stream::new("feed");

pub(crate) struct Stage {
    pub(crate) runtime: Runtime,
    pub(crate) streams: Streams,
    pub(crate) store: Arc<dyn Store>,
    _folder: Option<TempDir>,
}

/// Midnight of the first of January 2026.
const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Stage {
    pub(crate) async fn over(store: Arc<dyn Store>, settings: Settings, feed: StreamDef) -> Self {
        let registry = Registry::of([], [(feed, motia_core::source!())]);
        let (clock, wake) = (Arc::new(TokioClock::starting_at(START)), Arc::new(TokioWake));
        let runtime = Runtime::start(registry, store.clone(), clock, wake, &[], settings);
        let runtime = runtime.await.unwrap();
        let run = Run::new(runtime.engine().clone(), "Test", TraceContext::root());
        let ctx: Context = Context::new(Arc::new(run));
        Self { runtime, streams: ctx.streams, store, _folder: None }
    }

    pub(crate) async fn in_memory(settings: Settings) -> Self {
        Self::over(Arc::new(MemoryStore::new()), settings, FEED.describe()).await
    }

    pub(crate) async fn on_disk(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
        let stage = Self::over(Arc::new(store), settings, FEED.describe()).await;
        Self { _folder: Some(folder), ..stage }
    }

    pub(crate) fn guest(&self) -> Guest {
        self.runtime.door().enter(None)
    }

    pub(crate) async fn watching(&self, room: Room) -> Guest {
        let mut guest = self.guest();
        guest.join(room, "1", None).await.unwrap();
        guest
    }

    pub(crate) async fn set(&self, id: &str, item: u64) {
        self.streams.set(FEED, "g", id, &item).await.unwrap();
    }

    pub(crate) async fn kept(&self) -> BTreeMap<String, u64> {
        let page = self.streams.group(FEED, "g").limit(1000).await.unwrap();
        page.items.into_iter().collect()
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.runtime.metrics().encode();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }
}

pub(crate) fn group() -> Room {
    Room::group("feed", "g")
}

pub(crate) async fn next(guest: &mut Guest) -> Shown {
    let shown = tokio::time::timeout(Duration::from_secs(20), guest.next());
    shown.await.expect("something is shown in time").unwrap()
}

/// Nothing more is shown of what happened up to now.
pub(crate) async fn assert_silent(guest: &mut Guest) {
    let shown = tokio::time::timeout(Duration::from_millis(20), guest.next()).await;
    assert!(shown.is_err(), "{shown:?}");
}

/// What a screen shows that goes by what it is shown. It refuses what does not follow from what it shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) items: BTreeMap<String, u64>,
    pub(crate) seq: u64,
    pub(crate) syncs: usize,
}

impl Screen {
    pub(crate) fn show(&mut self, shown: Shown) {
        match shown {
            Shown::Sync { seq, items, .. } => {
                assert!(seq >= self.seq, "a sync from before {}: {seq}", self.seq);
                let item =
                    |(id, item): (String, motia_core::json::JsonText)| (id, item.decode().unwrap());
                *self = Self {
                    items: items.into_iter().map(item).collect(),
                    seq,
                    syncs: self.syncs + 1,
                };
            }
            Shown::Change(told) => {
                let change = &told.change;
                assert!(change.seq > self.seq, "{change:?} comes after {}", self.seq);
                self.seq = change.seq;
                let (id, item) =
                    (change.key.as_deref().unwrap_or_default().to_owned(), change.what.value());
                match change.what {
                    What::Created(_) => {
                        assert_eq!(self.items.insert(id, item.decode().unwrap()), None);
                    }
                    What::Updated(_) => {
                        assert!(self.items.insert(id, item.decode().unwrap()).is_some());
                    }
                    What::Deleted(_) => assert!(self.items.remove(&id).is_some()),
                    What::Sent(_) => {}
                }
            }
        }
    }
}
