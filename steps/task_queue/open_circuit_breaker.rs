//! `POST /api/v1/workers/open-circuit-breaker`: keeps the model from being asked until its circuit is reset.

use flows::task_queue::{MODEL, TASK_QUEUE, workers::Report};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Report> =
    ApiConfig::post("OpenCircuitBreaker", "/api/v1/workers/open-circuit-breaker")
        .description("Keeps the model from being asked until its circuit is reset")
        .flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Report>> {
    ctx.circuit(MODEL).open("the task queue's API").await?;

    Ok(ApiResponse::ok(Report::opened(&ctx)))
}

step!(CONFIG, handler);
