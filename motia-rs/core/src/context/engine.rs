//! The port through which a context reaches the machine beneath it.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{Cancel, CancelError, Level, Memory, Run};
use crate::{
    circuit::Circuits,
    config::EventOptions,
    metric::Change,
    registry::Selector,
    schema::Checker,
    setting::Values,
    store::{Batch, BoxFuture, Commit, QueueId, Store, Target},
    topic::MarkFn,
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

    /// Cancels what is meant, wherever it is; gives how many deliveries were ended.
    fn cancel<'a>(
        &'a self,
        what: Cancel<'a>,
        by: &'a str,
    ) -> BoxFuture<'a, Result<u64, CancelError>>;

    /// The circuits of dependencies.
    fn circuits(&self) -> &Circuits;

    /// The schema of a stream's items; `None` for a stream that is not registered.
    fn stream(&self, name: &str) -> Option<&Checker>;

    /// The present instant.
    fn now(&self) -> Timestamp;

    /// What is too large.
    fn limits(&self) -> &Limits;

    /// What the app's settings were set to.
    fn settings(&self) -> &Values;

    /// The folder that the app keeps its data in.
    fn data_dir(&self) -> &Path;

    /// What the steps share in memory.
    fn memory(&self) -> &Memory;

    /// Changes a metric of the app.
    fn measure(&self, run: &Run, metric: &'static str, labels: &[&str], change: Change);

    /// Takes a log line; secrets are redacted already.
    fn log(&self, run: &Run, level: Level, message: &str, fields: Value);
}

/// Who hears a topic.
#[derive(Debug, Default)]
pub struct Route {
    /// The topic's name as a constant.
    pub topic: &'static str,
    /// The queues of its subscribers, where none of them looks at the payload or has a delay.
    pub targets: Arc<[Target]>,
    /// The subscribers, where one of them does.
    pub subscribers: Vec<Subscriber>,
    /// The schema of its payload, where one is known.
    pub checker: Option<Checker>,
    /// Marks the secrets of a payload, where it can have some.
    pub mark: Option<MarkFn>,
}

/// A step that hears a topic.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Its name.
    pub step: &'static str,
    /// Its queue.
    pub queue: QueueId,
    /// How its deliveries are handled.
    pub options: EventOptions,
    /// Whether it takes an event, and under which key; `None`: it takes all, and has no key.
    pub selector: Option<Selector>,
}

/// What is too large to be kept, or too far away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload of an event, and the largest state entry, in bytes of JSON: 1 MiB.
    pub payload: usize,
    /// The longest key of a state entry, in bytes: 512.
    pub key: usize,
    /// The longest delay of an event: 365 days.
    pub delay: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let delay = Duration::from_secs(365 * 24 * 60 * 60);
        Self { payload: 1024 * 1024, key: 512, delay }
    }
}
