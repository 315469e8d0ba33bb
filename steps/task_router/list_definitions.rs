//! `GET /router/definitions`: every task with its versions.

use flows::task_router::{
    TASK_ROUTER,
    lineage::{self, Lineage},
};
use motia::prelude::*;

#[derive(Debug, Serialize, JsonSchema)]
struct Definitions {
    definitions: Vec<Lineage>,
    total: usize,
}

const CONFIG: ApiConfig<(), Definitions> = ApiConfig::get("ListDefinitions", "/router/definitions")
    .description("Lists every task with its versions")
    .flows(&[TASK_ROUTER]);

async fn handler(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Definitions>> {
    let definitions = lineage::all(&ctx).await?;

    Ok(ApiResponse::ok(Definitions { total: definitions.len(), definitions }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::lineage::LINEAGES;
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn every_task_is_listed_however_many_there_are() {
        let (ctx, probe) = fake();
        for n in 0..510 {
            let task_id = format!("task-{n:03}");
            let lineage = Lineage { task_id: task_id.clone(), name: "x".into(), versions: vec![] };
            probe.state.set(LINEAGES, &task_id, &lineage).await.unwrap();
        }

        let reply = handler(ApiRequest::new(()), ctx).await.unwrap();

        assert_eq!((reply.body.total, reply.body.definitions.len()), (510, 510));
    }
}
