//! Circuits as the queues that go by them know them: told when one turns, and shown to people.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use motia_core::circuit::{Circuit, CircuitState, Turn};
use serde::Serialize;

use super::{Bus, Queue, Shared, kept};
use crate::pulse::Area;

/// A circuit as people are shown it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitInfo {
    /// The dependency.
    pub name: Arc<str>,
    /// How it stands.
    #[serde(flatten)]
    pub state: CircuitState,
    /// Failures in a row that open it; `None` when only a handler knows, and none asked yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_after: Option<u32>,
    /// The steps whose config names it.
    pub steps: Vec<&'static str>,
}

/// The queues that go by each circuit, by its name.
type Users = HashMap<Arc<str>, Vec<Weak<Queue>>>;

impl Bus {
    /// Has the queues of a circuit look again when it turns.
    pub(super) fn follow_circuits(&self) {
        let mut users = Users::new();
        for queue in self.queues.values() {
            if let Some(circuit) = &queue.circuit {
                users.entry(circuit.name().clone()).or_default().push(queue.weak());
            }
        }
        let shared = Arc::downgrade(&self.shared);
        self.shared.engine.circuits().listen(move |circuit, turn| {
            let Some(shared) = shared.upgrade() else { return };
            let queues = users.get(circuit.name()).cloned().unwrap_or_default();
            let tasks = shared.tasks.clone();
            // Not here: the lock of one of the queues may be held.
            tasks.spawn(turned(shared, circuit.clone(), turn, queues));
        });
    }

    /// All circuits that anybody asked for, by name.
    #[must_use]
    pub fn circuits(&self) -> Vec<CircuitInfo> {
        let circuits = self.shared.engine.circuits().all();
        circuits.iter().map(|circuit| self.circuit_info(circuit)).collect()
    }

    pub(super) fn circuit_info(&self, circuit: &Arc<Circuit>) -> CircuitInfo {
        let needs = |queue: &&Arc<Queue>| {
            queue.circuit.as_ref().is_some_and(|other| Arc::ptr_eq(other, circuit))
        };
        let mut steps: Vec<_> =
            self.queues.values().filter(needs).map(|queue| queue.step_name()).collect();
        steps.sort_unstable();
        CircuitInfo {
            name: circuit.name().clone(),
            state: circuit.state(),
            opens_after: Some(circuit.breaker().failures.get()),
            steps,
        }
    }
}

/// A circuit stands otherwise than before.
async fn turned(shared: Arc<Shared>, circuit: Arc<Circuit>, turn: Turn, queues: Vec<Weak<Queue>>) {
    let name = &**circuit.name();
    if turn == Turn::ByAttempt {
        match circuit.state() {
            CircuitState::Open { until } => {
                tracing::warn!(circuit = name, %until, "the circuit is open");
            }
            CircuitState::Closed { .. } => {
                tracing::info!(circuit = name, "the circuit is closed again");
            }
            CircuitState::HalfOpen | CircuitState::Held { .. } => {}
        }
    }
    for queue in queues.iter().filter_map(Weak::upgrade) {
        queue.poke();
    }
    shared.pulse.beat(Area::Queues);
    if turn == Turn::ByHand {
        return;
    }
    // Somebody may have opened or reset it since.
    let state = circuit.state();
    if let Err(error) =
        kept::set_circuit(&**shared.store(), name, &state, shared.engine.now()).await
    {
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
        let (bus, engine) = (runtime.bus(), runtime.engine());

        bus.open_circuit("bank", "ana").await.unwrap();
        let bank = engine.circuits().get("bank").unwrap();
        turned(bus.shared.clone(), bank, Turn::ByAttempt, Vec::new()).await;

        let kept = kept::circuit(&*store, "bank", engine.now()).await.unwrap();
        assert!(matches!(kept, Some(CircuitState::Held { by, .. }) if by == "ana"));

        // And nothing is kept of one that is closed.
        bus.reset_circuit("bank").await.unwrap();
        assert!(kept::all_circuits(&*store, engine.now()).await.unwrap().is_empty());
        runtime.shutdown().await.unwrap();
    }
}
