//! `GET /router/definitions/{taskId}/{version}`: one version of a task.

use flows::task_router::{
    TASK_ROUTER,
    definition::{DEFINITIONS, Definition},
    version::Version,
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), Definition> =
    ApiConfig::get("GetVersion", "/router/definitions/{taskId}/{version}")
        .description("Gives one version of a task")
        .flows(&[TASK_ROUTER])
        .replies(&[rejection(404, "there is no such version")]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Definition>> {
    const GONE: &str = "there is no such version";
    let task_id = req.param("taskId").unwrap_or_default();
    let version = req.param("version").unwrap_or_default().parse::<Version>();
    let version = version.or_reject(StatusCode::NOT_FOUND, GONE)?;

    let definition = ctx.state.get(DEFINITIONS, &Definition::key_of(task_id, &version)).await?;

    Ok(ApiResponse::ok(definition.or_reject(StatusCode::NOT_FOUND, GONE)?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn what_is_no_version_is_not_found_either() {
        let (ctx, _probe) = fake();
        let of =
            |version| ApiRequest::new(()).with_param("taskId", "a").with_param("version", version);

        for version in ["1.0.0", "newest"] {
            let refused = handler(of(version), ctx.clone()).await.unwrap_err();
            assert_eq!(refused.status(), 404, "{version}");
        }
    }
}
