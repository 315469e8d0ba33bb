//! `POST /router/executors`: registers an executor, or registers it anew.

use std::num::NonZeroU32;

use flows::{
    outbound,
    task_router::{
        TASK_ROUTER,
        executor::{self, EXECUTORS, Executor, Kind, MOST_EXECUTORS},
        fleet::Fleet,
        place,
        roster::Roster,
        settings::ROUTER_COMMANDS,
    },
};
use motia::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewExecutor {
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"))]
    id: String,
    kind: Kind,
    #[schemars(length(min = 1, max = 2000))]
    url: Option<String>,
    #[schemars(length(min = 1, max = 2000))]
    health_url: Option<String>,
    #[schemars(length(min = 1, max = 100))]
    function: Option<String>,
    #[serde(default)]
    isolated: bool,
    #[schemars(range(min = 1, max = 1000))]
    weight: Option<NonZeroU32>,
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 100)))]
    capabilities: Vec<String>,
}

const CONFIG: ApiConfig<NewExecutor, Executor> =
    ApiConfig::post("RegisterExecutor", "/router/executors")
        .description("Registers an executor, or registers it anew")
        .flows(&[TASK_ROUTER])
        .status(201)
        .replies(&[
            rejection(400, "the executor breaks a rule, or its URL leads to a private address"),
            rejection(409, "there are as many executors as there may be"),
        ]);

async fn handler(req: ApiRequest<NewExecutor>, ctx: Context) -> StepResult<ApiResponse<Executor>> {
    let executor = with_defaults(req.body, ctx.now());

    let faults = executor.faults(&ctx.setting(ROUTER_COMMANDS), ctx.setting(outbound::PRIVATE));
    if !faults.is_empty() {
        return Err(StepError::Reject(Box::new(Problem::violations(faults))));
    }
    let known = executor::all(&ctx).await?;
    let is_known = known.iter().any(|one| one.id == executor.id);
    if !is_known && known.len() >= MOST_EXECUTORS {
        let detail = format!("there are {MOST_EXECUTORS} executors, as many as there may be");
        return Err(StepError::reject(StatusCode::CONFLICT, detail));
    }
    ctx.state.set(EXECUTORS, &executor.id, &executor).await?;
    ctx.shared::<Roster>().changed();
    if is_known {
        // What was known of it need not be so any more.
        ctx.shared::<Fleet>().renewed(&executor.id);
        ctx.circuit(place::breaker(&ctx)).of(&executor.id).reset().await?;
    }

    Ok(ApiResponse::created(executor))
}

step!(CONFIG, handler);

fn with_defaults(new: NewExecutor, now: Timestamp) -> Executor {
    Executor {
        id: new.id,
        kind: new.kind,
        url: new.url,
        health_url: new.health_url,
        function: new.function,
        isolated: new.isolated,
        weight: new.weight.unwrap_or(NonZeroU32::MIN),
        capabilities: new.capabilities,
        registered_at: now,
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::{Fake, fake};

    use super::*;

    fn new(rest: &Value) -> ApiRequest<NewExecutor> {
        let mut whole = json!({ "id": "gpu", "kind": "http", "capabilities": ["summarize"] });
        whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        ApiRequest::new(serde_json::from_value(whole).unwrap())
    }

    #[tokio::test]
    async fn an_executor_is_kept() {
        let (ctx, probe) = fake();

        let request = new(&json!({ "url": "https://192.0.43.8/run", "weight": 3 }));
        let reply = handler(request, ctx).await.unwrap();

        assert_eq!(reply.status, 201);
        let kept = probe.state.get(EXECUTORS, "gpu").await.unwrap().unwrap();
        assert_eq!((kept.weight.get(), kept), (3, reply.body));
    }

    #[tokio::test]
    async fn a_url_that_leads_home_is_refused_unless_that_is_allowed() {
        for url in ["http://127.0.0.1:1/run", "http://localhost:1/run"] {
            let (ctx, _probe) = fake();
            let refused = handler(new(&json!({ "url": url })), ctx).await.unwrap_err();
            let StepError::Reject(problem) = refused else { panic!("{refused}") };
            assert_eq!(problem.errors[0].pointer, "/url");
            assert!(problem.errors[0].detail.contains("private"), "{url}");

            let (ctx, _probe) = Fake::default().setting(outbound::PRIVATE, true).build();
            handler(new(&json!({ "url": url })), ctx).await.unwrap();
        }
    }

    #[tokio::test]
    async fn there_are_only_so_many_and_one_that_is_known_is_registered_anew() {
        let (ctx, _probe) = fake();
        let url = json!({ "url": "https://192.0.43.8/run" });
        for n in 0..MOST_EXECUTORS {
            let mut request = new(&url);
            request.body.id = format!("gpu-{n}");
            handler(request, ctx.clone()).await.unwrap();
        }

        let refused = handler(new(&url), ctx.clone()).await.unwrap_err();
        let mut again = new(&url);
        again.body.id = "gpu-7".into();
        handler(again, ctx).await.unwrap();

        assert_eq!(refused.status(), 409);
    }
}
