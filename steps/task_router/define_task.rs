//! `POST /router/definitions`: takes in a version of a task, once its schemas compile.

use flows::task_router::{
    TASK_ROUTER,
    amount::Span,
    contract::Contract,
    definition::{
        Definition, LONGEST_TIMEOUT, MOST_ATTEMPTS, RatePerSecond, ResourceQuota, RetryPolicy,
    },
    lineage::{self, NotOffered},
    safety::SafetyRules,
    settings::{DEFAULT_TASK_TIMEOUT, MAX_RETRY_ATTEMPTS, common_safety},
    version::Version,
};
use motia::{prelude::*, schema::Violation};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewDefinition {
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"))]
    task_id: String,
    #[schemars(length(min = 1, max = 200))]
    name: String,
    version: Version,
    input_schema: Value,
    output_schema: Value,
    timeout: Option<Span>,
    #[serde(default)]
    retry_policy: NewPolicy,
    rate_limit: Option<RatePerSecond>,
    resource_quota: Option<ResourceQuota>,
    #[serde(default)]
    priority: Priority,
    cache_ttl: Option<Span>,
    /// What an executor must be capable of; the `taskId` where nothing is said.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 100)))]
    requires: Option<Vec<String>>,
    #[serde(default)]
    sticky: bool,
    #[serde(default)]
    safety: SafetyRules,
    /// The share of the traffic that it gets at first; all where nothing is said.
    #[schemars(range(min = 0.0, max = 1.0))]
    rollout: Option<f64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPolicy {
    #[schemars(range(min = 1, max = 100))]
    max_attempts: Option<std::num::NonZeroU32>,
    backoff_initial: Option<Span>,
    backoff_max: Option<Span>,
    #[schemars(range(min = 1.0, max = 100.0))]
    backoff_factor: Option<f64>,
}

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
    let definition = complete(req.body, &ctx);

    let mut faults = out_of_range(&definition);
    faults.extend(Contract::of(&definition, &common_safety(&ctx)).err().into_iter().flatten());
    if !faults.is_empty() {
        return Err(StepError::Reject(Box::new(Problem::violations(faults))));
    }
    match lineage::take_in(&ctx, &definition, rollout).await? {
        Ok(()) => {}
        Err(NotOffered::Exists) => {
            let detail = "there is this version already, and definitions never change";
            return Err(StepError::reject(StatusCode::CONFLICT, detail));
        }
        Err(NotOffered::TooMany) => {
            let detail = format!("a task has {} versions at most", lineage::MOST_VERSIONS);
            return Err(StepError::reject(StatusCode::CONFLICT, detail));
        }
    }
    let key = definition.key();
    ctx.logger.info("task defined", json!({ "definition": key }));

    Ok(ApiResponse::created(definition).header("location", &format!("/router/definitions/{key}")))
}

step!(CONFIG, handler);

/// The definition with what it leaves to the settings.
fn complete(new: NewDefinition, ctx: &Context) -> Definition {
    let policy = new.retry_policy;
    let attempts = || ctx.setting(MAX_RETRY_ATTEMPTS);
    Definition {
        requires: new.requires.unwrap_or_else(|| vec![new.task_id.clone()]),
        task_id: new.task_id,
        name: new.name,
        version: new.version,
        input_schema: new.input_schema,
        output_schema: new.output_schema,
        timeout: new.timeout.unwrap_or_else(|| Span(ctx.setting(DEFAULT_TASK_TIMEOUT).get())),
        retry_policy: RetryPolicy {
            max_attempts: policy.max_attempts.unwrap_or_else(attempts),
            backoff_initial: policy.backoff_initial.unwrap_or(Span::secs(1)),
            backoff_max: policy.backoff_max.unwrap_or(Span::secs(30)),
            backoff_factor: policy.backoff_factor.unwrap_or(2.0),
        },
        rate_limit: new.rate_limit,
        resource_quota: new.resource_quota,
        priority: new.priority,
        cache_ttl: new.cache_ttl,
        sticky: new.sticky,
        safety: new.safety,
    }
}

/// What is longer or shorter than it may be.
fn out_of_range(definition: &Definition) -> Vec<Violation> {
    let mut faults = Vec::new();
    if definition.timeout.0.is_zero() || definition.timeout.0 > LONGEST_TIMEOUT {
        faults.push(Violation::new("/timeout", "is more than none, and an hour at most"));
    }
    if definition.retry_policy.max_attempts.get() > MOST_ATTEMPTS {
        let detail = format!("is {MOST_ATTEMPTS} at most");
        faults.push(Violation::new("/retryPolicy/maxAttempts", detail));
    }
    if definition.cache_ttl.is_some_and(|ttl| ttl.0.is_zero()) {
        faults.push(Violation::new("/cacheTtl", "is more than none"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use flows::task_router::{definition::DEFINITIONS, lineage::LINEAGES};
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
