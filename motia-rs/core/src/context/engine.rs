//! The port through which a context reaches the machine beneath it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Level, Run};
use crate::{
    schema::Checker,
    store::{Batch, Commit, QueueId, Store},
};

/// The machine beneath a context: the runtime in an app, a fake in a unit test.
pub trait Engine: Send + Sync + 'static {
    /// Where reads go.
    fn store(&self) -> &Arc<dyn Store>;

    /// Where writes go.
    fn commit(&self, run: &Run, batch: Batch) -> Commit;

    /// Who hears a topic; `None` for a topic that no step names.
    fn route(&self, topic: &str) -> Option<&Route>;

    /// The topics that steps name, for advice.
    fn topics(&self) -> Vec<&str>;

    /// The present instant.
    fn now(&self) -> Timestamp;

    /// What is too large.
    fn limits(&self) -> &Limits;

    /// Takes a log line; secrets are redacted already.
    fn log(&self, run: &Run, level: Level, message: &str, fields: Value);
}

/// Who hears a topic.
#[derive(Debug, Default)]
pub struct Route {
    /// The topic's name as a constant.
    pub topic: &'static str,
    /// The queues of its subscribers.
    pub queues: Arc<[QueueId]>,
    /// The schema of its payload, where one is known.
    pub checker: Option<Checker>,
}

/// What is too large to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload of an event, and the largest state entry, in bytes of JSON.
    pub payload: usize,
    /// The longest key, in bytes.
    pub key: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload: 1024 * 1024, key: 512 }
    }
}
