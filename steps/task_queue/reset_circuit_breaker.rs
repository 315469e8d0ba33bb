//! `POST /api/v1/workers/reset-circuit-breaker`: lets the model be asked again, by all workers.

use flows::task_queue::{MODEL, TASK_QUEUE, workers::Report};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Report> =
    ApiConfig::post("ResetCircuitBreaker", "/api/v1/workers/reset-circuit-breaker")
        .description("Lets the model be asked again")
        .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Report>> {
    ctx.circuit(MODEL).reset().await?;

    Ok(ApiResponse::ok(Report::reset(&ctx)))
}

step!(CONFIG, handler);
