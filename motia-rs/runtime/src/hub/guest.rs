//! One connection that watches: what it may see, and who is told of it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use motia_core::watch::Visit;
use serde_json::Value;

use super::{
    door::Door,
    reader::{ReadError, Reader},
    room::{Room, Shown},
};

/// One connection that watches. Dropping it ends all its visits.
#[derive(Debug)]
pub struct Guest {
    door: Arc<Door>,
    known_as: Option<Arc<Value>>,
    reader: Reader,
    /// The subscriptions to each room, as the client calls them.
    rooms: HashMap<Room, HashSet<String>>,
}

/// A room is not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such stream.
    #[error("Stream {0} not found")]
    NotFound(Arc<str>),
    /// The app does not allow it.
    #[error("Access denied")]
    Denied,
    /// The connection watches too much.
    #[error("a connection has at most {0} subscriptions (`stream_subscriptions`)")]
    TooMany(usize),
    /// The id of a group, an item or a subscription is too long.
    #[error("an id has between 1 and {0} bytes (`max_key`)")]
    Id(usize),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Refusal {
    /// What programs go by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "STREAM_NOT_FOUND",
            Self::Denied => "STREAM_ACCESS_DENIED",
            Self::TooMany(_) => "STREAM_TOO_MANY_SUBSCRIPTIONS",
            Self::Id(_) => "STREAM_BAD_ID",
            Self::Read(ReadError::TooLarge(_)) => "STREAM_TOO_LARGE",
            Self::Read(ReadError::Store(_)) => "STREAM_UNAVAILABLE",
        }
    }
}

impl Guest {
    pub(super) fn new(door: Arc<Door>, known_as: Option<Arc<Value>>) -> Self {
        let reader = Reader::new(door.hub.clone());
        Self { door, known_as, reader, rooms: HashMap::new() }
    }

    /// Shows a room from now on; from after a change, where one is given. A second subscription to a room
    /// has all of it shown again.
    ///
    /// # Errors
    /// When it may not be shown, or cannot.
    pub async fn join(
        &mut self,
        room: Room,
        subscription: &str,
        after: Option<u64>,
    ) -> Result<(), Refusal> {
        let Some(stream) = self.door.stream(&room.stream) else {
            return Err(Refusal::NotFound(room.stream));
        };
        self.bounded(&room, subscription)?;
        let visit = visit(stream.name, &room, self.known_as.clone());
        if !self.door.allows(stream, visit.clone()).await {
            return Err(Refusal::Denied);
        }

        if !self.rooms.contains_key(&room) {
            // Before it is told, so that whoever is told of the coming is told of the going.
            self.rooms.insert(room.clone(), HashSet::new());
            self.door.joined(stream, visit).await;
        }
        let joined = match after {
            Some(after) => self.reader.resume(room.clone(), after).await,
            None => self.reader.join(room.clone()).await,
        };
        if let Some(subscriptions) = self.rooms.get_mut(&room) {
            match &joined {
                Ok(()) => drop(subscriptions.insert(subscription.to_owned())),
                Err(_) => self.go(&room),
            }
        }
        Ok(joined?)
    }

    /// Ends a subscription; with the last one to it, a room is no longer shown.
    pub fn leave(&mut self, room: &Room, subscription: &str) {
        if let Some(subscriptions) = self.rooms.get_mut(room) {
            subscriptions.remove(subscription);
            if subscriptions.is_empty() {
                self.reader.leave(room);
                self.go(room);
            }
        }
    }

    /// Waits for what is to be shown next. May be dropped at any time.
    ///
    /// # Errors
    /// When what was missed cannot be read.
    pub async fn next(&mut self) -> Result<Shown, ReadError> {
        self.reader.next().await
    }

    /// An instant in microseconds, later than all that were given out before.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.reader.stamp()
    }

    fn bounded(&self, room: &Room, subscription: &str) -> Result<(), Refusal> {
        let (most, longest) = (self.door.hub.limits().subscriptions, self.door.longest_id());
        let id = |id: &str| (1..=longest).contains(&id.len());
        if !(id(&room.group) && room.id.as_deref().is_none_or(id) && subscription.len() <= longest)
        {
            return Err(Refusal::Id(longest));
        }
        let known = self.rooms.get(room).is_some_and(|known| known.contains(subscription));
        let open: usize = self.rooms.values().map(HashSet::len).sum();
        if open >= most && !known { Err(Refusal::TooMany(most)) } else { Ok(()) }
    }

    /// Tells the app that a room is no longer watched.
    fn go(&mut self, room: &Room) {
        let Some(_) = self.rooms.remove(room) else { return };
        let Some(stream) = self.door.stream(&room.stream).filter(|it| it.left.is_some()) else {
            return;
        };
        let (stream, door) = (stream.clone(), self.door.clone());
        let visit = visit(stream.name, room, self.known_as.clone());
        self.door.tasks.spawn(async move { door.left(&stream, visit).await });
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        for room in self.rooms.keys().cloned().collect::<Vec<_>>() {
            self.go(&room);
        }
    }
}

fn visit(stream: &'static str, room: &Room, known_as: Option<Arc<Value>>) -> Visit {
    let id = room.id.as_deref().map(str::to_owned);
    Visit::new(stream, &*room.group).with_id(id).known_as(known_as)
}
