//! The task router: tasks are submitted against versioned definitions, routed to the executor that is
//! best placed, and run there under the definition's own limits.
//!
//! # Layout
//! - [`definition`]: what a task is: schemas, limits, retries; [`version`] and [`lineage`]: which of
//!   several holds
//! - [`task`]: one task and its lifecycle; [`record`]: its changes in the state
//! - [`contract`]: a definition ready to check by; [`safety`]: what no input may hold
//! - [`executor`]: who runs tasks; [`choice`] and [`place`]: which one; [`fleet`]: how they fare
//! - [`call`]: one attempt at an executor: `http`, `local`, or a child process under limits
//! - [`fingerprint`]: one name for equal inputs
//! - [`settings`], [`metrics`], [`usage`], [`amount`]: what can be set, what is counted, what is used, and how
//!   people write it

pub mod amount;
pub mod call;
pub mod choice;
pub mod contract;
pub mod definition;
pub mod executor;
pub mod fingerprint;
pub mod fleet;
pub mod functions;
pub mod lineage;
pub mod metrics;
pub mod place;
pub mod record;
pub mod safety;
pub mod settings;
pub mod task;
pub mod usage;
pub mod version;

use std::num::NonZeroU32;

use motia::prelude::*;

use self::definition::RatePerSecond;

/// The flow.
pub const TASK_ROUTER: Flow = Flow::new("task-router")
    .description("Routes tasks to executors under the limits of their definitions");

/// A task is to be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDue {
    /// Names the task.
    pub id: String,
    /// Its definition and version: `summarize/1.2.0`.
    pub definition: String,
    /// How many of the definition run at once.
    pub max_concurrent: Option<NonZeroU32>,
    /// How often one of the definition may start.
    pub rate_limit: Option<RatePerSecond>,
}
topic!(TaskDue = "router.task.due");

/// The event of a task was cancelled, and nobody runs it any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDropped {
    /// Names the task.
    pub id: String,
}
topic!(TaskDropped = "router.task.dropped");

impl From<Unhandled<TaskDue>> for TaskDropped {
    fn from(unhandled: Unhandled<TaskDue>) -> Self {
        Self { id: unhandled.input.id }
    }
}
