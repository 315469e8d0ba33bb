//! Processes of their own, where the system is not one on which their limits can be kept.

use std::{path::PathBuf, process::ExitCode};

use motia::prelude::*;

use super::{Failed, Job, Tools};
use crate::task_router::task::FaultReason;

/// Whether processes of their own can be held to limits here.
pub const SUPPORTED: bool = false;

/// What runs in a process of its own.
#[derive(Debug)]
pub(super) enum Program {
    /// A function that is registered in this program.
    Function(String),
    /// A program.
    At(PathBuf),
}

/// Does nothing here: no process of its own is ever started.
#[must_use]
pub fn take_over() -> Option<ExitCode> {
    None
}

pub(super) async fn run(_: &Tools, _: &Job<'_>, _: &Program) -> Result<Value, Failed> {
    let detail = "processes of their own need a Unix";
    Err(Failed::fault(FaultReason::Refused, detail))
}
