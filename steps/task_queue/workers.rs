//! `GET /api/v1/workers/`: tells who works.

use flows::task_queue::{
    TASK_QUEUE,
    workers::{self, Worker},
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Workers {
    /// `healthy`, or `degraded` when some are not.
    overall_status: &'static str,
    /// How many there are.
    total_workers: usize,
    /// How many may work.
    healthy_workers: usize,
    /// How many were not seen for a while: none, since the process that answers is the one that works.
    stale_workers: usize,
    /// How many circuits stand how.
    circuit_breaker_states: serde_json::Map<String, Value>,
    /// Each of them.
    worker_details: Vec<Worker>,
    /// When.
    timestamp: Timestamp,
}

const CONFIG: ApiConfig<(), Workers> = ApiConfig::get("Workers", "/api/v1/workers/")
    .description("Tells who works, and whether they may ask the model")
    .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Workers>> {
    let worker_details = workers::all(&ctx).await?;

    let total_workers = worker_details.len();
    let healthy_workers = worker_details.iter().filter(|each| each.status == "healthy").count();
    let mut circuit_breaker_states = serde_json::Map::new();
    for worker in &worker_details {
        let count = circuit_breaker_states.entry(worker.circuit_breaker.state).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    let all_healthy = healthy_workers == total_workers;
    Ok(ApiResponse::ok(Workers {
        overall_status: if all_healthy { "healthy" } else { "degraded" },
        total_workers,
        healthy_workers,
        stale_workers: 0,
        circuit_breaker_states,
        worker_details,
        timestamp: ctx.now(),
    }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{MODEL, workers::SLOTS};
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn workers_are_degraded_while_the_model_is_kept_from_them() {
        let (ctx, _probe) = fake();
        let asked = async || json!(handler(ApiRequest::new(()), ctx.clone()).await.unwrap().body);

        let before = asked().await;
        ctx.circuit(MODEL).open("a test").await.unwrap();
        let after = asked().await;

        assert_eq!(
            (&before["overall_status"], &before["healthy_workers"]),
            (&json!("healthy"), &json!(SLOTS))
        );
        assert_eq!(before["circuit_breaker_states"], json!({ "closed": SLOTS }));
        assert_eq!(
            (&after["overall_status"], &after["healthy_workers"]),
            (&json!("degraded"), &json!(0))
        );
        assert_eq!(after["circuit_breaker_states"], json!({ "open": SLOTS }));
        assert_eq!(after["worker_details"][0]["circuit_breaker"]["held_by"], "a test");
    }
}
