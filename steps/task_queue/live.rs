//! `GET /live`: says that the program runs.

use flows::task_queue::TASK_QUEUE;
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Live {
    /// `alive`.
    status: &'static str,
    /// When.
    timestamp: Timestamp,
}

const CONFIG: ApiConfig<(), Live> =
    ApiConfig::get("Live", "/live").description("Says that the program runs").flows(&[TASK_QUEUE]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Live>> {
    Ok(ApiResponse::ok(Live { status: "alive", timestamp: ctx.now() }))
}

step!(CONFIG, handler);
