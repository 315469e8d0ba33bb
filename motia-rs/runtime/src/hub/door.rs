//! Who may come in to watch, and as whom.

use std::{
    collections::HashMap, fmt, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use futures_util::FutureExt as _;
use motia_core::{
    context::{Context, Engine, Run},
    error::{StepError, StepResult},
    http::ApiRequest,
    registry::{Registry, StreamDef},
    trace::TraceContext,
    watch::{Authenticator, Visit},
};
use serde_json::Value;

use super::{Hub, guest::Guest};
use crate::{invoke::Interrupted, tasks::Tasks};

/// Who may come in to watch, and as whom.
pub struct Door {
    pub(super) hub: Arc<Hub>,
    pub(super) tasks: Tasks,
    streams: HashMap<&'static str, StreamDef>,
    authenticator: Option<Authenticator>,
    engine: Arc<dyn Engine>,
    patience: Duration,
}

impl Door {
    pub(crate) fn new(
        hub: Arc<Hub>,
        registry: &Registry,
        engine: Arc<dyn Engine>,
        tasks: Tasks,
        patience: Duration,
    ) -> Self {
        let streams = registry.streams.iter().map(|(stream, _)| (stream.name, stream.clone()));
        let authenticator = registry.authenticator.clone();
        Self { hub, tasks, streams: streams.collect(), authenticator, engine, patience }
    }

    /// The hub.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Whether the app finds out who asks.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.authenticator.is_some()
    }

    /// Finds out who asks; `None`, if nobody can tell.
    ///
    /// # Errors
    /// What the app turns them away with, or that it panicked or took too long.
    pub async fn find_out(&self, request: ApiRequest<()>) -> StepResult<Option<Value>> {
        let Some(authenticator) = &self.authenticator else { return Ok(None) };
        self.bounded(authenticator.find_out(request, self.context("authenticate"))).await
    }

    /// Bytes of the longest id.
    pub(super) fn longest_id(&self) -> usize {
        self.engine.limits().key
    }

    /// Lets a connection in.
    pub fn enter(self: &Arc<Self>, known_as: Option<Value>) -> Guest {
        Guest::new(self.clone(), known_as.map(Arc::new))
    }

    pub(super) fn stream(&self, name: &str) -> Option<&StreamDef> {
        self.streams.get(name)
    }

    /// Whether the app lets a visit happen.
    pub(super) async fn allows(&self, stream: &StreamDef, visit: Visit) -> bool {
        let Some(access) = &stream.access else { return true };
        let answer = self.bounded(access.call(visit, self.context(stream.name))).await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(stream = stream.name, %error, "nobody could say who may watch");
            false
        })
    }

    pub(super) async fn joined(&self, stream: &StreamDef, visit: Visit) {
        if let Some(joined) = &stream.joined {
            let told = self.bounded(joined.call(visit, self.context(stream.name))).await;
            told.unwrap_or_else(
                |error| tracing::warn!(stream = stream.name, %error, "`on_join` failed"),
            );
        }
    }

    pub(super) async fn left(&self, stream: &StreamDef, visit: Visit) {
        if let Some(left) = &stream.left {
            let told = self.bounded(left.call(visit, self.context(stream.name))).await;
            told.unwrap_or_else(
                |error| tracing::warn!(stream = stream.name, %error, "`on_leave` failed"),
            );
        }
    }

    fn context(&self, step: &'static str) -> Context {
        Context::new(Arc::new(Run::new(self.engine.clone(), step, TraceContext::root())))
    }

    /// The user's code: it may panic, and take for ever.
    async fn bounded<T>(&self, asked: impl Future<Output = StepResult<T>>) -> StepResult<T> {
        let caught = AssertUnwindSafe(asked).catch_unwind();
        match tokio::time::timeout(self.patience, caught).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StepError::retry(Interrupted::Panicked("while it was asked".into()))),
            Err(_) => Err(StepError::retry(Interrupted::TimedOut(self.patience))),
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("streams", &self.streams.len()).finish_non_exhaustive()
    }
}
