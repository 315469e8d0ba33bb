//! `POST /api/v1/workers/open-circuit-breaker`: keeps the model from being asked until its circuit is reset.

use flows::task_queue::{
    MODEL, TASK_QUEUE,
    workers::{self, Turned},
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Report {
    /// What was done.
    message: String,
    /// For how many workers it was done.
    successful_opens: usize,
    /// For each of them.
    results: Vec<Turned>,
    /// When.
    timestamp: Timestamp,
}

const CONFIG: ApiConfig<(), Report> =
    ApiConfig::post("OpenCircuitBreaker", "/api/v1/workers/open-circuit-breaker")
        .description("Keeps the model from being asked until its circuit is reset")
        .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Report>> {
    ctx.circuit(MODEL).open("the task queue's API").await?;

    let results = workers::turned(&ctx, "Circuit breaker opened.");
    let successful_opens = results.len();
    let message = format!("Open circuit breaker attempted on {successful_opens} workers");
    Ok(ApiResponse::ok(Report { message, successful_opens, results, timestamp: ctx.now() }))
}

step!(CONFIG, handler);
