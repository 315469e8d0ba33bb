//! `AsyncTaskFlow`: texts are summarised and newspapers taken apart by a model that is slow, limited and
//! sometimes down.
//!
//! # Layout
//! - [`task`]: a task, its states, and how it goes from one to the next
//! - [`board`]: where tasks stand, by state and by queue, and how many; [`card`]: what is kept for lists;
//!   [`queues`]: what is told of all that
//! - [`wire`]: what clients are told of a task; [`filter`] and [`pick`]: which of them, in which order; [`index`]:
//!   where they stand in each order; [`layout`]: that laid out anew, where an earlier build wrote it
//! - [`attempt`]: how an attempt begins, what it does, and how it ends
//! - [`failure`]: what can go wrong, and when it is tried again
//! - [`model`]: who summarises; [`summary`] and [`articles`]: who does it where there is no model
//! - [`account`]: what the provider says of the key; [`usage`]: how often it was asked; [`pace`]: how often
//!   it may be
//! - [`pdf`]: the text of a PDF; [`spool`]: where uploads lie
//! - [`client`]: calls to the provider; [`fastapi`]: the form of errors
//! - [`workers`]: who works, and whether the model is let in; [`health`]: whether all is well
//! - [`settings`]: what can be set

pub mod account;
pub mod articles;
pub mod attempt;
pub mod board;
pub mod card;
pub mod client;
pub mod failure;
pub mod fastapi;
pub mod filter;
pub mod health;
pub mod index;
pub mod layout;
pub mod model;
pub mod pace;
pub mod pdf;
pub mod pick;
pub mod queues;
pub mod settings;
pub mod spool;
pub mod summary;
pub mod task;
pub mod usage;
pub mod wire;
pub mod workers;

use motia::{context::GivenUp, prelude::*};

/// The flow.
pub const TASK_QUEUE: Flow = Flow::new("task-queue")
    .description("Summarises texts and takes newspapers apart by a model, retrying what fails");

/// The model's provider, left alone for two minutes after ten failures in a row.
pub const MODEL: CircuitBreaker =
    CircuitBreaker::new("openrouter").failures(10).open_for(Duration::from_secs(120));

/// A task waits for a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskQueued {
    /// The task.
    pub task_id: String,
    /// Which time it was queued; an event of an earlier time is of no use any more.
    pub round: u32,
}
topic!(TaskQueued = "task.queued");

/// The time of a task that waited to be tried again has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskFellDue {
    /// The task.
    pub task_id: String,
    /// Which time it was queued.
    pub round: u32,
}
topic!(TaskFellDue = "task.fell-due");

/// Nobody tries a task any more: the program went down with it, or its event was cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskAbandoned {
    /// The task.
    pub task_id: String,
    /// Which time it was queued.
    pub round: u32,
    /// Why nobody tries it again.
    pub reason: String,
    /// Whether somebody wanted it so.
    #[serde(default)]
    pub cancelled: bool,
}
topic!(TaskAbandoned = "task.abandoned");

impl From<GivenUp<TaskQueued>> for TaskAbandoned {
    fn from(given_up: GivenUp<TaskQueued>) -> Self {
        let TaskQueued { task_id, round } = given_up.input;
        Self { task_id, round, reason: given_up.reason, cancelled: false }
    }
}

impl From<Unhandled<TaskQueued>> for TaskAbandoned {
    fn from(unhandled: Unhandled<TaskQueued>) -> Self {
        let TaskQueued { task_id, round } = unhandled.input;
        Self { task_id, round, reason: unhandled.note, cancelled: true }
    }
}
