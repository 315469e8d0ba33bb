//! On `process-greeting`: makes the greeting and keeps it.

use flows::hello::{GREETINGS, Greeting, GreetingRequested, HELLO_WORLD};
use motia::prelude::*;

const CONFIG: EventConfig<GreetingRequested> = EventConfig::new("ProcessGreeting")
    .description("Makes the greeting and keeps it")
    .flows(&[HELLO_WORLD]);

async fn handler(request: GreetingRequested, ctx: Context) -> StepResult {
    let GreetingRequested { timestamp, app_name, greeting_prefix, request_id } = request;
    let greeting = Greeting {
        greeting: format!("{greeting_prefix} {app_name}!"),
        processed_at: ctx.now(),
        original_timestamp: timestamp,
    };

    ctx.state.set(GREETINGS, &request_id, &greeting).await?;
    ctx.logger.info("greeting made", json!({ "requestId": request_id }));

    Ok(())
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn a_greeting_is_kept_under_its_request() {
        let (ctx, probe) = fake();
        let request = GreetingRequested {
            timestamp: START,
            app_name: "motia-rs".into(),
            greeting_prefix: "Hello".into(),
            request_id: "request-1".into(),
        };

        handler(request, ctx).await.unwrap();

        let kept = probe.state.get(GREETINGS, "request-1").await.unwrap().unwrap();
        assert_eq!(kept.greeting, "Hello motia-rs!");
        assert_eq!(kept.original_timestamp, START);
    }
}
