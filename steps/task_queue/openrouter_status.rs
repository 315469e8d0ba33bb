//! `GET /api/v1/openrouter/status`: tells how the model's provider stands.

use flows::task_queue::{
    TASK_QUEUE,
    account::{self, Status},
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
#[derive(Default)]
struct StatusQuery {
    /// Asks the provider, however fresh what is known is; no oftener than `OPENROUTER_REFRESH_PAUSE`.
    force_refresh: bool,
}

const CONFIG: ApiConfig<(), Status> =
    ApiConfig::get("OpenRouterStatus", "/api/v1/openrouter/status")
        .description("Tells how the model's provider stands; asks it when nothing fresh is known")
        .query::<StatusQuery>()
        .flows(&[TASK_QUEUE]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Status>> {
    let refresh = req.query::<StatusQuery>()?.force_refresh;

    Ok(ApiResponse::ok(account::status(&ctx, refresh).await?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        settings::API_KEY,
        usage::{self, ServiceState},
    };
    use motia_testkit::{Fake, fake};

    use super::*;

    #[tokio::test]
    async fn without_a_key_nobody_is_asked_and_that_is_said() {
        let (ctx, _probe) = fake();

        let status = handler(ApiRequest::new(()), ctx).await.unwrap().body;

        assert_eq!((status.status, status.cache_hit), (ServiceState::ApiKeyMissing, false));
    }

    #[tokio::test]
    async fn what_is_known_is_told_for_a_minute() {
        let key = Some("key".to_owned());
        let (ctx, probe) = Fake::default().setting(API_KEY, key).build();
        usage::note(&ctx, Ok(ServiceState::Active), None).await.unwrap();
        probe.advance(account::FRESH);

        let status = handler(ApiRequest::new(()), ctx).await.unwrap().body;

        assert_eq!((status.status, status.cache_hit), (ServiceState::Active, true));
    }
}
