//! A function or a program in a process of its own, which the kernel holds to what its definition allows.

use std::{io::ErrorKind, time::Duration};

use motia::prelude::*;

use super::{Allowance, Failed, Job, Tools};
use crate::{
    aside::{self, Ended, Input, Limits, NotDone, Order, Program, cage::Cage},
    task_router::{amount::Cores, executor::Means, functions, task::FaultReason},
};

/// Runs a job in a process of its own, and gives its output. Dropping this ends it.
pub(super) async fn call(tools: &Tools, job: &Job<'_>, means: Means) -> Result<Value, Failed> {
    let name = job.executor.function();
    let program = match (means, job.allowance.commands.0.get(name)) {
        (Means::Program, Some(path)) => Program::At(path.clone()),
        _ => Program::Own(functions::ASIDE, name.to_owned()),
    };
    let cage = cage(tools, job)?;
    let order = Order {
        program: &program,
        input: Input::Bytes(job.task.input.to_string().into_bytes()),
        limits: limits(&job.allowance, cage.as_ref()),
        longest_output: job.allowance.answer,
    };

    let ended = aside::run(order).await.map_err(|why| match &why {
        NotDone::NotStarted(error) if error.kind() == ErrorKind::Unsupported => {
            Failed::fault(FaultReason::Refused, why.to_string())
        }
        NotDone::NotTaken => Failed::fault(FaultReason::Refused, why.to_string()),
        NotDone::NotStarted(_) => Failed::fault(FaultReason::Unreachable, why.to_string()),
        NotDone::TooMuch(_) => {
            Failed::fault(FaultReason::BadAnswer, format!("{why} (`ROUTER_MAX_OUTPUT`)"))
        }
    })?;
    judge(&ended, job.allowance.memory.is_some(), cage.as_ref())
}

/// A control group with the limits of an attempt, where there are some and one can be made.
fn cage(tools: &Tools, job: &Job<'_>) -> Result<Option<Cage>, Failed> {
    let Allowance { memory, cores, .. } = job.allowance;
    let limited = memory.is_some() || cores.is_some();
    let Some(cages) = tools.cages(job.allowance.cgroup.as_deref()).filter(|_| limited) else {
        return Ok(None);
    };
    let name = format!("{}-{}", job.task.id, job.attempt);
    cages.make(&name, memory, cores.map(|cores| cores.millis)).map(Some).map_err(|error| {
        Failed::fault(FaultReason::Unreachable, format!("it has no control group: {error}"))
    })
}

/// The limits of an attempt. Without a group the processor is held to the time that its share comes to
/// until the timeout.
fn limits<'l>(allowance: &Allowance, cage: Option<&'l Cage>) -> Limits<'l> {
    if cage.is_some() {
        return Limits { cage, ..Limits::default() };
    }
    let timeout = allowance.timeout.0;
    let time = |Cores { millis }: Cores| {
        let share = timeout.as_millis() * u128::from(millis) / 1000;
        Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX))
    };
    Limits { cage, memory: allowance.memory, processor: allowance.cores.map(time) }
}

/// What the end of a process means.
fn judge(ended: &Ended, memory_limited: bool, cage: Option<&Cage>) -> Result<Value, Failed> {
    if ended.status.success() {
        return serde_json::from_slice(&ended.output)
            .map_err(|_| Failed::fault(FaultReason::BadAnswer, "the output is not JSON"));
    }
    let told = |what: &str| match ended.said.as_str() {
        "" => what.to_owned(),
        said => format!("{what}: {said}"),
    };
    if ended.refused() {
        return Err(Failed::fault(FaultReason::Refused, told("refused")));
    }
    if ended.ran_out_of_time() {
        let detail = "it used more time of the processor than its `cpuLimit` comes to";
        return Err(Failed::fault(FaultReason::OverQuota, detail));
    }
    let complains = memory_limited && ended.ran_out_of_memory();
    if complains || cage.is_some_and(Cage::ran_out_of_memory) {
        let detail = "it used more memory than its `memoryLimit`";
        return Err(Failed::fault(FaultReason::OverQuota, detail));
    }
    Err(Failed::fault(FaultReason::Broken, told(&ended.status.to_string())))
}
