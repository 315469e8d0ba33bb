//! What people do with queues and circuits; kept in the store, so that it holds after a restart.

use std::sync::Arc;

use motia_core::store::{CommitError, StoreError};

use super::{
    Bus, Shared,
    circuit::{Circuit, CircuitInfo, CircuitState},
    kept,
    queue::Pause,
    reason::Reason,
};

/// It could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// No event step has this name.
    #[error("no event step `{0}`")]
    NoSuchStep(String),
    /// No step names this dependency.
    #[error("no step names a circuit `{0}`")]
    NoSuchCircuit(String),
    /// It was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Bus {
    /// Lets no delivery of a step's queue start until it is resumed; what runs, runs on.
    ///
    /// # Errors
    /// When there is no such step, or the store fails.
    pub async fn pause(&self, step: &str, by: &str) -> Result<Pause, OperateError> {
        let queue = self.queue(step)?;
        let pause = Pause { by: by.to_owned(), since: self.shared.engine.now() };
        kept::pause(&**self.shared.store(), step, &pause).await?;
        queue.pause(Some(pause.clone()));
        Ok(pause)
    }

    /// Lets deliveries of a step's queue start again.
    ///
    /// # Errors
    /// When there is no such step, or the store fails.
    pub async fn resume(&self, step: &str) -> Result<(), OperateError> {
        let queue = self.queue(step)?;
        kept::resume(&**self.shared.store(), step, self.shared.engine.now()).await?;
        queue.pause(None);
        Ok(())
    }

    /// Who paused a step's queue, if somebody did.
    #[must_use]
    pub fn paused(&self, step: &str) -> Option<Pause> {
        self.queue(step).ok()?.inner.lock().paused.clone()
    }

    /// Everything that keeps deliveries of a step's queue from starting now, whichever they are.
    #[must_use]
    pub fn closed(&self, step: &str) -> Vec<Reason> {
        let Ok(queue) = self.queue(step) else { return Vec::new() };
        let inner = queue.inner.lock();
        queue.all_closed(&inner, self.shared.engine.now()).collect()
    }

    /// All circuits, by name.
    #[must_use]
    pub fn circuits(&self) -> Vec<CircuitInfo> {
        self.circuits.0.values().map(|circuit| circuit.info()).collect()
    }

    /// Opens a circuit until it is reset.
    ///
    /// # Errors
    /// When there is no such circuit, or the store fails.
    pub async fn open_circuit(&self, name: &str, by: &str) -> Result<CircuitInfo, OperateError> {
        let since = self.shared.engine.now();
        self.set_circuit(name, CircuitState::Held { by: by.to_owned(), since }).await
    }

    /// Closes a circuit, and forgets the failures that it counted.
    ///
    /// # Errors
    /// When there is no such circuit, or the store fails.
    pub async fn reset_circuit(&self, name: &str) -> Result<CircuitInfo, OperateError> {
        self.set_circuit(name, CircuitState::Closed { failures: 0 }).await
    }

    async fn set_circuit(
        &self,
        name: &str,
        state: CircuitState,
    ) -> Result<CircuitInfo, OperateError> {
        let circuit = self.circuits.0.get(name);
        let circuit = circuit.ok_or_else(|| OperateError::NoSuchCircuit(name.to_owned()))?;
        // Before it is kept: an attempt that ends meanwhile keeps how the circuit stands then.
        let before = circuit.set(state.clone());
        if let Err(error) = kept::set_circuit(&**self.shared.store(), name, &state).await {
            circuit.set(before);
            return Err(error.into());
        }
        circuit.poke();
        Ok(circuit.info())
    }

    /// Learns what was paused and opened before the app was started.
    pub(super) async fn remember(&self) -> Result<(), StoreError> {
        let (store, now) = (self.shared.store(), self.shared.engine.now());
        for circuit in self.circuits.0.values() {
            if let Some(state) = kept::circuit(&**store, circuit.name(), now).await? {
                circuit.set(state);
            }
        }
        for queue in self.queues.values() {
            queue.remember(kept::paused(&**store, queue.step_name(), now).await?).await?;
        }
        Ok(())
    }
}

/// A circuit was opened or closed by what came of an attempt.
pub(super) async fn turned(shared: Arc<Shared>, circuit: Arc<Circuit>) {
    let name = circuit.name();
    match circuit.state() {
        CircuitState::Open { until } => {
            tracing::warn!(circuit = name, %until, "the circuit is open");
        }
        CircuitState::Closed { .. } => {
            tracing::info!(circuit = name, "the circuit is closed again");
        }
        CircuitState::HalfOpen | CircuitState::Held { .. } => {}
    }
    circuit.poke();
    // Somebody may have opened or reset it since.
    let state = circuit.state();
    if let Err(error) = kept::set_circuit(&**shared.store(), name, &state).await {
        tracing::warn!(circuit = name, %error, "how the circuit stands could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use motia_core::{
        self as motia,
        config::{CircuitBreaker, EventConfig},
        context::Context,
        error::StepResult,
        registry::Registry,
    };
    use motia_store::MemoryStore;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Runtime, Settings, clock::SystemClock, cron::TokioWake};

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Charge {}
    motia::topic!(Charge = "charge");

    async fn charge(_: Charge, _: Context) -> StepResult {
        Ok(())
    }

    #[tokio::test]
    async fn what_a_person_opened_is_kept_although_an_attempt_failed_just_before() {
        let config =
            EventConfig::<Charge>::new("Charge").circuit_breaker(CircuitBreaker::new("bank"));
        let registry = Registry::of([(config.bind(charge), motia::source!())], []);
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock));
        let wake = Arc::new(TokioWake);
        let started =
            Runtime::start(registry, store.clone(), clock, wake, &[], Settings::default());
        let runtime = started.await.unwrap();
        let (bus, now) = (runtime.bus(), runtime.engine().now());

        bus.open_circuit("bank", "ana").await.unwrap();
        turned(bus.shared.clone(), bus.circuits.0["bank"].clone()).await;

        let kept = kept::circuit(&*store, "bank", now).await.unwrap();
        assert!(matches!(kept, Some(CircuitState::Held { by, .. }) if by == "ana"));
        runtime.shutdown().await.unwrap();
    }
}
