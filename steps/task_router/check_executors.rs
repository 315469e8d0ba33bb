//! Every ten seconds: asks the executors that lie elsewhere whether they are well.

use flows::{
    outbound,
    task_router::{
        TASK_ROUTER,
        call::http,
        executor,
        fleet::{Fleet, Health},
        roster::Roster,
    },
};
use futures_util::future::join_all;
use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("CheckExecutors", "*/10 * * * * *")
    .description("Asks the executors that lie elsewhere whether they are well")
    .flows(&[TASK_ROUTER])
    .timeout(Duration::from_secs(30));

async fn handler(ctx: Context) -> StepResult {
    let fleet = ctx.shared::<Fleet>();
    let private = ctx.setting(outbound::PRIVATE);
    ctx.shared::<Roster>().changed(); // by hand, perhaps
    let executors = executor::all(&ctx).await?;
    fleet.keep_only(executors.iter().map(|executor| executor.id.as_str()));

    let elsewhere = executors.iter().filter_map(|one| Some((one, one.health_url()?)));
    join_all(elsewhere.map(|(executor, url)| {
        let (fleet, ctx) = (&fleet, &ctx);
        async move {
            let is_own = executor.health_url.is_some();
            let found = http::check(url, is_own, private).await;
            let was_well = fleet.member(&executor.id).health.is_none_or(|health| health.healthy);
            if let (true, Err(detail)) = (was_well, &found) {
                let fields = json!({ "executor": executor.id, "detail": detail });
                ctx.logger.warn("an executor is not well", fields);
            }
            let (healthy, detail) = (found.is_ok(), found.err());
            fleet.checked(&executor.id, Health { healthy, detail, checked_at: ctx.now() });
        }
    }))
    .await;

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::executor::{EXECUTORS, Executor, Kind};
    use motia_testkit::Fake;

    use super::*;

    fn at(url: &str) -> Executor {
        Executor {
            id: "gpu".into(),
            kind: Kind::Http,
            url: Some(url.into()),
            health_url: None,
            function: None,
            isolated: false,
            weight: std::num::NonZeroU32::MIN,
            capabilities: vec![],
            registered_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn an_executor_that_does_not_answer_is_not_well_and_that_is_said_once() {
        let (ctx, probe) = Fake::default().setting(outbound::PRIVATE, true).build();
        // Port 1 is nobody's.
        probe.state.set(EXECUTORS, "gpu", &at("http://127.0.0.1:1/run")).await.unwrap();

        handler(ctx.clone()).await.unwrap();
        handler(ctx.clone()).await.unwrap();

        let health = ctx.shared::<Fleet>().member("gpu").health.unwrap();
        assert!(!health.healthy && health.detail.unwrap().contains("unreachable"));
        assert_eq!(probe.logs().len(), 1);
    }

    #[tokio::test]
    async fn an_executor_that_was_taken_off_the_list_is_forgotten() {
        let (ctx, probe) = Fake::default().setting(outbound::PRIVATE, true).build();
        probe.state.set(EXECUTORS, "gpu", &at("http://127.0.0.1:1/run")).await.unwrap();
        handler(ctx.clone()).await.unwrap();
        assert!(ctx.shared::<Fleet>().member("gpu").health.is_some());

        probe.state.delete(EXECUTORS, "gpu").await.unwrap();
        handler(ctx.clone()).await.unwrap();

        assert!(ctx.shared::<Fleet>().member("gpu").health.is_none());
    }

    #[tokio::test]
    async fn a_private_address_is_not_even_asked() {
        let (ctx, probe) = Fake::default().build();
        probe.state.set(EXECUTORS, "gpu", &at("http://127.0.0.1:1/run")).await.unwrap();

        handler(ctx.clone()).await.unwrap();

        let health = ctx.shared::<Fleet>().member("gpu").health.unwrap();
        assert!(health.detail.unwrap().contains("forbidden_address"));
    }
}
