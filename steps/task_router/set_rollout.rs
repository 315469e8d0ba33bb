//! `PUT /router/definitions/{taskId}/{version}/rollout`: gives a version another share of the traffic.

use flows::task_router::{
    TASK_ROUTER,
    lineage::{LINEAGES, Lineage},
    record::kept,
    version::Version,
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rollout {
    /// From 0 to 1; none: all, for it is rolled out.
    #[schemars(range(min = 0.0, max = 1.0))]
    rollout: Option<f64>,
}

const CONFIG: ApiConfig<Rollout, Lineage> =
    ApiConfig::new("SetRollout", Method::Put, "/router/definitions/{taskId}/{version}/rollout")
        .description("Gives a version another share of the traffic")
        .flows(&[TASK_ROUTER])
        .replies(&[rejection(404, "there is no such version")]);

async fn handler(req: ApiRequest<Rollout>, ctx: Context) -> StepResult<ApiResponse<Lineage>> {
    let gone = || StepError::reject(StatusCode::NOT_FOUND, "there is no such version");
    let task_id = req.param("taskId").unwrap_or_default();
    let version: Version = req.param("version").unwrap_or_default().parse().map_err(|_| gone())?;

    let lineage = loop {
        let mut tx = ctx.transaction();
        let mut lineage = tx.get(LINEAGES, task_id).await?.ok_or_else(gone)?;
        let offered = lineage.versions.iter_mut().find(|offered| offered.version == version);
        offered.ok_or_else(gone)?.rollout = req.body.rollout;
        tx.set(LINEAGES, task_id, &lineage);
        if kept(tx.commit().await)? {
            break lineage;
        }
    };
    let fields = json!({ "task": task_id, "version": version, "share": req.body.rollout });
    ctx.logger.info("rollout changed", fields);

    Ok(ApiResponse::ok(lineage))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    fn to(version: &str, rollout: Option<f64>) -> ApiRequest<Rollout> {
        let request = ApiRequest::new(Rollout { rollout }).with_param("taskId", "summarize");
        request.with_param("version", version)
    }

    #[tokio::test]
    async fn a_version_is_given_another_share() {
        let (ctx, probe) = fake();
        let (task_id, name) = ("summarize".into(), "Summarize".into());
        let mut lineage = Lineage { task_id, name, versions: vec![] };
        lineage.offer("2".parse().unwrap(), Some(0.1));
        probe.state.set(LINEAGES, "summarize", &lineage).await.unwrap();

        let reply = handler(to("2.0.0", Some(0.5)), ctx.clone()).await.unwrap();
        let gone = handler(to("3.0.0", None), ctx).await.unwrap_err();

        assert_eq!(reply.body.versions[0].rollout, Some(0.5));
        assert_eq!(gone.status(), 404);
    }
}
