//! `GET /api/v1/queues/status/stream`: tells how the queues stand whenever that changes.

use flows::task_queue::{
    TASK_QUEUE,
    queues::{QueueStatus, Update},
    settings::HEARTBEAT,
};
use futures_util::{Stream, stream};
use motia::prelude::*;

/// How often it is looked whether something changed.
const LOOK: Duration = Duration::from_millis(500);
/// Twice the time after which a heartbeat is due: nothing else is ever sent.
const NEVER_QUIET: Duration = HEARTBEAT.saturating_mul(2);

const CONFIG: ApiConfig<(), Sse> = ApiConfig::get("QueueStream", "/api/v1/queues/status/stream")
    .description("Tells how the queues stand whenever that changes, as server-sent events")
    .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Sse>> {
    let events = Sse::new(updates(ctx)).keep_alive(NEVER_QUIET);

    Ok(ApiResponse::ok(events)
        .header("access-control-allow-origin", "*")
        .header("access-control-allow-headers", "Cache-Control"))
}

/// What a client was told last, and how long ago.
struct Watch {
    ctx: Context,
    told: Option<QueueStatus>,
    silent: Duration,
}

fn updates(ctx: Context) -> impl Stream<Item = SseEvent> + Send {
    let watch = Watch { ctx, told: None, silent: Duration::ZERO };
    stream::unfold(watch, async |mut watch| {
        let update = watch.next().await;
        let event = SseEvent::json(&update).ok()?;
        Some((event, watch))
    })
}

impl Watch {
    async fn next(&mut self) -> Update {
        loop {
            let first = self.told.is_none();
            if !first {
                tokio::time::sleep(LOOK).await;
                self.silent += LOOK;
            }
            let timestamp = self.ctx.now();
            match QueueStatus::read(&self.ctx).await {
                Ok(status) if self.told.as_ref() != Some(&status) => {
                    (self.told, self.silent) = (Some(status.clone()), Duration::ZERO);
                    let told = status.told(timestamp);
                    return if first {
                        Update::InitialStatus(told)
                    } else {
                        Update::QueueUpdate(told)
                    };
                }
                Err(error) => {
                    tokio::time::sleep(HEARTBEAT).await;
                    return Update::Error { message: error.to_string(), timestamp };
                }
                Ok(_) if self.silent >= HEARTBEAT => {
                    self.silent = Duration::ZERO;
                    return Update::Heartbeat { timestamp };
                }
                Ok(_) => {}
            }
        }
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board,
        task::{Task, TaskType},
    };
    use futures_util::StreamExt as _;
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_status_is_told_at_once_then_each_change_then_a_heartbeat() {
        let (ctx, _probe) = fake();
        let mut events = std::pin::pin!(updates(ctx.clone()));
        let mut next = async || {
            let event = events.next().await.unwrap();
            serde_json::from_str::<Value>(&event.data).unwrap()
        };

        let first = next().await;
        let mut tx = ctx.transaction();
        board::put(&mut tx, &Task::new(TaskType::Summarize, 5, 3, START));
        tx.commit().await.unwrap();
        let change = next().await;
        let began = tokio::time::Instant::now();
        let heartbeat = next().await;

        assert_eq!(first["type"], "initial_status");
        assert_eq!(
            (&change["type"], &change["queue_depths"]["primary"]),
            (&json!("queue_update"), &json!(1))
        );
        assert_eq!(heartbeat["type"], "heartbeat");
        assert_eq!(began.elapsed(), HEARTBEAT);
    }
}
