//! `POST /api/v1/workers/reset-circuit-breaker`: lets the model be asked again, by all workers.

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
    successful_resets: usize,
    /// For each of them.
    results: Vec<Turned>,
    /// When.
    timestamp: Timestamp,
}

const CONFIG: ApiConfig<(), Report> =
    ApiConfig::post("ResetCircuitBreaker", "/api/v1/workers/reset-circuit-breaker")
        .description("Lets the model be asked again")
        .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Report>> {
    ctx.circuit(MODEL).reset().await?;

    let results = workers::turned(&ctx, "Circuit breaker reset.");
    let successful_resets = results.len();
    let message = format!("Reset attempted on {successful_resets} workers");
    Ok(ApiResponse::ok(Report { message, successful_resets, results, timestamp: ctx.now() }))
}

step!(CONFIG, handler);
