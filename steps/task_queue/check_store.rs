//! Every ten seconds: writes something, so that `/health` can say whether the store still takes it.

use flows::task_queue::{TASK_QUEUE, health};
use motia::prelude::*;

const CONFIG: CronConfig = CronConfig::new("CheckStore", "*/10 * * * * *")
    .description("Writes something, to see whether the store still takes it")
    .flows(&[TASK_QUEUE]);

async fn handler(ctx: Context) -> StepResult {
    health::check(&ctx).await
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::health::Health;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_store_that_takes_nothing_is_unhealthy_and_so_is_one_that_nobody_checks() {
        let (ctx, probe) = fake();
        assert!(Health::of(&ctx).await.is_healthy(), "nothing is known against it");

        handler(ctx.clone()).await.unwrap();
        assert!(Health::of(&ctx).await.is_healthy());
        probe.advance(Duration::from_secs(61));
        assert!(!Health::of(&ctx).await.is_healthy());
        handler(ctx.clone()).await.unwrap();
        assert!(Health::of(&ctx).await.is_healthy());
        probe.break_store().await;
        handler(ctx.clone()).await.unwrap_err();

        assert!(!Health::of(&ctx).await.is_healthy());
    }
}
