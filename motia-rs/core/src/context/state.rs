//! What is kept between runs: typed groups of entries.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::Run;
use crate::{
    json::JsonText,
    store::{
        Batch, BoxFuture, CommitError, Entry, Outcome, Page, PageRequest, Require, StoreError,
        Write, batch::Name,
    },
    topic::assert_name,
};

/// Names beginning so are the framework's own.
pub(super) const RESERVED: &str = "__motia";

/// A typed handle on a group of entries; a constant next to the type.
///
/// ```
/// # use motia_core::context::StateGroup;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Order { id: String }
/// /// Every order ever taken, by id.
/// pub const ORDERS: StateGroup<Order> = StateGroup::new("orders");
/// ```
pub struct StateGroup<T> {
    name: &'static str,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for StateGroup<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StateGroup<T> {}

impl<T> std::fmt::Debug for StateGroup<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StateGroup").field(&self.name).finish()
    }
}

impl<T> StateGroup<T> {
    /// The group of this name.
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
}

/// Whether a name is the framework's own.
pub(super) const fn is_reserved(name: &[u8]) -> bool {
    let prefix = RESERVED.as_bytes();
    if name.len() < prefix.len() {
        return false;
    }
    let mut i = 0;
    while i < prefix.len() {
        if name[i] != prefix[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A read or write of state failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The key cannot be.
    #[error("a key has between 1 and {limit} bytes; this one has {size}")]
    Key {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The value is too large.
    #[error("the entry `{key}` has {size} bytes; the limit is {limit} (`max_payload`)")]
    TooLarge {
        /// The key.
        key: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The value does not serialise.
    #[error("the entry `{key}` does not serialise")]
    Encode {
        /// The key.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The entry does not fit the group's type.
    #[error("the entry `{key}` in `{group}` does not fit its type")]
    Decode {
        /// The group.
        group: String,
        /// The key.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StateError {
    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Commit(error) => error.is_transient(),
            Self::Store(_) => true,
            Self::Key { .. }
            | Self::TooLarge { .. }
            | Self::Encode { .. }
            | Self::Decode { .. } => false,
        }
    }
}

/// Reads and writes state.
///
/// ```
/// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
/// const VISITS: StateGroup<i64> = StateGroup::new("visits");
///
/// async fn handler(ctx: Context) -> StepResult {
///     let visits = ctx.state.increment(VISITS, "front-page", 1).await?;
///     if visits == 1 {
///         ctx.logger.info("the first visitor", ());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct State {
    run: Arc<Run>,
}

impl State {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit the group's type.
    pub async fn get<T: DeserializeOwned>(
        &self,
        group: StateGroup<T>,
        key: &str,
    ) -> Result<Option<T>, StateError> {
        let entry = self.read(group.name, key).await?;
        entry.map(|entry| decode(group.name, key, &entry.value)).transpose()
    }

    /// Sets an entry, whatever was there. Give it an end with `.ttl(..)`.
    pub fn set<T: Serialize>(&self, group: StateGroup<T>, key: &str, value: &T) -> Set<'_> {
        Set {
            run: &self.run,
            group: group.name.into(),
            entry: encode(&self.run, key, value),
            ttl: None,
        }
    }

    /// Removes an entry; says whether there was one.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn delete<T>(&self, group: StateGroup<T>, key: &str) -> Result<bool, StateError> {
        Ok(self.remove(group.name, key).await?.is_some())
    }

    /// Removes an entry and gives it back.
    ///
    /// # Errors
    /// When it is not written, or what was removed does not fit the group's type.
    pub async fn take<T: DeserializeOwned>(
        &self,
        group: StateGroup<T>,
        key: &str,
    ) -> Result<Option<T>, StateError> {
        let removed = self.remove(group.name, key).await?;
        removed.map(|value| decode(group.name, key, &value)).transpose()
    }

    /// Reads a page of the group in key order: 100 entries where nothing is said.
    ///
    /// ```
    /// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
    /// # const ORDERS: StateGroup<u64> = StateGroup::new("orders");
    /// # async fn handler(ctx: Context) -> StepResult {
    /// let mut page = ctx.state.group(ORDERS).limit(500).await?;
    /// while let Some(next) = page.next {
    ///     page = ctx.state.group(ORDERS).limit(500).after(next).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn group<T>(&self, group: StateGroup<T>) -> ReadGroup<'_, T> {
        ReadGroup::new(&self.run, group.name.into())
    }

    /// Removes all entries of the group; says how many.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn clear<T>(&self, group: StateGroup<T>) -> Result<u64, StateError> {
        let write = Write::Clear { group: group.name.into() };
        let committed = self.run.engine.commit(&self.run, Batch::of(write)).await?;
        match committed.outcomes.first() {
            Some(Outcome::Cleared(entries)) => Ok(*entries),
            _ => Ok(0),
        }
    }

    /// Changes an entry in one piece: `change` sees what is there and says what shall be. It runs
    /// again when somebody else writes in between, so it should do nothing else.
    ///
    /// # Errors
    /// When it is not written, or what is there does not fit the group's type.
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        group: StateGroup<T>,
        key: &str,
        mut change: impl FnMut(Option<T>) -> T,
    ) -> Result<T, StateError> {
        loop {
            let found = self.read(group.name, key).await?;
            let version = found.as_ref().map(|entry| entry.version);
            let expires_at = found.as_ref().and_then(|entry| entry.expires_at);
            let current = found.map(|entry| decode(group.name, key, &entry.value)).transpose()?;
            let changed = change(current);
            if self.write_if(group.name, key, version, &changed, expires_at).await? {
                return Ok(changed);
            }
        }
    }

    /// Adds to a counter, from 0 if there is none; gives the sum.
    ///
    /// # Errors
    /// When it is not written, or the sum leaves the range of 64 bits.
    pub async fn increment(
        &self,
        group: StateGroup<i64>,
        key: &str,
        by: i64,
    ) -> Result<i64, StateError> {
        let key = checked_key(&self.run, key)?.to_owned();
        let now = self.run.engine.now();
        let write = Write::Increment { group: group.name.into(), key, by, now };
        let committed = self.run.engine.commit(&self.run, Batch::of(write)).await?;
        match committed.outcomes.first() {
            Some(Outcome::Counted(sum)) => Ok(*sum),
            _ => unreachable!("an increment that is kept says its sum"),
        }
    }

    /// Sets an entry unless there is one; says whether it did.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn set_if_absent<T: Serialize>(
        &self,
        group: StateGroup<T>,
        key: &str,
        value: &T,
    ) -> Result<bool, StateError> {
        self.write_if(group.name, key, None, value, None).await
    }

    /// Sets an entry if it is still as expected, `None` for absent; says whether it did. An end that
    /// the entry had is kept, as [`update`](Self::update) and [`increment`](Self::increment) keep it.
    ///
    /// # Errors
    /// When it is not written, or what is there does not fit the group's type.
    pub async fn compare_and_set<T: Serialize + DeserializeOwned + PartialEq>(
        &self,
        group: StateGroup<T>,
        key: &str,
        expected: Option<&T>,
        value: &T,
    ) -> Result<bool, StateError> {
        let found = self.read(group.name, key).await?;
        let version = found.as_ref().map(|entry| entry.version);
        let expires_at = found.as_ref().and_then(|entry| entry.expires_at);
        let current: Option<T> =
            found.map(|entry| decode(group.name, key, &entry.value)).transpose()?;
        if current.as_ref() != expected {
            return Ok(false);
        }
        self.write_if(group.name, key, version, value, expires_at).await
    }

    async fn read(&self, group: &str, key: &str) -> Result<Option<Entry>, StateError> {
        let key = checked_key(&self.run, key)?;
        let engine = &self.run.engine;
        Ok(engine.store().get(group, key, engine.now()).await?)
    }

    async fn remove(&self, group: &'static str, key: &str) -> Result<Option<JsonText>, StateError> {
        let key = checked_key(&self.run, key)?.to_owned();
        let write = Write::Delete { group: group.into(), key, now: self.run.engine.now() };
        let committed = self.run.engine.commit(&self.run, Batch::of(write)).await?;
        Ok(committed.outcomes.into_iter().find_map(|outcome| match outcome {
            Outcome::Removed(value) => value,
            _ => None,
        }))
    }

    /// Writes under the condition that the version is still `version`; says whether it was.
    async fn write_if<T: Serialize>(
        &self,
        group: &'static str,
        key: &str,
        version: Option<u64>,
        value: &T,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, StateError> {
        let (key, value) = encode(&self.run, key, value)?;
        let group = Name::Borrowed(group);
        let now = self.run.engine.now();
        let require = Require::Version { group: group.clone(), key: key.clone(), version, now };
        let batch = Batch::of(Write::Set { group, key, value, expires_at }).requiring(require);
        match self.run.engine.commit(&self.run, batch).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

/// A write about to happen; await it.
#[must_use = "nothing is set until it is awaited"]
#[derive(Debug)]
pub struct Set<'c> {
    run: &'c Arc<Run>,
    group: Name,
    entry: Result<(String, JsonText), StateError>,
    ttl: Option<Duration>,
}

impl<'c> Set<'c> {
    pub(super) fn new<T: Serialize>(run: &'c Arc<Run>, group: Name, key: &str, value: &T) -> Self {
        Self { run, group, entry: encode(run, key, value), ttl: None }
    }

    /// The entry is gone after this long.
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }
}

impl<'c> IntoFuture for Set<'c> {
    type Output = Result<(), StateError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<(), StateError>> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (key, value) = self.entry?;
            let engine = &self.run.engine;
            let end = |ttl| engine.now().checked_add(ttl).unwrap_or(Timestamp::MAX);
            let expires_at = self.ttl.map(end);
            let write = Write::Set { group: self.group, key, value, expires_at };
            engine.commit(self.run, Batch::of(write)).await?;
            Ok(())
        })
    }
}

/// A page about to be read; await it.
#[must_use = "nothing is read until it is awaited"]
#[derive(Debug)]
pub struct ReadGroup<'c, T> {
    run: &'c Arc<Run>,
    group: Name,
    request: PageRequest,
    item: PhantomData<fn() -> T>,
}

impl<'c, T> ReadGroup<'c, T> {
    pub(super) fn new(run: &'c Arc<Run>, group: Name) -> Self {
        Self { run, group, request: PageRequest::default(), item: PhantomData }
    }

    /// At most so many entries, between 1 and 1000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.request.limit = limit.clamp(1, PageRequest::MAX);
        self
    }

    /// The entries behind this key: [`Page::next`] of the last page.
    pub fn after(mut self, key: impl Into<String>) -> Self {
        self.request.after = Some(key.into());
        self
    }
}

impl<'c, T: DeserializeOwned + Send + 'c> IntoFuture for ReadGroup<'c, T> {
    type Output = Result<Page<(String, T)>, StateError>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let engine = &self.run.engine;
            let page = engine.store().page(&self.group, self.request, engine.now()).await?;
            page.try_map(|(key, entry)| {
                let value = decode(&self.group, &key, &entry.value)?;
                Ok((key, value))
            })
        })
    }
}

pub(super) fn decode<T: DeserializeOwned>(
    group: &str,
    key: &str,
    value: &JsonText,
) -> Result<T, StateError> {
    value.decode().map_err(|source| StateError::Decode {
        group: group.to_owned(),
        key: key.to_owned(),
        source,
    })
}

pub(super) fn encode<T: Serialize>(
    run: &Run,
    key: &str,
    value: &T,
) -> Result<(String, JsonText), StateError> {
    let key = checked_key(run, key)?.to_owned();
    let value = match JsonText::encode(value) {
        Ok(value) => value,
        Err(source) => return Err(StateError::Encode { key, source }),
    };
    let (size, limit) = (value.len(), run.engine.limits().payload);
    if size > limit {
        return Err(StateError::TooLarge { key, size, limit });
    }
    Ok((key, value))
}

pub(super) fn checked_key<'k>(run: &Run, key: &'k str) -> Result<&'k str, StateError> {
    let (size, limit) = (key.len(), run.engine.limits().key);
    if size == 0 || size > limit { Err(StateError::Key { size, limit }) } else { Ok(key) }
}
