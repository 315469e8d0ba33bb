//! What is kept between runs: typed groups of entries.
//!
//! # Layout
//! - [`State`]: reads and writes
//! - `group`: the typed handle; `pending`: options before the await; `error`: how it fails

mod error;
mod group;
mod pending;

use std::sync::Arc;

pub use error::StateError;
pub use group::StateGroup;
pub(super) use group::is_reserved;
use jiff::Timestamp;
pub use pending::{ReadGroup, Set};
use serde::{Serialize, de::DeserializeOwned};

use super::Run;
use crate::{
    json::JsonText,
    store::{Batch, CommitError, Entry, Outcome, Require, Slice, Sliced, Write, batch::Name},
};

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
        let entry = self.read(group.name(), key).await?;
        entry.map(|entry| decode(group.name(), key, &entry.value)).transpose()
    }

    /// Sets an entry, whatever was there. Give it an end with `.ttl(..)`.
    pub fn set<T: Serialize>(&self, group: StateGroup<T>, key: &str, value: &T) -> Set<'_> {
        Set::new(&self.run, group.name().into(), key, value)
    }

    /// Removes an entry; says whether there was one.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn delete<T>(&self, group: StateGroup<T>, key: &str) -> Result<bool, StateError> {
        Ok(self.remove(group.name(), key).await?.is_some())
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
        let removed = self.remove(group.name(), key).await?;
        removed.map(|value| decode(group.name(), key, &value)).transpose()
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
        ReadGroup::new(&self.run, group.name().into())
    }

    /// Reads a part of the group by its place, with the number of all its entries: for lists that are
    /// paged by number. Reading all of a group goes better by [`group`](Self::group).
    ///
    /// ```
    /// # use motia_core::{context::{Context, StateGroup}, error::StepResult, store::{Slice, Sliced}};
    /// # const ORDERS: StateGroup<u64> = StateGroup::new("orders");
    /// # async fn handler(ctx: Context) -> StepResult {
    /// let newest = Slice { backwards: true, skip: 40, limit: 20 };
    /// let Sliced { items, total } = ctx.state.slice(ORDERS, newest).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it cannot be read, or an entry does not fit the group's type.
    pub async fn slice<T: DeserializeOwned>(
        &self,
        group: StateGroup<T>,
        slice: Slice,
    ) -> Result<Sliced<(String, T)>, StateError> {
        let engine = &self.run.engine;
        let Sliced { items, total } =
            engine.store().slice(group.name(), slice, engine.now()).await?;
        let decoded = items.into_iter().map(|(key, entry)| {
            let value = decode(group.name(), &key, &entry.value)?;
            Ok((key, value))
        });
        Ok(Sliced { items: decoded.collect::<Result<_, StateError>>()?, total })
    }

    /// Removes all entries of the group; says how many.
    ///
    /// # Errors
    /// When it is not written.
    pub async fn clear<T>(&self, group: StateGroup<T>) -> Result<u64, StateError> {
        let write = Write::Clear { group: group.name().into() };
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
        change: impl FnMut(Option<T>) -> T,
    ) -> Result<T, StateError> {
        let encoded = |changed: &T| encode(&self.run, key, changed);
        update(&self.run, &group.name().into(), key, change, encoded).await
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
        let write = Write::Increment { group: group.name().into(), key, by, now };
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
        self.write_if(group.name(), key, None, value, None).await
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
        let found = self.read(group.name(), key).await?;
        let version = found.as_ref().map(|entry| entry.version);
        let expires_at = found.as_ref().and_then(|entry| entry.expires_at);
        let current: Option<T> =
            found.map(|entry| decode(group.name(), key, &entry.value)).transpose()?;
        if current.as_ref() != expected {
            return Ok(false);
        }
        self.write_if(group.name(), key, version, value, expires_at).await
    }

    async fn read(&self, group: &str, key: &str) -> Result<Option<Entry>, StateError> {
        let key = checked_key(&self.run, key)?;
        let (engine, now) = (&self.run.engine, self.run.engine.now());
        if let Some(notes) = &self.run.notes {
            notes.read(now, group, key);
        }
        Ok(engine.store().get(group, key, now).await?)
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
        let entry = encode(&self.run, key, value)?;
        write_if(&self.run, group.into(), entry, version, expires_at).await
    }
}

/// Changes an entry in one piece. `encoded` says how what it becomes is written, or that it may not be.
pub(super) async fn update<T: DeserializeOwned>(
    run: &Run,
    group: &Name,
    key: &str,
    mut change: impl FnMut(Option<T>) -> T,
    encoded: impl Fn(&T) -> Result<(String, JsonText), StateError>,
) -> Result<T, StateError> {
    let key = checked_key(run, key)?;
    loop {
        let found = run.engine.store().get(group, key, run.engine.now()).await?;
        let version = found.as_ref().map(|entry| entry.version);
        let expires_at = found.as_ref().and_then(|entry| entry.expires_at);
        let current = found.map(|entry| decode(group, key, &entry.value)).transpose()?;
        let changed = change(current);
        if write_if(run, group.clone(), encoded(&changed)?, version, expires_at).await? {
            return Ok(changed);
        }
    }
}

async fn write_if(
    run: &Run,
    group: Name,
    (key, value): (String, JsonText),
    version: Option<u64>,
    expires_at: Option<Timestamp>,
) -> Result<bool, StateError> {
    let now = run.engine.now();
    let require = Require::Version { group: group.clone(), key: key.clone(), version, now };
    let batch = Batch::of(Write::Set { group, key, value, expires_at }).requiring(require);
    match run.engine.commit(run, batch).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
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
    sized(run, key, JsonText::encode(value))
}

/// What was encoded, if it may be kept under this key.
pub(super) fn sized(
    run: &Run,
    key: &str,
    encoded: serde_json::Result<JsonText>,
) -> Result<(String, JsonText), StateError> {
    let key = checked_key(run, key)?.to_owned();
    let value = match encoded {
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
