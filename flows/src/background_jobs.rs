//! Background jobs: taken in, kept until their time has come, done by urgency, tried again, watched.
//!
//! # Layout
//! - [`job`]: what a job is, and how it goes from one status to the next; [`failure`]: why it fails
//! - [`attempt`]: how one attempt begins, and how it ends
//! - [`shelf`]: where jobs stand that are looked for by time; [`health`]: how those that run are
//! - [`events`]: what is told; [`earlier`]: what an earlier build left elsewhere
//! - [`email`], [`data`]: two kinds of work; [`request`]: how they are asked for

pub mod attempt;
pub mod data;
pub mod earlier;
pub mod email;
pub mod events;
pub mod failure;
pub mod health;
pub mod job;
pub mod request;
pub mod settings;
pub mod shelf;

use motia::prelude::*;

pub use events::{
    JobCompleted, JobDropped, JobEnqueued, JobFailed, JobRetry, JobRetryScheduled, JobStarted,
    ProcessTimeout, ToDo,
};
pub use failure::{Code, JobError};
pub use health::HealthReport;
pub use job::{Job, Record, Status, Urgency};

/// The flow.
pub const BACKGROUND_JOBS: Flow = Flow::new("background-jobs")
    .description("Does work by and by, tries it again, watches over it");

/// Every job, by its id.
pub const JOBS: StateGroup<Record> = StateGroup::new("jobs");

/// How far jobs have come that say so, by the job's id.
pub const PROGRESS: StateGroup<Value> = StateGroup::new("job-progress");
