//! How the router is: whether tasks can be run, and how executors and definitions fared of late.

use std::collections::BTreeMap;

use motia::prelude::*;

use super::{
    call::Tools,
    contract::Contracts,
    executor::{self, Executor, Kind},
    fleet::{Fleet, Health, Rates},
    place,
    settings::ROUTER_CGROUP,
    usage::{self, Usage},
};

/// How the router is in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// All executors can take tasks.
    Healthy,
    /// Some executors are not well, or their circuits are open.
    Degraded,
    /// No executor can take a task.
    Unhealthy,
}

/// How the router is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouterHealth {
    /// In a word.
    pub status: Overall,
    /// Each executor.
    pub executors: Vec<ExecutorHealth>,
    /// How the tasks of each definition went in the last five minutes, where there were any.
    pub error_rates: BTreeMap<String, Rates>,
    /// What is used.
    pub resources: Resources,
    /// When.
    pub timestamp: Timestamp,
}

/// How an executor is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExecutorHealth {
    /// Names it.
    pub id: String,
    /// Where it runs.
    pub kind: Kind,
    /// How its circuit stands.
    pub circuit: Value,
    /// What its last health check showed.
    pub health: Option<Health>,
    /// Tasks that it runs now.
    pub running: u32,
    /// How its calls went in the last five minutes.
    pub recent: Rates,
    /// Whether it can take a task.
    #[serde(skip)]
    usable: bool,
}

/// What is used.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Tasks that run now.
    pub running: u32,
    /// Definitions that are compiled.
    pub contracts_kept: usize,
    /// Whether children are held in control groups.
    pub cgroups: bool,
    /// What the app's process uses.
    #[serde(flatten)]
    pub usage: Usage,
}

impl RouterHealth {
    /// How it is now.
    ///
    /// # Errors
    /// When the executors cannot be read.
    pub async fn of<E>(ctx: &Context<E>) -> StepResult<Self> {
        let (fleet, timestamp) = (ctx.shared::<Fleet>(), ctx.now());
        let all = executor::all(ctx).await?;
        let executors: Vec<_> = all.into_iter().map(|one| one.health(ctx, &fleet)).collect();

        let status = match executors.iter().filter(|executor| executor.usable).count() {
            0 => Overall::Unhealthy,
            some if some < executors.len() => Overall::Degraded,
            _ => Overall::Healthy,
        };
        let cgroup = ctx.setting(ROUTER_CGROUP);
        let resources = Resources {
            running: fleet.running(),
            contracts_kept: ctx.shared::<Contracts>().kept(),
            cgroups: ctx.shared::<Tools>().cages(cgroup.as_deref()).is_some(),
            usage: usage::now(),
        };
        let error_rates = fleet.task_rates(timestamp);
        Ok(Self { status, executors, error_rates, resources, timestamp })
    }
}

impl Executor {
    fn health<E>(self, ctx: &Context<E>, fleet: &Fleet) -> ExecutorHealth {
        let (member, circuit) = (fleet.member(&self.id), place::circuit_of(ctx, &self.id));
        let well = member.health.as_ref().is_none_or(|health| health.healthy);
        let closed = matches!(circuit, CircuitState::Closed { .. } | CircuitState::HalfOpen);
        ExecutorHealth {
            id: self.id,
            kind: self.kind,
            circuit: json!(circuit),
            health: member.health,
            running: member.running,
            recent: member.recent.rates(ctx.now()),
            usable: well && closed,
        }
    }
}
