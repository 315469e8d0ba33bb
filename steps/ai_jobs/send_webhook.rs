//! On `ai.webhook.send`: posts an ended job to whoever wants to hear of it.

use flows::{
    ai_jobs::{AI_JOBS, WebhookWanted},
    outbound,
};
use motia::prelude::*;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The first call and three more.
const CALLS: Retry = Retry::exponential(4, Duration::from_secs(1));

const CONFIG: EventConfig<WebhookWanted> = EventConfig::new("SendAIWebhook")
    .description("Posts an ended job to whoever wants to hear of it")
    .flows(&[AI_JOBS])
    .retry(CALLS)
    .timeout(TIMEOUT);

async fn handler(WebhookWanted { url, job }: WebhookWanted, ctx: Context) -> StepResult {
    let private = ctx.setting(outbound::PRIVATE);
    let url = outbound::allowed(&url, private).map_err(StepError::fatal)?;
    let event = ctx.event_id().map(|event| event.to_string()).unwrap_or_default();

    let answer = outbound::caller(private)
        .post(url)
        .header("idempotency-key", event)
        .header("x-attempt", ctx.attempt())
        .header("x-possible-duplicate", ctx.possible_duplicate().to_string())
        .header("traceparent", ctx.trace().to_string())
        .json(&job)
        .send()
        .await
        .map_err(reqwest::Error::without_url)?;

    let status = answer.status();
    ctx.logger.info("webhook called", json!({ "jobId": job.job_id, "status": status.as_u16() }));
    judge(status)
}

/// What an answer says about trying again.
fn judge(status: StatusCode) -> StepResult {
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(StepError::retry(format!("the webhook answered {status}")))
        }
        _ if status.is_server_error() => {
            Err(StepError::retry(format!("the webhook answered {status}")))
        }
        _ => {
            Err(StepError::fatal(format!("the webhook answered {status}; it is not called again")))
        }
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{Job, JobOptions};
    use motia_testkit::{Fake, START, fake};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    fn wanted(url: String) -> WebhookWanted {
        let job = Job::new("anna".into(), "hello".into(), JobOptions::default(), START);
        WebhookWanted { url, job: job.view() }
    }

    /// Somebody who answers once, and what was said to them.
    async fn answers(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard = async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut heard = vec![0; 64 * 1024];
            let mut length = 0;
            while !heard[..length].ends_with(b"}") {
                length += socket.read(&mut heard[length..]).await.unwrap();
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&heard[..length]).to_lowercase()
        };
        #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
        let heard = tokio::spawn(heard);
        (url, heard)
    }

    fn allowing() -> Fake {
        Fake::default().setting(outbound::PRIVATE, true).handling_an_event()
    }

    #[tokio::test]
    async fn the_job_is_posted_with_what_tells_a_repetition_from_another_event() {
        let (url, heard) = answers("HTTP/1.1 204 No Content\r\n\r\n").await;
        let (ctx, _probe) = allowing().attempt(2).build();
        let event = ctx.event_id().unwrap().to_string();

        handler(wanted(url), ctx).await.unwrap();

        let heard = heard.await.unwrap();
        assert!(heard.starts_with("post /hook "), "{heard}");
        assert!(heard.contains(&format!("idempotency-key: {event}")), "{heard}");
        assert!(heard.contains("x-attempt: 2"), "{heard}");
        assert!(heard.contains("\"status\":\"pending\""), "{heard}");
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_called_again_and_one_that_refuses_is_not() {
        let (down, _heard) =
            answers("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
        let (refuses, _heard) = answers("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n").await;

        let (ctx, _probe) = allowing().build();
        let again = handler(wanted(down), ctx.clone()).await.unwrap_err();
        let never = handler(wanted(refuses), ctx).await.unwrap_err();

        assert!(!again.is_fatal() && never.is_fatal());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let (url, _heard) = answers(
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let (ctx, _probe) = allowing().build();

        let refused = handler(wanted(url), ctx).await.unwrap_err();

        assert!(refused.is_fatal() && refused.to_string().contains("302"), "{refused}");
    }

    #[tokio::test]
    async fn an_address_of_ones_own_is_never_called() {
        let (ctx, _probe) = fake();

        let refused = handler(wanted("http://127.0.0.1:9/".into()), ctx.clone()).await;
        let by_name = handler(wanted("http://LOCALHOST:9/".into()), ctx).await;

        assert!(refused.unwrap_err().is_fatal() && by_name.unwrap_err().is_fatal());
    }
}
