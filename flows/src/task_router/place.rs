//! A place at an executor: who is capable, well, and has room, and whose circuit lets a call through.

use std::{fmt, time::Duration};

use motia::{context::circuit::CircuitCall, prelude::*};

use super::{
    call::{self, Allowance, Failed, Job, Stop, Tools},
    choice::{self, Candidate, Nobody},
    definition::Definition,
    executor::Executor,
    fleet::{Fleet, Seat},
    metrics::{self, Active},
    roster::Roster,
    settings,
    task::{FaultReason, Task},
};

/// How long a task waits where all executors have as much to do as they may have.
const WHILE_FULL: Duration = Duration::from_millis(200);
/// How long a task waits for an executor that is capable, or well again.
const WHILE_NOBODY: Duration = Duration::from_secs(2);
/// How long a task waits for a circuit of which nobody knows when it closes.
const WHILE_CLOSED: Duration = Duration::from_secs(1);

/// The circuit of an executor, as the settings have it.
#[must_use]
pub fn breaker<E>(ctx: &Context<E>) -> CircuitBreaker {
    CircuitBreaker::new("executor")
        .failures(ctx.setting(settings::CIRCUIT_BREAKER_THRESHOLD).get())
        .open_for(ctx.setting(settings::CIRCUIT_BREAKER_RESET_TIMEOUT).get())
}

/// A place at an executor: nobody else has it, and its circuit is told how the call goes.
#[derive(Debug)]
pub struct Place {
    /// The executor.
    pub executor: Executor,
    circuit: CircuitCall,
    seat: Seat,
}

/// There is no place now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// When to look again.
    pub again: Duration,
    /// Why.
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Incapable,
    Unwell,
    Full,
    CircuitsOpen,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Why::Incapable => "no executor is capable of it",
            Why::Unwell => "no executor that is capable of it is well",
            Why::Full => "every executor that is capable of it has as many tasks as it may",
            Why::CircuitsOpen => "the circuit of every executor that could take it is open",
        })
    }
}

/// Finds a place for a task.
///
/// # Errors
/// When the store fails.
pub async fn find<E>(
    ctx: &Context<E>,
    task: &Task,
    definition: &Definition,
) -> StepResult<Result<Place, Wait>> {
    let (fleet, breaker) = (ctx.shared::<Fleet>(), breaker(ctx));
    let most = ctx.setting(settings::EXECUTOR_MAX_CONCURRENT).get();
    let executors = ctx.shared::<Roster>().all(ctx).await?;
    let candidates: Vec<_> = executors.iter().map(|one| standing(&fleet, one)).collect();
    let client = task.client_id.as_deref().filter(|_| definition.sticky);
    let in_order = match choice::in_order(&candidates, &definition.requires, client) {
        Ok(in_order) => in_order,
        Err(nobody) => {
            let why = if nobody == Nobody::Capable { Why::Incapable } else { Why::Unwell };
            return Ok(Err(Wait { again: WHILE_NOBODY, why }));
        }
    };

    let mut wait = Wait { again: Duration::MAX, why: Why::CircuitsOpen };
    for executor in in_order {
        let Some(seat) = fleet.seat(&executor.id, most) else {
            (wait.again, wait.why) = (wait.again.min(WHILE_FULL), Why::Full);
            continue;
        };
        match ctx.circuit(breaker).of(&executor.id).enter() {
            Ok(circuit) => return Ok(Ok(Place { executor: executor.clone(), circuit, seat })),
            Err(open) => {
                let left = open.until().map(|until| until.duration_since(ctx.now()).unsigned_abs());
                wait.again = wait.again.min(left.unwrap_or(WHILE_CLOSED).max(WHILE_FULL));
            }
        }
    }
    Ok(Err(wait))
}

fn standing<'e>(fleet: &Fleet, executor: &'e Executor) -> Candidate<'e> {
    let member = fleet.member(&executor.id);
    let healthy = member.health.is_none_or(|health| health.healthy);
    Candidate { executor, running: member.running, served: member.served, healthy }
}

impl Place {
    /// Runs a task here, and says of the executor how it went. The output has passed the definition's
    /// schema.
    ///
    /// # Errors
    /// When there is no output.
    pub async fn run<E>(
        self,
        ctx: &Context<E>,
        task: &Task,
        definition: &Definition,
        check: impl Fn(&Value) -> Result<(), String>,
    ) -> Result<Value, Failed> {
        let Self { executor, circuit, seat } = self;
        let (tools, fleet) = (ctx.shared::<Tools>(), ctx.shared::<Fleet>());
        let allowance = Allowance::of(ctx, definition);
        let (attempt, trace) = (ctx.attempt(), ctx.trace().to_string());
        let job = Job { executor: &executor, task, attempt, trace, allowance };
        let (began, active) = (ctx.now(), Active::count(ctx));

        let result = call::run(&tools, &job, stop(ctx, definition.timeout.0)).await;
        let result = result.and_then(|output| match check(&output) {
            Ok(()) => Ok(output),
            Err(why) => Err(Failed::fault(FaultReason::OutputSchema, why)),
        });

        drop((active, seat));
        let fault = match &result {
            Ok(_) => None,
            Err(Failed::Fault(fault, _)) => Some(fault.reason),
            Err(Failed::Cancelled) => return result,
        };
        match fault {
            Some(reason) if blames_executor(reason) => circuit.failed(),
            _ => circuit.worked(),
        }
        fleet.note(&executor.id, &definition.key(), fault.is_none(), ctx.now());
        let reason = fault.map(FaultReason::as_str);
        let took = ctx.now().duration_since(began).unsigned_abs();
        metrics::ended(ctx, &definition.task_id, took, reason);
        result
    }
}

/// Whether a fault says that the executor is not to be relied on: not where the task or its definition
/// is at fault, or its share of the machine is used up.
const fn blames_executor(reason: FaultReason) -> bool {
    !matches!(reason, FaultReason::Refused | FaultReason::OutputSchema | FaultReason::OverQuota)
}

/// Resolves when an attempt is to stop.
async fn stop<E>(ctx: &Context<E>, timeout: Duration) -> Stop {
    tokio::select! {
        biased;
        () = ctx.cancelled() => Stop::Cancelled,
        () = tokio::time::sleep(timeout) => Stop::Timeout,
    }
}

/// How an executor's circuit stands, in a word, with the time at which it may close.
#[must_use]
pub fn circuit_of<E>(ctx: &Context<E>, executor: &str) -> CircuitState {
    ctx.circuit(breaker(ctx)).of(executor).state()
}
