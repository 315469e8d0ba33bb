//! What people switch off and on, queues and circuits, of an app that runs or of one at rest.

use motia_core::{circuit::CircuitState, store::Depth};
use motia_runtime::bus::{circuit::CircuitInfo, kept, operate::OperateError, queue::Pause};

use crate::{Desk, Refusal};

impl Desk {
    /// The queue of this name, of a step of the app or left behind by one.
    pub(crate) async fn queue(&self, step: &str) -> Result<Depth, Refusal> {
        let depths = self.store().depths(self.engine().now()).await?;
        let queue = depths.into_iter().find(|depth| depth.queue == step);
        queue.ok_or_else(|| Refusal::missing(format!("no event step `{step}`")))
    }

    /// Whether the app has no such event step: what waits for it waits until it is back.
    pub(crate) fn is_orphan(&self, queue: &str) -> bool {
        let step = self.registry().step(queue);
        step.is_none_or(|step| step.event().is_none())
    }

    pub(crate) async fn paused(&self, step: &str) -> Result<Option<Pause>, Refusal> {
        match self.runtime() {
            Some(runtime) => Ok(runtime.bus().paused(step)),
            None => Ok(kept::paused(&**self.store(), step, self.engine().now()).await?),
        }
    }

    pub(crate) async fn pause(&self, step: &str, by: String) -> Result<Pause, Refusal> {
        self.can_be_switched(step).await?;
        if let Some(runtime) = self.runtime() {
            return Ok(runtime.bus().pause(step, &by).await?);
        }
        let pause = Pause { by, since: self.engine().now() };
        Ok(kept::pause(&**self.store(), step, pause).await?)
    }

    pub(crate) async fn resume(&self, step: &str) -> Result<(), Refusal> {
        self.can_be_switched(step).await?;
        match self.runtime() {
            Some(runtime) => Ok(runtime.bus().resume(step).await?),
            None => Ok(kept::resume(&**self.store(), step, self.engine().now()).await?),
        }
    }

    async fn can_be_switched(&self, step: &str) -> Result<(), Refusal> {
        let known = self.queue(step).await?;
        match self.is_orphan(&known.queue) {
            false => Ok(()),
            true => Err(Refusal::conflict(format!(
                "`{step}` is gone from the app: nothing of its queue starts anyway"
            ))),
        }
    }

    pub(crate) async fn circuits(&self) -> Result<Vec<CircuitInfo>, Refusal> {
        let (steps, now) = (&self.registry().steps, self.engine().now());
        match self.runtime() {
            Some(runtime) => Ok(runtime.bus().circuits()),
            None => Ok(kept::circuits(&**self.store(), steps, now).await?),
        }
    }

    /// Opens a circuit in somebody's name, or closes it.
    pub(crate) async fn set_circuit(
        &self,
        name: &str,
        opened_by: Option<String>,
    ) -> Result<CircuitInfo, Refusal> {
        if let Some(runtime) = self.runtime() {
            let bus = runtime.bus();
            return Ok(match opened_by {
                Some(by) => bus.open_circuit(name, &by).await?,
                None => bus.reset_circuit(name).await?,
            });
        }
        let mut circuits = self.circuits().await?.into_iter();
        let circuit = circuits.find(|circuit| *circuit.name == *name);
        let circuit = circuit.ok_or_else(|| OperateError::NoSuchCircuit(name.to_owned()))?;
        let state = match opened_by {
            Some(by) => CircuitState::Held { by, since: self.engine().now() },
            None => CircuitState::CLOSED,
        };
        kept::set_circuit(&**self.store(), name, &state, self.engine().now()).await?;
        Ok(CircuitInfo { state, ..circuit })
    }
}

impl From<OperateError> for Refusal {
    fn from(error: OperateError) -> Self {
        match error {
            OperateError::Commit(error) => error.into(),
            error => Self::missing(error.to_string()),
        }
    }
}
