//! One attempt at a task: whether it is to be made, how it begins, and how it ends. Each of them is one change of
//! the task's record.

use std::sync::Arc;

use motia::prelude::*;

use super::{
    TaskDue,
    contract::{self, Contract},
    definition::Definition,
    place::{Place, Wait},
    record::{RESULTS, Seen, change},
    settings::ROUTER_KEEP_TASKS,
    task::{Fault, FaultReason, Status, Task},
};

/// The class of failures that a definition's own policy is for.
pub const OF_THE_TASK: &str = "task";
/// A definition's policy ends sooner than this one.
pub const AS_OFTEN_AS_IT_SAYS: Retry = Retry::fixed(1000, Duration::ZERO);

/// So many rules that an output breaks are told.
const TOLD: usize = 10;

/// The task that an event brings, with its definition; `None`: nobody wants it run.
///
/// # Errors
/// When it is to be laid to rest: it failed before, its definition is gone, or its attempts are used up.
pub async fn wanted<E>(
    ctx: &Context<E>,
    due: &TaskDue,
) -> StepResult<Option<(Seen<E>, Arc<Contract>)>> {
    let Some(seen) = Seen::read(ctx, &due.id).await? else { return Ok(None) };
    match (seen.task.status, &seen.task.error) {
        (Status::Completed | Status::Cancelled, _) => return Ok(None),
        // One that failed and was not redriven since, which counts its attempts anew, only has to be laid to rest.
        (Status::Failed, Some(fault)) if ctx.attempt() > 1 => {
            return Err(StepError::fatal(fault.to_string()));
        }
        _ => {}
    }
    let fault = match contract::of(ctx, &due.definition).await {
        Ok(Some(contract))
            if ctx.attempt() <= contract.definition.retry_policy.max_attempts.get() =>
        {
            return Ok(Some((seen, contract)));
        }
        Ok(Some(_)) => {
            Fault::new(FaultReason::Unknown, "the process ended during the last attempt")
        }
        Ok(None) => Fault::new(FaultReason::NoDefinition, "its definition is gone"),
        Err(broken) if broken.is_fatal() => {
            Fault::new(FaultReason::NoDefinition, broken.to_string())
        }
        Err(error) => return Err(error),
    };
    fail(ctx, &due.id, fault, None).await?;
    Ok(None)
}

/// Keeps that an attempt begins at a place; gives the task as it is then, if it is wanted still.
///
/// # Errors
/// When that cannot be kept.
pub async fn begin<E>(ctx: &Context<E>, seen: Seen<E>, place: &Place) -> StepResult<Option<Task>> {
    let (id, number) = (seen.task.id.clone(), ctx.attempt());
    let begin = |task: &mut Task, now| task.begin(number, &place.executor.id, now);
    let begun = match seen.change(ctx, keep(ctx), begin).await? {
        Some(begun) => begun,
        None => change(ctx, &id, keep(ctx), begin).await?, // somebody changed it meanwhile
    };
    Ok(begun.ok())
}

/// Checks an output against its schema; says which rules it breaks, and never what is there.
///
/// # Errors
/// The rules, in a sentence.
pub fn check_output(contract: &Contract, output: &Value) -> Result<(), String> {
    let Err(broken) = contract.output.check(output) else { return Ok(()) };
    let told: Vec<_> = broken.iter().take(TOLD).map(ToString::to_string).collect();
    Err(format!("the output breaks its schema: {}", told.join("; ")))
}

/// Keeps the output of an attempt that worked out.
///
/// # Errors
/// When that cannot be kept.
pub async fn complete<E>(
    ctx: &Context<E>,
    task: &Task,
    definition: &Definition,
    output: Value,
) -> StepResult {
    if let Some(ttl) = definition.cache_ttl {
        let key = definition.result_key(&task.input).map_err(StepError::fatal)?;
        ctx.state.set(RESULTS, &key, &output).ttl(ttl.0).await?;
    }
    let complete = |task: &mut Task, now| task.complete(output.clone(), now);
    // One that was cancelled meanwhile stays so.
    drop(change(ctx, &task.id, keep(ctx), complete).await?);
    Ok(())
}

/// When a task is tried again after this fault, if it is: as its definition says, and no sooner than the
/// executor said.
#[must_use]
pub fn again<E>(
    ctx: &Context<E>,
    definition: &Definition,
    fault: &Fault,
    after: Option<Duration>,
) -> Option<Duration> {
    let (number, policy) = (ctx.attempt(), &definition.retry_policy);
    let is_last = number >= policy.max_attempts.get();
    let again = after.unwrap_or_default().max(policy.delay(number));
    (fault.reason.is_transient() && !is_last).then_some(again)
}

/// Keeps what went wrong: the task is tried again after so long, or given up.
///
/// # Errors
/// Always, for that is how the queue hears of it; but where the task is over, or forgotten.
pub async fn fail<E>(
    ctx: &Context<E>,
    id: &str,
    fault: Fault,
    again: Option<Duration>,
) -> StepResult {
    let fail = |task: &mut Task, now| task.fail(fault.clone(), again.is_some(), now);
    if change(ctx, id, keep(ctx), fail).await?.is_err() {
        return Ok(()); // it was cancelled meanwhile, or is forgotten
    }
    Err(match again {
        Some(delay) => StepError::retry_after(delay, fault.to_string()).in_class(OF_THE_TASK),
        None => StepError::fatal(fault.to_string()),
    })
}

/// Lets a task wait until there may be a place, and says in its record what it waits for.
///
/// # Errors
/// Always, for that is how the queue hears of it.
pub async fn postpone<E>(ctx: &Context<E>, task: &Task, wait: &Wait) -> StepResult {
    let why = wait.to_string();
    if task.waiting_for.as_deref() != Some(&why) {
        let note = |task: &mut Task, _| {
            task.waiting_for = Some(why.clone());
            Ok(())
        };
        drop(change(ctx, &task.id, keep(ctx), note).await?);
    }
    Err(StepError::postpone(wait.again, why))
}

fn keep<E>(ctx: &Context<E>) -> Duration {
    ctx.setting(ROUTER_KEEP_TASKS).get()
}
