//! `GET /router/executors`: every executor, how it stands, and how limits hold there.

use flows::task_router::{
    TASK_ROUTER,
    call::{self, Holds, Tools},
    executor::{self, Executor},
    fleet::{Fleet, Health},
    place,
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Executors {
    executors: Vec<Standing>,
    total: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Standing {
    #[serde(flatten)]
    executor: Executor,
    /// Tasks that it runs now.
    running: u32,
    /// How its circuit stands.
    circuit: Value,
    /// What its last health check showed; none of a local one, or before the first.
    health: Option<Health>,
    /// How limits of memory and processor hold there.
    limits_hold: Holds,
}

const CONFIG: ApiConfig<(), Executors> = ApiConfig::get("ListExecutors", "/router/executors")
    .description("Lists every executor and how it stands")
    .flows(&[TASK_ROUTER]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Executors>> {
    let (fleet, tools) = (ctx.shared::<Fleet>(), ctx.shared::<Tools>());
    let executors = executor::all(&ctx).await?;

    let standing = |executor: Executor| {
        let member = fleet.member(&executor.id);
        Standing {
            running: member.running,
            circuit: json!(place::circuit_of(&ctx, &executor.id)),
            health: member.health,
            limits_hold: call::holds(&ctx, &tools, &executor),
            executor,
        }
    };
    let executors: Vec<_> = executors.into_iter().map(standing).collect();

    Ok(ApiResponse::ok(Executors { total: executors.len(), executors }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::executor::{EXECUTORS, Kind};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn where_limits_cannot_be_held_it_is_said() {
        let (ctx, probe) = fake();
        for (id, kind, isolated) in [
            ("away", Kind::Http, false),
            ("here", Kind::Local, false),
            ("apart", Kind::Local, true),
        ] {
            let executor = Executor {
                id: id.into(),
                kind,
                url: (kind == Kind::Http).then(|| "https://a.example".into()),
                health_url: None,
                function: Some("word-count".into()),
                isolated,
                weight: std::num::NonZeroU32::MIN,
                capabilities: vec![],
                registered_at: ctx.now(),
            };
            probe.state.set(EXECUTORS, id, &executor).await.unwrap();
        }

        let reply = handler(ApiRequest::new(()), ctx).await.unwrap();

        let holds: Vec<_> = reply.body.executors.iter().map(|one| one.limits_hold).collect();
        assert_eq!(&holds[1..], [Holds::Not, Holds::Not], "away and here");
        assert_ne!(holds[0], Holds::Not, "apart");
    }
}
