//! The task router: tasks are submitted against versioned definitions, routed to the executor that is
//! best placed, and run there under the definition's own limits.
//!
//! # Layout
//! - [`definition`]: what a task is: schemas, limits, retries; [`offer`]: how one is offered; [`version`] and
//!   [`lineage`]: which of several holds
//! - [`submission`]: how a task is submitted; [`admission`]: what it has to pass
//! - [`task`]: one task and its lifecycle; [`record`]: its changes in the state; [`attempt`]: how attempts at it end
//! - [`contract`]: a definition ready to check by; [`safety`]: what no input may hold
//! - [`executor`]: who runs tasks, [`roster`]: all of them at hand; [`choice`] and [`place`]: which one; [`fleet`] and [`health`]: how they fare
//! - [`call`]: one attempt at an executor: `http`, `local`, or a child process under limits
//! - [`fingerprint`]: one name for equal inputs
//! - [`settings`], [`metrics`], [`usage`], [`amount`]: what can be set, what is counted, what is used, and how
//!   people write it

pub mod admission;
pub mod amount;
pub mod attempt;
pub mod call;
pub mod choice;
pub mod contract;
pub mod definition;
pub mod executor;
pub mod fingerprint;
pub mod fleet;
pub mod functions;
pub mod health;
pub mod lineage;
pub mod metrics;
pub mod offer;
pub mod place;
pub mod record;
pub mod roster;
pub mod safety;
pub mod settings;
pub mod submission;
pub mod task;
pub mod usage;
pub mod version;

use std::num::NonZeroU32;

use motia::prelude::*;

use self::{
    definition::{Definition, RatePerSecond},
    task::Task,
};

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

impl TaskDue {
    /// What is told of a task of this definition that is to be run.
    #[must_use]
    pub fn of(task: &Task, definition: &Definition) -> Self {
        Self {
            id: task.id.clone(),
            definition: definition.key(),
            max_concurrent: definition.quota().max_concurrent,
            rate_limit: definition.rate_limit,
        }
    }
}

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
