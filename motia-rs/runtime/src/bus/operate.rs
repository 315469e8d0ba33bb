//! What people do with queues and circuits; kept in the store, so that it holds after a restart.

use motia_core::{
    circuit::{CircuitState, Turn},
    store::{CommitError, StoreError},
};

use super::{Bus, circuit::CircuitInfo, kept, queue::Pause, reason::Reason};

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
    /// Lets no delivery of a step's queue start until it is resumed; what runs, runs on. Gives the
    /// pause that holds: where somebody paused it before, theirs.
    ///
    /// # Errors
    /// When there is no such step, or the store fails.
    pub async fn pause(&self, step: &str, by: &str) -> Result<Pause, OperateError> {
        let queue = self.queue(step)?;
        let _in_order = self.operating.lock().await;
        let pause = Pause { by: by.to_owned(), since: self.shared.engine.now() };
        let pause = kept::pause(&**self.shared.store(), step, pause).await?;
        queue.pause(Some(pause.clone()));
        Ok(pause)
    }

    /// Lets deliveries of a step's queue start again.
    ///
    /// # Errors
    /// When there is no such step, or the store fails.
    pub async fn resume(&self, step: &str) -> Result<(), OperateError> {
        let queue = self.queue(step)?;
        let _in_order = self.operating.lock().await;
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
        self.set_circuit(name, CircuitState::CLOSED).await
    }

    async fn set_circuit(
        &self,
        name: &str,
        state: CircuitState,
    ) -> Result<CircuitInfo, OperateError> {
        let (circuits, now) = (self.shared.engine.circuits(), self.shared.engine.now());
        let circuit = circuits.get(name);
        let circuit = circuit.ok_or_else(|| OperateError::NoSuchCircuit(name.to_owned()))?;
        let _in_order = self.operating.lock().await;
        // Before it is kept: an attempt that ends meanwhile keeps how the circuit stands then.
        let before = circuit.set(state.clone());
        if let Err(error) = kept::set_circuit(&**self.shared.store(), name, &state, now).await {
            circuit.set(before);
            return Err(error.into());
        }
        circuits.turned(&circuit, Turn::ByHand);
        Ok(self.circuit_info(&circuit))
    }

    /// Learns what was paused and opened before the app was started.
    pub(super) async fn remember(&self) -> Result<(), StoreError> {
        let (store, now) = (self.shared.store(), self.shared.engine.now());
        for (name, state) in kept::all_circuits(&**store, now).await? {
            self.shared.engine.circuits().remember(name, state);
        }
        for queue in self.queues.values() {
            queue.remember(kept::paused(&**store, queue.step_name(), now).await?).await?;
        }
        Ok(())
    }
}
