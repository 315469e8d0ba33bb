//! `POST /router/definitions`: takes in a version of a task, once its schemas compile.

use flows::task_router::{
    TASK_ROUTER,
    contract::Contracts,
    definition::Definition,
    lineage::{self, NotOffered},
    offer::NewDefinition,
};
use motia::prelude::*;

const CONFIG: ApiConfig<NewDefinition, Definition> =
    ApiConfig::post("DefineTask", "/router/definitions")
        .description("Takes in a version of a task")
        .flows(&[TASK_ROUTER])
        .status(201)
        .replies(&[
            rejection(400, "the definition breaks a rule, or a schema in it does not compile"),
            rejection(409, "there is this version already, and definitions never change"),
        ]);

async fn handler(
    req: ApiRequest<NewDefinition>,
    ctx: Context,
) -> StepResult<ApiResponse<Definition>> {
    let rollout = req.body.rollout;
    let definition = req.body.complete(&ctx);

    let faults = definition.faults(&ctx);
    if !faults.is_empty() {
        return Err(StepError::Reject(Box::new(Problem::violations(faults))));
    }
    let taken_in = lineage::take_in(&ctx, &definition, rollout).await?;
    taken_in.map_err(|why: NotOffered| StepError::reject(StatusCode::CONFLICT, why.to_string()))?;
    let key = definition.key();
    ctx.shared::<Contracts>().forget(&key);
    ctx.logger.info("task defined", json!({ "definition": key }));

    Ok(ApiResponse::created(definition).header("location", &format!("/router/definitions/{key}")))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_router::{amount::Span, definition::DEFINITIONS, lineage::LINEAGES};
    use motia_testkit::fake;

    use super::*;

    fn new(body: &Value) -> ApiRequest<NewDefinition> {
        let mut whole = json!({
            "taskId": "summarize", "name": "Summarize", "version": "1.1",
            "inputSchema": { "type": "object" }, "outputSchema": { "type": "string" },
        });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        ApiRequest::new(serde_json::from_value(whole).unwrap())
    }

    #[tokio::test]
    async fn a_definition_is_kept_with_what_it_leaves_to_the_settings() {
        let (ctx, probe) = fake();

        let reply = handler(new(&json!({ "rollout": 0.5 })), ctx).await.unwrap();

        assert_eq!(reply.status, 201);
        let kept = probe.state.get(DEFINITIONS, "summarize/1.1.0").await.unwrap().unwrap();
        assert_eq!(kept, reply.body);
        assert_eq!((kept.timeout, kept.retry_policy.max_attempts.get()), (Span::secs(30), 3));
        assert_eq!(kept.requires, ["summarize"]);
        let lineage = probe.state.get(LINEAGES, "summarize").await.unwrap().unwrap();
        assert_eq!(lineage.versions[0].rollout, Some(0.5));
    }

    #[tokio::test]
    async fn a_version_is_taken_in_once() {
        let (ctx, _probe) = fake();
        handler(new(&json!({})), ctx.clone()).await.unwrap();

        let refused = handler(new(&json!({ "version": "1.1.0" })), ctx.clone()).await.unwrap_err();
        handler(new(&json!({ "version": "1.2" })), ctx).await.unwrap();

        assert_eq!(refused.status(), 409);
    }

    #[tokio::test]
    async fn a_definition_that_does_not_compile_is_refused_with_each_place() {
        let (ctx, probe) = fake();
        let broken = json!({
            "inputSchema": { "type": "text" },
            "timeout": "2h",
            "safety": { "denyPatterns": [{ "name": "x", "pattern": "(" }] },
        });

        let refused = handler(new(&broken), ctx).await.unwrap_err();

        let StepError::Reject(problem) = refused else { panic!("{refused}") };
        let places: Vec<_> = problem.errors.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/timeout", "/inputSchema", "/safety/denyPatterns/0/pattern"]);
        assert!(probe.state.get(LINEAGES, "summarize").await.unwrap().is_none());
    }
}
