//! A function or a program of this machine.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use motia::prelude::*;

use super::{
    Failed, Job, Tools,
    child::{self, Program},
};
use crate::task_router::{
    executor::Means,
    functions,
    task::{Fault, FaultReason},
};

/// Calls a function in the app's own process.
pub(super) async fn call(job: &Job<'_>) -> Result<Value, Failed> {
    let name = job.executor.function();
    let Some(function) = functions::find(name) else {
        return Err(Failed::fault(
            FaultReason::Unreachable,
            format!("there is no function `{name}`"),
        ));
    };
    let input = job.task.input.clone();
    match AssertUnwindSafe(function.run(input)).catch_unwind().await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(Failed::fault(FaultReason::Broken, "the function panicked")),
    }
}

/// What an error of a function means.
pub(super) fn failed(error: &StepError) -> Failed {
    let reason = if error.is_fatal() { FaultReason::Refused } else { FaultReason::Broken };
    Failed::Fault(Fault::new(reason, error.to_string()), error.least_delay())
}

/// Runs a function or a program in a process of its own.
pub(super) async fn call_apart(
    tools: &Tools,
    job: &Job<'_>,
    means: Means,
) -> Result<Value, Failed> {
    let name = job.executor.function();
    let program = match (means, job.allowance.commands.0.get(name)) {
        (Means::Program, Some(path)) => Program::At(path.clone()),
        _ => Program::Function(name.to_owned()),
    };
    child::run(tools, job, &program).await
}
