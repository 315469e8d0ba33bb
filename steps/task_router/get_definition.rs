//! `GET /router/definitions/{taskId}`: the versions of a task, and the newest that is rolled out.

use flows::task_router::{
    TASK_ROUTER,
    definition::{DEFINITIONS, Definition},
    lineage::{LINEAGES, Lineage, Offered},
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Task {
    task_id: String,
    name: String,
    versions: Vec<Offered>,
    /// The newest version that is rolled out; where none is, the oldest, as for a submission.
    definition: Option<Definition>,
}

const CONFIG: ApiConfig<(), Task> = ApiConfig::get("GetDefinition", "/router/definitions/{taskId}")
    .description("Gives the versions of a task, and the newest that is rolled out")
    .flows(&[TASK_ROUTER])
    .replies(&[rejection(404, "there is no such definition")]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Task>> {
    let task_id = req.param("taskId").unwrap_or_default();
    let lineage = ctx.state.get(LINEAGES, task_id).await?;
    let Lineage { task_id, name, versions } =
        lineage.or_reject(StatusCode::NOT_FOUND, "there is no such definition")?;

    let rolled_out = versions
        .iter()
        .find(|offered| offered.rollout.is_none() && !offered.version.is_prerelease())
        .or_else(|| versions.last());
    let definition = match rolled_out {
        Some(Offered { version, .. }) => {
            ctx.state.get(DEFINITIONS, &Definition::key_of(&task_id, version)).await?
        }
        None => None,
    };

    Ok(ApiResponse::ok(Task { task_id, name, versions, definition }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::lineage;
    use motia_testkit::fake;

    use super::*;

    fn definition(version: &str) -> Definition {
        serde_json::from_value(json!({
            "taskId": "summarize", "name": "Summarize", "version": version,
            "inputSchema": true, "outputSchema": true, "timeout": "30s",
            "retryPolicy": {
                "maxAttempts": 1, "backoffInitial": "1s", "backoffMax": "1s", "backoffFactor": 1.0,
            },
            "priority": 0, "requires": ["summarize"], "sticky": false, "safety": {},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn where_nothing_is_rolled_out_it_is_the_one_that_a_submission_gets() {
        let (ctx, probe) = fake();
        for version in ["1.0.0", "2.0.0"] {
            lineage::take_in(&ctx, &definition(version), Some(0.0)).await.unwrap().unwrap();
        }

        let request = ApiRequest::new(()).with_param("taskId", "summarize");
        let shown = handler(request, ctx).await.unwrap().body.definition.unwrap();

        let lineage = probe.state.get(LINEAGES, "summarize").await.unwrap().unwrap();
        assert_eq!(Some(&shown.version), lineage.version_for("anna"));
    }

    #[tokio::test]
    async fn what_was_never_defined_is_not_found() {
        let (ctx, _probe) = fake();

        let refused = handler(ApiRequest::new(()).with_param("taskId", "fly"), ctx).await;

        assert_eq!(refused.unwrap_err().status(), 404);
    }
}
