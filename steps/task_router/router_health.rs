//! `GET /router/health`: whether tasks can be run, and how executors and definitions fared of late.

use std::collections::BTreeMap;

use flows::task_router::{
    TASK_ROUTER,
    call::Tools,
    contract::Contracts,
    executor::{self, Kind},
    fleet::{Fleet, Health, Rates},
    place,
    settings::ROUTER_CGROUP,
    usage::{self, Usage},
};
use motia::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Overall {
    Healthy,
    /// Some executors are not well, or their circuits are open.
    Degraded,
    /// No executor can take a task.
    Unhealthy,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RouterHealth {
    status: Overall,
    executors: Vec<ExecutorHealth>,
    /// How the tasks of each definition went in the last five minutes, where there were any.
    error_rates: BTreeMap<String, Rates>,
    resources: Resources,
    timestamp: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExecutorHealth {
    id: String,
    kind: Kind,
    circuit: Value,
    health: Option<Health>,
    running: u32,
    /// How its calls went in the last five minutes.
    recent: Rates,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Resources {
    /// Tasks that run now.
    running: u32,
    /// Definitions that are compiled.
    contracts_kept: usize,
    /// Whether children are held in control groups.
    cgroups: bool,
    #[serde(flatten)]
    usage: Usage,
}

const CONFIG: ApiConfig<(), RouterHealth> = ApiConfig::get("RouterHealth", "/router/health")
    .description("Says whether tasks can be run, and how it went of late")
    .flows(&[TASK_ROUTER]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<RouterHealth>> {
    let (fleet, now) = (ctx.shared::<Fleet>(), ctx.now());
    let mut executors = Vec::new();
    let mut usable = 0;
    for executor in executor::all(&ctx).await? {
        let (member, circuit) = (fleet.member(&executor.id), place::circuit_of(&ctx, &executor.id));
        let well = member.health.as_ref().is_none_or(|health| health.healthy);
        let closed = matches!(circuit, CircuitState::Closed { .. } | CircuitState::HalfOpen);
        usable += usize::from(well && closed);
        executors.push(ExecutorHealth {
            id: executor.id,
            kind: executor.kind,
            circuit: json!(circuit),
            health: member.health,
            running: member.running,
            recent: member.recent.rates(now),
        });
    }

    // Answered 200 whatever it says: the app is well when its executors are not, and tasks wait for them.
    let status = match usable {
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
    let error_rates = fleet.task_rates(now);
    let health = RouterHealth { status, executors, error_rates, resources, timestamp: now };

    Ok(ApiResponse::ok(health))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::executor::{EXECUTORS, Executor};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn the_router_is_as_well_as_its_executors() {
        let (ctx, probe) = fake();
        let check = || handler(ApiRequest::new(()), ctx.clone());
        let nobody = check().await.unwrap();
        assert_eq!((nobody.status.as_u16(), nobody.body.status), (200, Overall::Unhealthy));

        for id in ["a", "b"] {
            let executor = Executor {
                id: id.into(),
                kind: Kind::Local,
                url: None,
                health_url: None,
                function: Some("word-count".into()),
                isolated: false,
                weight: std::num::NonZeroU32::MIN,
                capabilities: vec![],
                registered_at: ctx.now(),
            };
            probe.state.set(EXECUTORS, id, &executor).await.unwrap();
        }
        assert_eq!(check().await.unwrap().body.status, Overall::Healthy);

        ctx.circuit(place::breaker(&ctx)).of("a").open("the test").await.unwrap();
        ctx.shared::<Fleet>().note("a", "summarize/1.0.0", false, ctx.now());
        let degraded = check().await.unwrap();

        assert_eq!((degraded.status.as_u16(), degraded.body.status), (200, Overall::Degraded));
        assert_eq!(degraded.body.executors[0].circuit["state"], "held");
        assert_eq!(degraded.body.error_rates["summarize/1.0.0"].failed, 1);
        assert!(degraded.body.resources.usage.resident_bytes.is_some_and(|bytes| bytes > 0));
    }
}
