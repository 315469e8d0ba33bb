//! `GET /jobs/health`: how the jobs are that run, as the monitor last saw them.

use flows::background_jobs::{
    BACKGROUND_JOBS, HealthReport,
    health::{HEALTH, LATEST, census},
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), HealthReport> = ApiConfig::get("JobsHealth", "/jobs/health")
    .description("Says how the jobs are that run, as the monitor last saw them")
    .flows(&[BACKGROUND_JOBS]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<HealthReport>> {
    let report = match ctx.state.get(HEALTH, LATEST).await? {
        Some(report) => report,
        None => census(&ctx.state, ctx.now()).await?,
    };

    Ok(ApiResponse::ok(report))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn the_last_report_is_served() {
        let (ctx, probe) = fake();
        probe.state.set(HEALTH, LATEST, &HealthReport::at(START)).await.unwrap();

        let reply = handler(ApiRequest::new(()), ctx).await.unwrap();

        assert_eq!(reply.body, HealthReport::at(START));
    }

    #[tokio::test]
    async fn before_the_first_report_the_jobs_are_looked_at() {
        let (ctx, _probe) = fake();

        let reply = handler(ApiRequest::new(()), ctx).await.unwrap();

        assert_eq!(reply.body, HealthReport::at(START));
    }
}
