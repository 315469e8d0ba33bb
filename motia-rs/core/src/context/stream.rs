//! Streams: groups of items that are kept like state and shown live.

use std::{marker::PhantomData, sync::Arc};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Run,
    state::{ReadGroup, Set, StateError, checked_key, decode, is_reserved},
};
use crate::{
    registry::StreamDef,
    schema::schema_of,
    store::{Batch, Outcome, Write, batch::Name},
    topic::assert_name,
};

/// A typed handle on a stream; a constant next to the type, registered by
/// [`stream!`](crate::stream!).
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::context::Stream;
/// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # struct Order { id: String }
/// /// The shop window's live list of orders, one group per shop.
/// pub const ORDER_FEED: Stream<Order> = Stream::new("order-feed");
/// motia::stream!(ORDER_FEED);
/// ```
pub struct Stream<T> {
    name: &'static str,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for Stream<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Stream<T> {}

impl<T> std::fmt::Debug for Stream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stream").field(&self.name).finish()
    }
}

impl<T> Stream<T> {
    /// The stream of this name.
    ///
    /// # Panics
    /// At compile time, when the name is empty, has spaces, or begins with `__motia`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert_name(name);
        assert!(
            !is_reserved(name.as_bytes()),
            "names that begin with `__motia` are the framework's"
        );
        Self { name, item: PhantomData }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Makes the stream's definition; [`stream!`](crate::stream!) calls it.
    #[must_use]
    pub fn describe(self) -> StreamDef
    where
        T: JsonSchema,
    {
        StreamDef { name: self.name, schema: schema_of::<T>() }
    }
}

/// Reads and writes the items of streams.
#[derive(Clone)]
pub struct Streams {
    run: Arc<Run>,
}

impl Streams {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// Reads an item.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit the stream's type.
    pub async fn get<T: DeserializeOwned>(
        &self,
        stream: Stream<T>,
        group: &str,
        id: &str,
    ) -> Result<Option<T>, StateError> {
        let (name, id) = (kept_in(stream, group), checked_key(&self.run, id)?);
        let engine = &self.run.engine;
        let entry = engine.store().get(&name, id, engine.now()).await?;
        entry.map(|entry| decode(&name, id, &entry.value)).transpose()
    }

    /// Sets an item, whatever was there.
    pub fn set<T: Serialize>(&self, stream: Stream<T>, group: &str, id: &str, item: &T) -> Set<'_> {
        Set::new(&self.run, kept_in(stream, group), id, item)
    }

    /// Removes an item; says whether there was one.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn delete<T>(
        &self,
        stream: Stream<T>,
        group: &str,
        id: &str,
    ) -> Result<bool, StateError> {
        let key = checked_key(&self.run, id)?.to_owned();
        let now = self.run.engine.now();
        let write = Write::Delete { group: kept_in(stream, group), key, now };
        let committed = self.run.engine.commit(&self.run, Batch::of(write)).await?;
        Ok(matches!(committed.outcomes.first(), Some(Outcome::Removed(Some(_)))))
    }

    /// Reads a page of a group's items in the order of their ids.
    pub fn group<T>(&self, stream: Stream<T>, group: &str) -> ReadGroup<'_, T> {
        ReadGroup::new(&self.run, kept_in(stream, group))
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streams")
    }
}

/// The state group that a stream's group is kept in.
fn kept_in<T>(stream: Stream<T>, group: &str) -> Name {
    Name::Owned(format!("__motia.stream.{}/{group}", stream.name))
}
