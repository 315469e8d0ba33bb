//! `GET /health`: says how the parts of the task queue are; always 200.

use flows::task_queue::{TASK_QUEUE, health::Health};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Health> = ApiConfig::get("Health", "/health")
    .description("Says how the parts of the task queue are")
    .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Health>> {
    Ok(ApiResponse::ok(Health::of(&ctx).await))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::health;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn a_queue_that_cannot_be_read_is_unhealthy_and_still_answers() {
        let (ctx, probe) = fake();
        let well = handler(ApiRequest::new(()), ctx.clone()).await.unwrap();
        probe.break_store().await;
        health::check(&ctx).await.unwrap_err();

        let ill = handler(ApiRequest::new(()), ctx).await.unwrap();

        assert_eq!((well.status, well.body.status), (StatusCode::OK, "healthy"));
        assert_eq!((ill.status, ill.body.status), (StatusCode::OK, "unhealthy"));
    }
}
