//! Shows committed changes of streams to whoever watches them, each once and in the order of commits.
//!
//! The store tells the hub after each commit what it did to streams, and the hub puts that into the
//! mailboxes of those who watch: it never waits for one of them. A [`Reader`](reader::Reader) first has its
//! mailbox opened, then reads a snapshot, and then takes from the mailbox what is newer than that: so
//! nothing is lost between the two, and nothing comes twice.
//!
//! # Layout
//! - [`Hub`]: who watches what
//! - [`room`]: what can be watched, and what is shown of it
//! - [`mailbox`]: what waits for one reader; [`history`]: the last changes, to go on from
//! - [`reader`]: one connection's view of its rooms
//! - [`door`]: who may come in; [`guest`]: one connection, and who is told of it
//! - [`figures`]: what is counted

pub mod door;
pub mod figures;
pub mod guest;
mod history;
mod mailbox;
pub mod reader;
pub mod room;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use motia_core::{
    clock::Clock,
    store::{Change, Store, StoreError, change::PREFIX},
};
use parking_lot::Mutex;

use self::{figures::Figures, history::History, mailbox::Mailbox, room::Told};
use crate::{metrics::Metrics, settings::Settings};

/// Who watches what, and the last changes.
pub struct Hub {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    limits: HubLimits,
    rooms: Mutex<Rooms>,
    figures: Figures,
    /// The last instant that was given out, in microseconds.
    stamped: AtomicU64,
}

/// What bounds the memory of those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubLimits {
    /// Changes that wait for one connection.
    pub buffer: usize,
    /// Items of a group that can be watched.
    pub items: usize,
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Changes to go on from.
    pub history: usize,
    /// The same, in bytes.
    pub history_bytes: usize,
}

impl HubLimits {
    fn of(settings: &Settings) -> Self {
        Self {
            buffer: settings.stream_buffer,
            items: settings.stream_items,
            subscriptions: settings.stream_subscriptions,
            history: settings.stream_history,
            history_bytes: settings.stream_history_bytes,
        }
    }
}

struct Rooms {
    groups: HashMap<Arc<str>, HashMap<u64, Interest>>,
    history: History,
    readers: u64,
}

/// What one reader wants of a group.
struct Interest {
    mailbox: Arc<Mailbox>,
    whole: bool,
    items: HashSet<Arc<str>>,
}

impl Interest {
    fn wants(&self, key: Option<&Arc<str>>) -> bool {
        self.whole || key.is_some_and(|key| self.items.contains(key))
    }
}

impl Hub {
    /// A hub that nobody watches yet. Have it told of changes, then call [`begin`](Self::begin).
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: &Settings,
        metrics: &Metrics,
    ) -> Self {
        let limits = HubLimits::of(settings);
        let history = History::new(limits.history, limits.history_bytes);
        Self {
            store,
            clock,
            limits,
            rooms: Mutex::new(Rooms { groups: HashMap::new(), history, readers: 0 }),
            figures: Figures::new(metrics),
            stamped: AtomicU64::new(0),
        }
    }

    /// Finds out from where on it hears of everything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(&self) -> Result<(), StoreError> {
        let seq = self.store.snapshot(PREFIX, None, 0).await?.seq;
        self.rooms.lock().history.begin(seq);
        Ok(())
    }

    /// Takes what was committed, in the order of the commits.
    pub fn changed(&self, changes: Vec<Change>) {
        let mut rooms = self.rooms.lock();
        for change in changes {
            let told = Arc::new(Told::new(change));
            if let Some(interested) = rooms.groups.get(&told.change.group) {
                let key = told.change.key.as_ref();
                for interest in interested.values().filter(|interest| interest.wants(key)) {
                    interest.mailbox.put(&told);
                }
            }
            rooms.history.push(told);
        }
    }

    /// What bounds the memory of those who watch.
    #[must_use]
    pub fn limits(&self) -> HubLimits {
        self.limits
    }

    /// What is counted.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The present instant in microseconds, or just after the last that was given out: no two are the
    /// same, whatever the clock does.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        let now = u64::try_from(self.clock.now().as_microsecond()).unwrap_or(0);
        let later = |last: u64| now.max(last + 1);
        let before = self
            .stamped
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last)))
            .expect("there is always a later instant");
        later(before)
    }

    fn new_reader(&self) -> u64 {
        let mut rooms = self.rooms.lock();
        rooms.readers += 1;
        rooms.readers
    }

    /// Puts changes of a group, or of an item of it, into the mailbox from now on. Given where a reader
    /// left off, gives what came since, unless that is no longer known.
    fn enter(
        &self,
        (reader, mailbox): (u64, &Arc<Mailbox>),
        group: &Arc<str>,
        key: Option<&Arc<str>>,
        after: Option<u64>,
    ) -> Option<Vec<Arc<Told>>> {
        let mut rooms = self.rooms.lock();
        let interested = rooms.groups.entry(group.clone()).or_default();
        let interest = interested.entry(reader).or_insert_with(|| Interest {
            mailbox: mailbox.clone(),
            whole: false,
            items: HashSet::new(),
        });
        match key {
            None => interest.whole = true,
            Some(key) => drop(interest.items.insert(key.clone())),
        }
        rooms.history.since(after?, group, key)
    }

    fn exit(&self, reader: u64, group: &Arc<str>, key: Option<&Arc<str>>) {
        let mut rooms = self.rooms.lock();
        let Some(interested) = rooms.groups.get_mut(group) else { return };
        if let Some(interest) = interested.get_mut(&reader) {
            match key {
                None => interest.whole = false,
                Some(key) => drop(interest.items.remove(key)),
            }
            if !interest.whole && interest.items.is_empty() {
                interested.remove(&reader);
            }
        }
        if interested.is_empty() {
            rooms.groups.remove(group);
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("groups", &self.rooms.lock().groups.len())
            .finish_non_exhaustive()
    }
}
