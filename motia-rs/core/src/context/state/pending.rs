//! Reads and writes about to happen, with options before the await.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{StateError, decode, encode};
use crate::{
    context::Run,
    json::JsonText,
    store::{Batch, BoxFuture, Page, PageRequest, Write, batch::Name},
};

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
    pub(in crate::context) fn new<T: Serialize>(
        run: &'c Arc<Run>,
        group: Name,
        key: &str,
        value: &T,
    ) -> Self {
        Self::of(run, group, encode(run, key, value))
    }

    pub(in crate::context) fn of(
        run: &'c Arc<Run>,
        group: Name,
        entry: Result<(String, JsonText), StateError>,
    ) -> Self {
        Self { run, group, entry, ttl: None }
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
    pub(in crate::context) fn new(run: &'c Arc<Run>, group: Name) -> Self {
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
