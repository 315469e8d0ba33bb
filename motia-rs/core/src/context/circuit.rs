//! A dependency's circuit in the hands of a handler.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Run, StateError};
use crate::{
    circuit::{self, CircuitState, Trial, Turn, Verdict},
    config::CircuitBreaker,
    json::JsonText,
    store::{Batch, Write},
};

/// A dependency's circuit: asked before a call, and told how the call went.
///
/// It is the circuit that [`EventConfig::circuit_breaker`](crate::config::EventConfig::circuit_breaker)
/// of the same name goes by. Each process has its own count of failures; how a circuit stands is kept,
/// and holds after a restart.
///
/// # Example: one of several executors
/// ```
/// # use motia_core::{config::CircuitBreaker, context::Context, error::StepResult};
/// # async fn run(executor: &str) -> Result<(), std::io::Error> { Ok(()) }
/// const EXECUTOR: CircuitBreaker = CircuitBreaker::new("executor");
///
/// async fn handler(executor: String, ctx: Context) -> StepResult {
///     let call = ctx.circuit(EXECUTOR).of(&executor).enter()?; // open: tried again later
///     match run(&executor).await {
///         Ok(()) => call.worked(),
///         Err(_) => call.failed(),
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Circuit<'c> {
    run: &'c Arc<Run>,
    breaker: CircuitBreaker,
    circuit: Option<Arc<circuit::Circuit>>,
}

impl<'c> Circuit<'c> {
    pub(super) fn new(run: &'c Arc<Run>, breaker: CircuitBreaker) -> Self {
        Self { run, breaker, circuit: None }
    }

    /// The circuit of one of the dependencies that the breaker stands for.
    #[must_use]
    pub fn of(mut self, key: &str) -> Self {
        self.circuit = Some(self.run.engine.circuits().of_key(self.breaker, key));
        self
    }

    fn found(&self) -> Arc<circuit::Circuit> {
        let whole = || self.run.engine.circuits().of(self.breaker);
        self.circuit.clone().unwrap_or_else(whole)
    }

    /// Begins a call, if the circuit lets one through.
    ///
    /// # Errors
    /// When it is open. By `?` the event is tried again as the step's retry policy says.
    pub fn enter(&self) -> Result<CircuitCall, CircuitOpen> {
        let circuit = self.found();
        match circuit.enter(self.run.engine.now()) {
            Ok(trial) => Ok(CircuitCall { run: self.run.clone(), circuit, trial, told: false }),
            Err(state) => Err(CircuitOpen { name: circuit.name().clone(), state }),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.found().state()
    }

    /// Keeps it open until it is [reset](Self::reset), in the name of `by`.
    ///
    /// # Errors
    /// When it is not written; then it stands as before.
    pub async fn open(&self, by: &str) -> Result<(), StateError> {
        self.set(CircuitState::Held { by: by.to_owned(), since: self.run.engine.now() }).await
    }

    /// Closes it, and forgets the failures that it counted.
    ///
    /// # Errors
    /// When it is not written; then it stands as before.
    pub async fn reset(&self) -> Result<(), StateError> {
        self.set(CircuitState::CLOSED).await
    }

    async fn set(&self, state: CircuitState) -> Result<(), StateError> {
        let circuit = self.found();
        let key = circuit.name().to_string();
        let value = JsonText::encode(&state);
        let value = value.map_err(|source| StateError::Encode { key: key.clone(), source })?;
        let write = Write::Set { group: circuit::KEPT_IN.into(), key, value, expires_at: None };
        // Before it is kept: an attempt that ends meanwhile keeps how the circuit stands then.
        let before = circuit.set(state);
        if let Err(error) = self.run.engine.commit(self.run, Batch::of(write)).await {
            circuit.set(before);
            return Err(error.into());
        }
        self.run.engine.circuits().turned(&circuit, Turn::ByHand);
        Ok(())
    }
}

/// A call that was let through. Say how it went; one that is dropped says nothing of its dependency.
#[derive(Debug)]
#[must_use = "say how it went: `worked` or `failed`"]
pub struct CircuitCall {
    run: Arc<Run>,
    circuit: Arc<circuit::Circuit>,
    trial: Option<Trial>,
    told: bool,
}

impl CircuitCall {
    /// The dependency did its part.
    pub fn worked(mut self) {
        self.tell(Verdict::Worked);
    }

    /// The dependency failed.
    pub fn failed(mut self) {
        self.tell(Verdict::Failed);
    }

    fn tell(&mut self, verdict: Verdict) {
        self.told = true;
        if self.circuit.ended(verdict, self.trial, self.run.engine.now()) {
            self.run.engine.circuits().turned(&self.circuit, Turn::ByAttempt);
        }
    }
}

impl Drop for CircuitCall {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Verdict::SaysNothing);
        }
    }
}

/// A circuit lets nothing through.
#[derive(Debug, Clone, thiserror::Error)]
#[error("circuit `{name}` is {state}")]
pub struct CircuitOpen {
    /// The dependency.
    pub name: Arc<str>,
    /// How it stands.
    pub state: CircuitState,
}

impl CircuitOpen {
    /// When one attempt is let through, if that is known.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self.state {
            CircuitState::Open { until } => Some(until),
            _ => None,
        }
    }
}
