//! `GET /router/health`: whether tasks can be run, and how executors and definitions fared of late.

use flows::task_router::{TASK_ROUTER, health::RouterHealth};
use motia::prelude::*;

const CONFIG: ApiConfig<(), RouterHealth> = ApiConfig::get("RouterHealth", "/router/health")
    .description("Says whether tasks can be run, and how it went of late")
    .flows(&[TASK_ROUTER]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<RouterHealth>> {
    // Answered 200 whatever it says: the app is well when its executors are not, and tasks wait for them.
    Ok(ApiResponse::ok(RouterHealth::of(&ctx).await?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::{
        executor::{EXECUTORS, Executor, Kind},
        fleet::Fleet,
        health::Overall,
        place,
    };
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
