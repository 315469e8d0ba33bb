//! Streams: groups of items that are kept like state and shown live.
//!
//! Whoever watches a group is told of every committed change; `docs/streams.md` says how.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Context, Run,
    state::{self, ReadGroup, Set, StateError, checked_key, decode, encode, is_reserved, sized},
};
use crate::{
    error::StepResult,
    json::JsonText,
    registry::StreamDef,
    schema::{Checker, schema_of},
    secret::for_checks,
    store::{Batch, Outcome, Write, batch::Name, change},
    topic::assert_name,
    watch::Visit,
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
    /// At compile time, when the name is empty, has spaces or a `/`, or begins with `__motia`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert_name(name);
        assert!(
            !is_reserved(name.as_bytes()),
            "names that begin with `__motia` are the framework's"
        );
        assert!(!has_slash(name.as_bytes()), "the name of a stream has no `/`");
        Self { name, item: PhantomData }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The stream's definition.
    #[must_use]
    pub fn describe(self) -> StreamDef
    where
        T: JsonSchema,
    {
        StreamDef::new(self.name, schema_of::<T>())
    }

    /// The definition, with who may watch: [`StreamDef::access`].
    #[must_use]
    pub fn access<F, Fut>(self, may_watch: F) -> StreamDef
    where
        T: JsonSchema,
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<bool>> + Send + 'static,
    {
        self.describe().access(may_watch)
    }

    /// The definition, with who is told when somebody begins to watch: [`StreamDef::on_join`].
    #[must_use]
    pub fn on_join<F, Fut>(self, joined: F) -> StreamDef
    where
        T: JsonSchema,
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        self.describe().on_join(joined)
    }

    /// The definition, with who is told when somebody no longer watches: [`StreamDef::on_leave`].
    #[must_use]
    pub fn on_leave<F, Fut>(self, left: F) -> StreamDef
    where
        T: JsonSchema,
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        self.describe().on_leave(left)
    }
}

impl<T: JsonSchema> From<Stream<T>> for StreamDef {
    fn from(stream: Stream<T>) -> Self {
        stream.describe()
    }
}

const fn has_slash(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        if name[at] == b'/' {
            return true;
        }
        at += 1;
    }
    false
}

/// Reads and writes the items of streams. Every change is shown to those who watch, once it is kept.
///
/// # Example: an item, and something that is only said
/// ```
/// # use motia_core::{context::{Context, Stream}, error::StepResult};
/// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # struct Order { paid: bool }
/// const ORDER_FEED: Stream<Order> = Stream::new("order-feed");
///
/// async fn handler(ctx: Context) -> StepResult {
///     ctx.streams.set(ORDER_FEED, "shop-1", "order-7", &Order { paid: false }).await?;
///     ctx.streams.update(ORDER_FEED, "shop-1", "order-7", |_| Order { paid: true }).await?;
///     ctx.streams.send(ORDER_FEED, "shop-1", "bell", &"ding").await?;
///     Ok(())
/// }
/// ```
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

    /// Sets an item, whatever was there. Give it an end with `.ttl(..)`: it is gone for handlers then, and
    /// within a minute for those who watch. An item that breaks the stream's schema is refused with every
    /// violation: [`StateError::Refused`].
    pub fn set<T: Serialize>(&self, stream: Stream<T>, group: &str, id: &str, item: &T) -> Set<'_> {
        Set::of(&self.run, kept_in(stream, group), checked(&self.run, stream, id, item))
    }

    /// Changes an item in one piece: `change` sees what is there and says what shall be. It runs again
    /// when somebody else writes in between, so it should do nothing else.
    ///
    /// # Errors
    /// When it is not written, breaks the stream's schema, or what is there does not fit its type.
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        stream: Stream<T>,
        group: &str,
        id: &str,
        change: impl FnMut(Option<T>) -> T,
    ) -> Result<T, StateError> {
        let encoded = |changed: &T| checked(&self.run, stream, id, changed);
        state::update(&self.run, &kept_in(stream, group), id, change, encoded).await
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
        let write = delete(&self.run, stream, group, id)?;
        let committed = self.run.engine.commit(&self.run, Batch::of(write)).await?;
        Ok(matches!(committed.outcomes.first(), Some(Outcome::Removed(Some(_)))))
    }

    /// Reads a page of a group's items in the order of their ids.
    pub fn group<T>(&self, stream: Stream<T>, group: &str) -> ReadGroup<'_, T> {
        ReadGroup::new(&self.run, kept_in(stream, group))
    }

    /// Says something to those who watch a group at present, such as that somebody types: nothing is kept,
    /// and who comes later, or reads too slowly, does not hear of it. Say whom it is about with
    /// `.about(id)`.
    pub fn send<T, E: Serialize + ?Sized>(
        &self,
        stream: Stream<T>,
        group: &str,
        kind: &str,
        data: &E,
    ) -> Sending<'_> {
        Sending {
            run: &self.run,
            group: kept_in(stream, group),
            id: None,
            event: said(&self.run, kind, data),
        }
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streams")
    }
}

/// Something about to be said to those who watch; await it.
#[must_use = "nothing is said until it is awaited"]
#[derive(Debug)]
pub struct Sending<'c> {
    run: &'c Arc<Run>,
    group: Name,
    id: Option<String>,
    event: Result<JsonText, StateError>,
}

impl<'c> Sending<'c> {
    /// It is about this item: those hear of it too who watch only that.
    pub fn about(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }
}

impl<'c> IntoFuture for Sending<'c> {
    type Output = Result<(), StateError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<(), StateError>> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { run, group, id, event } = self;
            if let Some(id) = &id {
                checked_key(run, id)?;
            }
            let write = Write::Send { group, key: id, event: event? };
            run.engine.commit(run, Batch::of(write)).await?;
            Ok(())
        })
    }
}

/// What is said, as those who watch hear it.
pub(super) fn said<E: Serialize + ?Sized>(
    run: &Run,
    kind: &str,
    data: &E,
) -> Result<JsonText, StateError> {
    #[derive(Serialize)]
    struct Said<'a, E: ?Sized> {
        #[serde(rename = "type")]
        kind: &'a str,
        data: &'a E,
    }
    // Nobody reads it back: it is for those who watch alone.
    Ok(sized(run, kind, JsonText::encode_shown(&Said { kind, data }))?.1)
}

/// An item as it is written, if the stream's schema allows it.
pub(super) fn checked<T: Serialize>(
    run: &Run,
    stream: Stream<T>,
    id: &str,
    item: &T,
) -> Result<(String, JsonText), StateError> {
    // Shape and types are the compiler's; only rules beyond them are left to check.
    if let Some(checker) = run.engine.stream(stream.name).filter(|it| Checker::is_constrained(it)) {
        let key = || id.to_owned();
        let value = for_checks(|| serde_json::to_value(item))
            .map_err(|source| StateError::Encode { key: key(), source })?;
        checker.check(&value).map_err(|violations| StateError::Refused {
            stream: stream.name.to_owned(),
            key: key(),
            violations,
        })?;
    }
    encode(run, id, item)
}

pub(super) fn delete<T>(
    run: &Run,
    stream: Stream<T>,
    group: &str,
    id: &str,
) -> Result<Write, StateError> {
    let key = checked_key(run, id)?.to_owned();
    Ok(Write::Delete { group: kept_in(stream, group), key, now: run.engine.now() })
}

/// The state group that a stream's group is kept in.
pub(super) fn kept_in<T>(stream: Stream<T>, group: &str) -> Name {
    Name::Owned(change::watched(stream.name, group))
}
