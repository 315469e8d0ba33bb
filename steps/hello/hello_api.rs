//! `GET /hello`: answers at once and has the greeting made in the background.

use flows::hello::{GreetingRequested, HELLO_WORLD};
use motia::prelude::*;

const APP_NAME: &str = "motia-rs";

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Reply {
    message: &'static str,
    status: &'static str,
    app_name: &'static str,
}

type Emits = (GreetingRequested,);

const CONFIG: ApiConfig<(), Reply, Emits> = ApiConfig::get("HelloAPI", "/hello")
    .description("Answers at once and has the greeting made in the background")
    .flows(&[HELLO_WORLD]);

async fn handler(_: ApiRequest<()>, ctx: Context<Emits>) -> StepResult<ApiResponse<Reply>> {
    let request = GreetingRequested {
        timestamp: ctx.now(),
        app_name: APP_NAME.into(),
        greeting_prefix: "Hello".into(),
        request_id: ctx.trace_id().to_string(),
    };
    ctx.emit(request).await?;

    Ok(ApiResponse::ok(Reply {
        message: "Hello request received! Check logs for processing.",
        status: "processing",
        app_name: APP_NAME,
    }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn hello_is_answered_and_the_greeting_asked_for() {
        let (ctx, probe) = fake();
        let trace_id = ctx.trace_id().to_string();

        let reply = handler(ApiRequest::new(()), ctx).await.unwrap();

        assert_eq!(reply.status, 200);
        assert_eq!(reply.body.status, "processing");
        assert_eq!(probe.emitted::<GreetingRequested>()[0].request_id, trace_id);
    }
}
