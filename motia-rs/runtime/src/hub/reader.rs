//! One connection's view of the rooms that it watches.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use motia_core::{json::JsonText, store::StoreError};

use super::{
    Hub,
    mailbox::{Mailbox, Post},
    room::{Room, Shown, Told},
};

/// One connection's view of the rooms that it watches. What it is shown of an item comes in the order of
/// commits: first a snapshot, then each change after it. One that reads too slowly is shown a fresh snapshot
/// in place of what it missed.
pub struct Reader {
    hub: Arc<Hub>,
    number: u64,
    mailbox: Arc<Mailbox>,
    views: BTreeMap<Arc<str>, View>,
    outbox: VecDeque<Shown>,
    /// What is shown is out of date.
    stale: bool,
}

/// What is watched of one group. Rooms of one group share it, for a client may show what it hears in one of
/// them in the other.
struct View {
    room: Room,
    /// The group as a whole is shown from after this change.
    whole: Option<u64>,
    /// These items are shown from after these changes.
    items: HashMap<Arc<str>, u64>,
}

impl View {
    fn shows(&self, told: &Told) -> bool {
        let newer = |from: &u64| told.change.seq > *from;
        self.whole.as_ref().is_some_and(newer)
            || told.change.key.as_ref().and_then(|key| self.items.get(key)).is_some_and(newer)
    }
}

/// A room cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It has too many items.
    #[error("the group has more than {0} items, and is not shown as a whole (`stream_items`)")]
    TooLarge(usize),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reader {
    /// A reader that watches nothing yet.
    #[must_use]
    pub fn new(hub: Arc<Hub>) -> Self {
        let (number, mailbox) = (hub.new_reader(), Arc::new(Mailbox::new(hub.limits.buffer)));
        hub.figures.connections.inc();
        let (views, outbox) = (BTreeMap::new(), VecDeque::new());
        Self { hub, number, mailbox, views, outbox, stale: false }
    }

    /// Shows a room: all of it, and then its changes. One that is shown already is shown again.
    ///
    /// # Errors
    /// When it cannot be read, or is too large. It is not shown then.
    pub async fn join(&mut self, room: Room) -> Result<(), ReadError> {
        let group = self.enter(&room, None).0;
        let shown = self.refresh(&group, room.id.as_ref()).await;
        if shown.is_err() {
            self.leave(&room);
        }
        shown
    }

    /// Shows what came to a room after a change that was shown before; all of it, if that is no longer known.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn resume(&mut self, room: Room, after: u64) -> Result<(), ReadError> {
        let (group, missed) = self.enter(&room, Some(after));
        let Some(missed) = missed else { return self.join(room).await };
        let view = self.views.get_mut(&group).expect("it was just entered");
        match room.id {
            None => view.whole = Some(after),
            Some(id) => drop(view.items.insert(id, after)),
        }
        self.hub.figures.sent.inc_by(missed.len() as u64);
        self.outbox.extend(missed.into_iter().map(Shown::Change));
        Ok(())
    }

    /// Shows a room no longer.
    pub fn leave(&mut self, room: &Room) {
        let group = room.kept_in();
        let Some(view) = self.views.get_mut(&group) else { return };
        let watched = match &room.id {
            None => view.whole.take().is_some(),
            Some(id) => view.items.remove(id).is_some(),
        };
        if watched {
            self.hub.exit(self.number, &group, room.id.as_ref());
            self.hub.figures.subscriptions.dec();
        }
        if view.whole.is_none() && view.items.is_empty() {
            self.views.remove(&group);
        }
    }

    /// Waits for what is to be shown next. May be dropped at any time, and nothing is lost.
    ///
    /// # Errors
    /// When what was missed cannot be read; asking again tries again.
    pub async fn next(&mut self) -> Result<Shown, ReadError> {
        loop {
            if self.stale {
                self.resync().await?;
            }
            if let Some(shown) = self.outbox.pop_front() {
                return Ok(shown);
            }
            match self.mailbox.take().await {
                Post::FellBehind => {
                    self.stale = true;
                    self.hub.figures.resyncs.inc();
                }
                Post::Change(told) => {
                    let view = self.views.get(&told.change.group);
                    if view.is_some_and(|view| view.shows(&told)) {
                        self.hub.figures.sent.inc();
                        return Ok(Shown::Change(told));
                    }
                }
            }
        }
    }

    /// An instant later than all others that were given out.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.hub.stamp()
    }

    fn enter(&mut self, room: &Room, after: Option<u64>) -> (Arc<str>, Option<Vec<Arc<Told>>>) {
        let group = room.kept_in();
        let view = self.views.entry(group.clone()).or_insert_with(|| View {
            room: Room { id: None, ..room.clone() },
            whole: None,
            items: HashMap::new(),
        });
        // Nothing is shown until it is known what is newer than the snapshot.
        let new = match &room.id {
            None => view.whole.replace(view.whole.unwrap_or(u64::MAX)).is_none(),
            Some(id) if view.items.contains_key(id) => false,
            Some(id) => view.items.insert(id.clone(), u64::MAX).is_none(),
        };
        if new {
            self.hub.figures.subscriptions.inc();
        }
        let reader = (self.number, &self.mailbox);
        let missed = self.hub.enter(reader, &group, room.id.as_ref(), after);
        (group, missed)
    }

    async fn resync(&mut self) -> Result<(), ReadError> {
        self.outbox.clear();
        let groups: Vec<_> = self.views.keys().cloned().collect();
        for group in groups {
            let view = &self.views[&group];
            if view.whole.is_some() {
                self.refresh(&group, None).await?;
            } else {
                let items: Vec<_> = view.items.keys().cloned().collect();
                for id in items {
                    self.refresh(&group, Some(&id)).await?;
                }
            }
        }
        self.stale = false;
        Ok(())
    }

    /// Reads what is shown of a group: all of it, or one item where only items are watched.
    async fn refresh(&mut self, group: &Arc<str>, id: Option<&Arc<str>>) -> Result<(), ReadError> {
        let limit = self.hub.limits.items;
        let id = id.filter(|_| self.views[group].whole.is_none());
        let snapshot = self.hub.store.snapshot(group, id.map(AsRef::as_ref), limit).await?;
        if snapshot.more {
            return Err(ReadError::TooLarge(limit));
        }
        let seq = snapshot.seq;
        let items = snapshot.items.into_iter().map(|(key, entry)| (key, entry.value));
        let view = self.views.get_mut(group).expect("what is refreshed is watched");
        if let Some(id) = id {
            view.items.insert(id.clone(), seq);
            let room = Room { id: Some(id.clone()), ..view.room.clone() };
            self.outbox.push_back(Shown::Sync { room, seq, items: items.collect() });
            return Ok(());
        }

        view.whole = Some(seq);
        let items: BTreeMap<String, JsonText> = items.collect();
        for (id, from) in &mut view.items {
            *from = seq;
            let room = Room { id: Some(id.clone()), ..view.room.clone() };
            let item = items.get_key_value(&**id);
            let items = item.map(|(id, item)| (id.clone(), item.clone())).into_iter().collect();
            self.outbox.push_back(Shown::Sync { room, seq, items });
        }
        let room = view.room.clone();
        self.outbox.push_back(Shown::Sync { room, seq, items: items.into_iter().collect() });
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let rooms = self.views.values().flat_map(|view| {
            let whole = view.whole.map(|_| view.room.clone());
            let items = view.items.keys();
            let items = items.map(|id| Room { id: Some(id.clone()), ..view.room.clone() });
            whole.into_iter().chain(items)
        });
        for room in rooms.collect::<Vec<_>>() {
            self.leave(&room);
        }
        self.hub.figures.connections.dec();
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("groups", &self.views.len()).finish_non_exhaustive()
    }
}
