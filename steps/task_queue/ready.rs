//! `GET /ready`: says whether tasks can be taken.

use flows::task_queue::{TASK_QUEUE, health::Health};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Ready {
    /// `ready`.
    status: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NotReady {
    /// What is wrong.
    detail: NotReadyDetail,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NotReadyDetail {
    /// `not ready`.
    status: &'static str,
    /// Why.
    reason: &'static str,
    /// How the parts are.
    components: Value,
}

const CONFIG: ApiConfig<(), Ready> = ApiConfig::get("Ready", "/ready")
    .description("Says whether tasks can be taken")
    .replies(&[reply::<NotReady>(503, "No tasks can be taken.")])
    .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Ready>> {
    let health = Health::of(&ctx).await;
    if health.is_healthy() {
        return Ok(ApiResponse::ok(Ready { status: "ready" }));
    }
    let (reason, components) = ("Dependencies unhealthy", json!(health.components));
    let detail = NotReadyDetail { status: "not ready", reason, components };
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Err(StepError::respond(ApiResponse::with_status(status, NotReady { detail })))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::health;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn nothing_is_taken_that_cannot_be_kept() {
        let (ctx, probe) = fake();
        assert!(handler(ApiRequest::new(()), ctx.clone()).await.is_ok());
        probe.break_store().await;
        health::check(&ctx).await.unwrap_err();

        let StepError::Respond(answer) = handler(ApiRequest::new(()), ctx).await.unwrap_err()
        else {
            panic!("an answer of its own");
        };

        let told: Value = serde_json::from_slice(answer.body.bytes()).unwrap();
        assert_eq!((answer.status.as_u16(), &told["detail"]["status"]), (503, &json!("not ready")));
        assert_eq!(told["detail"]["components"]["workers"], false);
    }
}
