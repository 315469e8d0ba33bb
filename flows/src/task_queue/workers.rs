//! Who works: the places of this process in which attempts run, and whether the model is let in.

use motia::{circuit::CircuitState, prelude::*};

use super::{MODEL, card::cards, task::TaskState};

/// How many attempts run at once.
pub const SLOTS: u32 = 4;

/// One place in which an attempt can run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Worker {
    /// Names it: the process and the place.
    pub worker_id: String,
    /// `healthy`, or `unhealthy` while the circuit keeps it from working.
    pub status: &'static str,
    /// Whether it may ask the model.
    pub circuit_breaker: Breaker,
    /// When it was seen last: now, since the process that answers is the one that works.
    pub last_heartbeat: Timestamp,
    /// How long ago that was, in seconds.
    pub heartbeat_age_seconds: f64,
    /// What it works on, if it does.
    pub current_task: Option<String>,
}

/// A circuit breaker, in the words that clients know.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Breaker {
    /// `closed`, `open` or `half-open`.
    pub state: &'static str,
    /// Failures since the last success.
    pub fail_count: u32,
    /// So many open it.
    pub fail_max: u32,
    /// How long it stays open, in seconds.
    pub reset_timeout: u64,
    /// When an attempt is let through again, if that is known.
    pub opens_until: Option<Timestamp>,
    /// Who keeps it open, if somebody does.
    pub held_by: Option<String>,
}

impl Breaker {
    /// How the model's circuit stands.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>) -> Self {
        let fail_max = MODEL.failures.get();
        let (state, fail_count, opens_until, held_by) = match ctx.circuit(MODEL).state() {
            CircuitState::Closed { failures } => ("closed", failures, None, None),
            CircuitState::Open { until } => ("open", fail_max, Some(until), None),
            CircuitState::HalfOpen => ("half-open", fail_max, None, None),
            CircuitState::Held { by, .. } => ("open", 0, None, Some(by)),
        };
        let reset_timeout = MODEL.open_for.as_secs();
        Self { state, fail_count, fail_max, reset_timeout, opens_until, held_by }
    }

    /// Whether nothing is let through.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }
}

/// The places of this process, busy ones first.
///
/// # Errors
/// When what they work on cannot be read.
pub async fn all<E>(ctx: &Context<E>) -> StepResult<Vec<Worker>> {
    let page = ctx.state.group(cards(TaskState::Active)).limit(SLOTS as usize).await?;
    let mut tasks = page.items.into_iter().map(|(_, card)| card.task_id);
    let breaker = Breaker::of(ctx);
    let worker = |slot| Worker {
        worker_id: worker_id(slot),
        status: if breaker.is_open() { "unhealthy" } else { "healthy" },
        circuit_breaker: breaker.clone(),
        last_heartbeat: ctx.now(),
        heartbeat_age_seconds: 0.0,
        current_task: tasks.next(),
    };
    Ok((1..=SLOTS).map(worker).collect())
}

/// What became of a circuit that somebody opened or reset, for each worker.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Turned {
    /// `success`: all workers of a process share one circuit.
    pub status: &'static str,
    /// What was done.
    pub message: &'static str,
    /// How it stands now.
    pub new_state: Breaker,
    /// The worker.
    pub worker_id: String,
}

/// What became of the circuits of all workers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// What was done.
    pub message: String,
    /// For how many workers it was done.
    #[serde(flatten)]
    pub successful: Successful,
    /// For each of them.
    pub results: Vec<Turned>,
    /// When.
    pub timestamp: Timestamp,
}

/// For how many workers something was done.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub enum Successful {
    /// Their circuits were opened.
    #[serde(rename = "successful_opens")]
    Opens(usize),
    /// Their circuits were reset.
    #[serde(rename = "successful_resets")]
    Resets(usize),
}

impl Report {
    /// What is told after the circuits were opened.
    #[must_use]
    pub fn opened<E>(ctx: &Context<E>) -> Self {
        let results = turned(ctx, "Circuit breaker opened.");
        let message = format!("Open circuit breaker attempted on {} workers", results.len());
        let successful = Successful::Opens(results.len());
        Self { message, successful, results, timestamp: ctx.now() }
    }

    /// What is told after the circuits were reset.
    #[must_use]
    pub fn reset<E>(ctx: &Context<E>) -> Self {
        let results = turned(ctx, "Circuit breaker reset.");
        let message = format!("Reset attempted on {} workers", results.len());
        let successful = Successful::Resets(results.len());
        Self { message, successful, results, timestamp: ctx.now() }
    }
}

/// What is told of each worker after its circuit was turned.
fn turned<E>(ctx: &Context<E>, message: &'static str) -> Vec<Turned> {
    let turned = |slot| Turned {
        status: "success",
        message,
        new_state: Breaker::of(ctx),
        worker_id: worker_id(slot),
    };
    (1..=SLOTS).map(turned).collect()
}

fn worker_id(slot: u32) -> String {
    format!("worker-{}-{slot}", std::process::id())
}
