//! A function of this app, in its own process.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use motia::prelude::*;

use super::{Failed, Job};
use crate::task_router::{
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
fn failed(error: &StepError) -> Failed {
    let reason = if error.is_fatal() { FaultReason::Refused } else { FaultReason::Broken };
    Failed::Fault(Fault::new(reason, error.to_string()), error.least_delay())
}
