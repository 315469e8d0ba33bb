//! `GET /api/v1/openrouter/metrics`: tells how often the model's provider was asked, day by day.

use flows::task_queue::{TASK_QUEUE, usage};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
struct MetricsQuery {
    /// Of so many days: 7 where nothing is said.
    #[schemars(range(min = 1, max = 366))]
    days: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Metrics {
    /// What was counted, by day.
    metrics: serde_json::Map<String, Value>,
    /// Of so many days.
    days: u32,
    /// When.
    generated_at: Timestamp,
}

const CONFIG: ApiConfig<(), Metrics> =
    ApiConfig::get("OpenRouterMetrics", "/api/v1/openrouter/metrics")
        .description("Tells how often the model's provider was asked, day by day")
        .query::<MetricsQuery>()
        .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Metrics>> {
    let days = req.query::<MetricsQuery>()?.days.unwrap_or(7);

    let metrics = usage::by_day(&ctx, days).await?;

    Ok(ApiResponse::ok(Metrics { metrics, days, generated_at: ctx.now() }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        failure::{Failure, Kind},
        usage::ServiceState,
    };
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn calls_are_counted_by_day_and_outcome_with_the_time_in_each_state() {
        let (ctx, probe) = fake();
        let down = Failure::new(Kind::ServiceUnavailable, "503");
        usage::note(&ctx, Ok(ServiceState::Active), None).await.unwrap();
        probe.advance(Duration::from_secs(60));
        usage::note(&ctx, Err(&down), None).await.unwrap();
        probe.advance(Duration::from_secs(24 * 60 * 60));
        usage::note(&ctx, Ok(ServiceState::Active), None).await.unwrap();

        let told = handler(ApiRequest::new(()), ctx).await.unwrap().body.metrics;

        let first = json!({
            "failed_calls": 1, "seconds_active": 60, "state_active": 1, "state_error": 1,
            "successful_calls": 1, "total_calls": 2,
        });
        assert_eq!(told["2026-01-01"], first);
        assert_eq!(told["2026-01-02"]["seconds_error"], 24 * 60 * 60);
    }
}
