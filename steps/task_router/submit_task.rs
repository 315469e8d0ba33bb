//! `POST /router/tasks`: takes a task in, once its input has passed the definition's schema and the content
//! rules.

use flows::task_router::{
    TASK_ROUTER, TaskDue,
    contract::{Contract, Contracts},
    definition::{DEFINITIONS, Definition},
    fingerprint,
    lineage::LINEAGES,
    record::{RESULTS, SUBMISSIONS, Submission, TASKS, kept},
    settings::{
        ROUTER_CLIENT_BURST, ROUTER_CLIENT_RATE, ROUTER_CONTRACTS_KEPT, ROUTER_KEEP_TASKS,
        common_safety,
    },
    task::{Status, Task},
    version::Version,
};
use http::{HeaderValue, header::RETRY_AFTER};
use motia::{prelude::*, schema::Violation};
use uuid::Uuid;

/// Who submits a task and does not say who they are.
const ANYBODY: &str = "anybody";
/// How long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewTask {
    #[schemars(length(min = 1, max = 100))]
    task_id: String,
    /// The newest where nothing is said, or one that is being rolled out.
    version: Option<Version>,
    input: Value,
    #[schemars(length(min = 1, max = 200))]
    client_id: Option<String>,
    priority: Option<Priority>,
    /// A task that is submitted again with it is not run again.
    #[schemars(length(min = 1, max = 200))]
    idempotency_key: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Submitted {
    id: String,
    status: Status,
}

type Emits = (TaskDue,);

const CONFIG: ApiConfig<NewTask, Submitted, Emits> = ApiConfig::post("SubmitTask", "/router/tasks")
    .description("Takes a task in")
    .flows(&[TASK_ROUTER])
    .status(202)
    .replies(&[
        rejection(400, "the input breaks the definition's schema; `errors` has all"),
        rejection(404, "there is no such definition"),
        rejection(409, "the idempotency key was used for another task"),
        rejection(422, "the input breaks a content rule; `errors` names the rule"),
        rejection(429, "the client submits more than it may; try again after `Retry-After`"),
    ]);

async fn handler(
    req: ApiRequest<NewTask>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<Submitted>> {
    let new = req.body;
    let asked = fingerprint::of(&new).map_err(StepError::fatal)?;
    let client = new.client_id.as_deref().unwrap_or(ANYBODY);
    let memo = match &new.idempotency_key {
        Some(key) => Some(fingerprint::of(&(client, key)).map_err(StepError::fatal)?),
        None => None,
    };
    if let Some(earlier) = earlier(&ctx, memo.as_deref(), &asked).await? {
        return Ok(ApiResponse::accepted(earlier));
    }

    let id = Uuid::now_v7().to_string();
    let definition = definition_of(&ctx, &new, &id).await?;
    check(&ctx, &definition, &new.input)?;
    within_rate(&ctx, client).await?;
    let task = make_task(&ctx, new, &definition, id).await?;

    loop {
        let mut tx = ctx.transaction();
        if let Some(memo) = &memo {
            // A submission whose task is forgotten is read all the same: only one may take its place.
            if tx.get(SUBMISSIONS, memo).await?.is_some()
                && let Some(earlier) = earlier(&ctx, Some(memo), &asked).await?
            {
                return Ok(ApiResponse::accepted(earlier));
            }
            let submission = Submission { id: task.id.clone(), asked: asked.clone() };
            tx.set_for(SUBMISSIONS, memo, &submission, REMEMBERED);
        }
        if task.status.is_over() {
            tx.set_for(TASKS, &task.id, &task, ctx.setting(ROUTER_KEEP_TASKS).get());
        } else {
            tx.set(TASKS, &task.id, &task);
            let options = EmitOptions::new().priority(task.priority).cancel_key(task.id.as_str());
            tx.emit_with(due(&task, &definition), options);
        }
        if kept(tx.commit().await)? {
            break;
        }
    }

    let location = format!("/router/tasks/{}", task.id);
    Ok(ApiResponse::accepted(told(&task)).header("location", &location))
}

step!(CONFIG, handler);

fn told(task: &Task) -> Submitted {
    Submitted { id: task.id.clone(), status: task.status }
}

fn due(task: &Task, definition: &Definition) -> TaskDue {
    TaskDue {
        id: task.id.clone(),
        definition: definition.key(),
        max_concurrent: definition.quota().max_concurrent,
        rate_limit: definition.rate_limit,
    }
}

/// The task that was submitted before under the same key.
async fn earlier(
    ctx: &Context<Emits>,
    memo: Option<&str>,
    asked: &str,
) -> StepResult<Option<Submitted>> {
    let Some(memo) = memo else { return Ok(None) };
    let Some(submission) = ctx.state.get(SUBMISSIONS, memo).await? else { return Ok(None) };
    if submission.asked != asked {
        let detail = "the idempotency key was used for another task";
        return Err(StepError::reject(StatusCode::CONFLICT, detail));
    }
    let task = ctx.state.get(TASKS, &submission.id).await?;
    Ok(task.as_ref().map(told))
}

/// The definition that is named, or the one that falls to the client.
async fn definition_of(ctx: &Context<Emits>, new: &NewTask, id: &str) -> StepResult<Definition> {
    let gone = || StepError::reject(StatusCode::NOT_FOUND, "there is no such definition");
    let version = match &new.version {
        Some(version) => version.clone(),
        None => {
            let lineage = ctx.state.get(LINEAGES, &new.task_id).await?.ok_or_else(gone)?;
            let who = new.client_id.as_deref().unwrap_or(id);
            lineage.version_for(who).cloned().ok_or_else(gone)?
        }
    };
    let key = Definition::key_of(&new.task_id, &version);
    ctx.state.get(DEFINITIONS, &key).await?.ok_or_else(gone)
}

/// Refuses an input that breaks the schema, or a content rule.
fn check(ctx: &Context<Emits>, definition: &Definition, input: &Value) -> StepResult {
    let kept = ctx.setting(ROUTER_CONTRACTS_KEPT);
    let contract = ctx.shared::<Contracts>().get(definition, &common_safety(ctx), kept);
    let contract: std::sync::Arc<Contract> = contract.map_err(|faults| {
        StepError::fatal(format!("a definition does not compile: {}", faults[0]))
    })?;
    if let Err(violations) = contract.input.check(input) {
        let below =
            |found: Violation| Violation::new(format!("/input{}", found.pointer), found.detail);
        let violations = violations.into_iter().map(below).collect();
        return Err(StepError::Reject(Box::new(Problem::violations(violations))));
    }
    let breaches = contract.screen.breaches(input, input.to_string().len() as u64);
    if let Some(first) = breaches.first() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY);
        let problem = problem.detail(format!("the input {}", first.detail));
        return Err(StepError::Reject(Box::new(Problem { errors: breaches, ..problem })));
    }
    Ok(())
}

/// Refuses what is beyond the client's rate.
async fn within_rate(ctx: &Context<Emits>, client: &str) -> StepResult {
    let rate =
        RateLimit::token_bucket(ctx.setting(ROUTER_CLIENT_RATE).get(), Duration::from_secs(1))
            .burst(ctx.setting(ROUTER_CLIENT_BURST).get());
    match ctx.take(Limit::new("router-clients", rate), client).await? {
        Taken::Granted { .. } => Ok(()),
        Taken::Refused { retry_after } => {
            let secs = (retry_after.as_millis().div_ceil(1000)).max(1);
            let secs = HeaderValue::from(u64::try_from(secs).unwrap_or(u64::MAX));
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS)
                .detail("the client submits more than it may")
                .header(RETRY_AFTER, secs);
            Err(StepError::Reject(Box::new(problem)))
        }
    }
}

/// The task; completed at once, if its output is known.
async fn make_task(
    ctx: &Context<Emits>,
    new: NewTask,
    definition: &Definition,
    id: String,
) -> StepResult<Task> {
    let (task_id, version) = (definition.task_id.clone(), definition.version.clone());
    let mut task = Task {
        client_id: new.client_id,
        priority: new.priority.unwrap_or(definition.priority),
        ..Task::submitted(id, task_id, version, ctx.now())
    };
    if definition.cache_ttl.is_some() {
        let key = definition.result_key(&new.input).map_err(StepError::fatal)?;
        if let Some(output) = ctx.state.get(RESULTS, &key).await? {
            task.complete(output, ctx.now())?;
            task.cached = true;
        }
    }
    task.input = new.input;
    Ok(task)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use flows::task_router::{
        amount::{Bytes, Span},
        definition::RetryPolicy,
        lineage,
        safety::{PatternRule, SafetyRules},
    };
    use motia_testkit::{Fake, Probe, fake};

    use super::*;

    fn definition(version: &str) -> Definition {
        Definition {
            task_id: "summarize".into(),
            name: "Summarize".into(),
            version: version.parse().unwrap(),
            input_schema: json!({
                "type": "object",
                "required": ["text"],
                "properties": { "text": { "type": "string" }, "sentences": { "minimum": 1 } },
            }),
            output_schema: json!(true),
            timeout: Span::secs(30),
            retry_policy: RetryPolicy {
                max_attempts: NonZeroU32::MIN,
                backoff_initial: Span::secs(1),
                backoff_max: Span::secs(1),
                backoff_factor: 1.0,
            },
            rate_limit: None,
            resource_quota: None,
            priority: Priority::LOW,
            cache_ttl: Some(Span::secs(60)),
            requires: vec!["summarize".into()],
            sticky: false,
            safety: SafetyRules {
                max_bytes: Some(Bytes(200)),
                deny_words: vec![],
                deny_patterns: vec![PatternRule { name: "card".into(), pattern: "\\d{16}".into() }],
            },
        }
    }

    async fn defined(ctx: &Context<Emits>, definition: &Definition) {
        lineage::take_in(ctx, definition, None).await.unwrap().unwrap();
    }

    fn new(rest: &Value) -> ApiRequest<NewTask> {
        let mut whole = json!({ "taskId": "summarize", "input": { "text": "long" } });
        whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        ApiRequest::new(serde_json::from_value(whole).unwrap())
    }

    async fn refused(ctx: Context<Emits>, probe: &Probe, rest: &Value) -> Problem {
        let error = handler(new(rest), ctx).await.unwrap_err();
        assert_eq!(probe.emissions(), []);
        match error {
            StepError::Reject(problem) => *problem,
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_task_is_kept_and_sent_on_its_way_with_its_urgency() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;
        defined(&ctx, &definition("2")).await;

        let reply = handler(new(&json!({ "priority": 5 })), ctx.clone()).await.unwrap();
        handler(new(&json!({ "version": "1" })), ctx).await.unwrap();

        assert_eq!((reply.status, reply.body.status), (StatusCode::ACCEPTED, Status::Pending));
        let task = probe.state.get(TASKS, &reply.body.id).await.unwrap().unwrap();
        assert_eq!(task.input, json!({ "text": "long" }));
        let due = probe.emitted::<TaskDue>();
        assert_eq!(
            (&*due[0].definition, &*due[1].definition),
            ("summarize/2.0.0", "summarize/1.0.0")
        );
        let sent = probe.emissions();
        assert_eq!((sent[0].priority, sent[1].priority), (Priority::HIGH, Priority::LOW));
        assert_eq!(sent[0].cancel_key.as_deref(), Some(task.id.as_str()));
        assert_eq!(sent[0].key.as_deref(), Some("summarize/2.0.0"));
    }

    #[tokio::test]
    async fn an_input_that_breaks_the_schema_is_refused_with_every_place() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;

        let problem = refused(ctx, &probe, &json!({ "input": { "sentences": 0 } })).await;

        let places: Vec<_> = problem.errors.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            (problem.status.as_u16(), places),
            (400, vec!["/input/sentences", "/input/text"])
        );
    }

    #[tokio::test]
    async fn a_content_rule_is_named_and_the_content_is_not() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;
        let card = json!({ "input": { "text": "pay with 4111111111111111" } });

        let problem = refused(ctx, &probe, &card).await;

        assert_eq!(problem.status, 422);
        let told = problem.to_json(TraceId::random()).to_string();
        assert!(told.contains("`card`") && !told.contains("4111"), "{told}");
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused_by_the_rule_of_the_size() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;

        let problem = refused(ctx, &probe, &json!({ "input": { "text": "x".repeat(300) } })).await;

        assert!(problem.detail.unwrap().contains("`too-large`"));
    }

    #[tokio::test]
    async fn an_unknown_definition_is_not_found() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;

        for rest in [json!({ "taskId": "fly" }), json!({ "version": "9.0.0" })] {
            assert_eq!(refused(ctx.clone(), &probe, &rest).await.status, 404);
        }
    }

    #[tokio::test]
    async fn a_client_that_submits_more_than_it_may_is_told_when_to_come_again() {
        let one = NonZeroU32::MIN;
        let fake = Fake::default().setting(ROUTER_CLIENT_RATE, one);
        let (ctx, probe) = fake.setting(ROUTER_CLIENT_BURST, one).build();
        defined(&ctx, &definition("1")).await;
        let submit = |client: &str| handler(new(&json!({ "clientId": client })), ctx.clone());

        submit("anna").await.unwrap();
        let refused = submit("anna").await.unwrap_err();
        submit("bert").await.unwrap();
        probe.advance(Duration::from_secs(1));
        submit("anna").await.unwrap();

        let StepError::Reject(problem) = refused else { panic!("{refused}") };
        assert_eq!(
            (problem.status.as_u16(), &problem.headers["retry-after"]),
            (429, &"1".parse().unwrap())
        );
    }

    #[tokio::test]
    async fn a_task_under_the_same_key_is_not_run_again_and_another_one_is_refused() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;
        let keyed = json!({ "idempotencyKey": "k-1" });

        let first = handler(new(&keyed), ctx.clone()).await.unwrap();
        let again = handler(new(&keyed), ctx.clone()).await.unwrap();
        let other = json!({ "idempotencyKey": "k-1", "input": { "text": "other" } });
        let conflict = handler(new(&other), ctx).await.unwrap_err();

        assert_eq!(first.body, again.body);
        assert_eq!((conflict.status().as_u16(), probe.emissions().len()), (409, 1));
    }

    #[tokio::test]
    async fn a_task_that_is_forgotten_is_run_again_under_its_key() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;
        let keyed = json!({ "idempotencyKey": "k-1" });
        let first = handler(new(&keyed), ctx.clone()).await.unwrap();
        ctx.state.delete(TASKS, &first.body.id).await.unwrap();

        let again = handler(new(&keyed), ctx).await.unwrap();

        assert!(probe.state.get(TASKS, &again.body.id).await.unwrap().is_some());
        assert_eq!(probe.emissions().len(), 2);
    }

    #[tokio::test]
    async fn an_equal_input_gets_the_output_that_is_known() {
        let (ctx, probe) = fake();
        let definition = definition("1");
        defined(&ctx, &definition).await;
        let key = definition.result_key(&json!({ "text": "long" })).unwrap();
        probe.state.set(RESULTS, &key, &json!("short")).await.unwrap();

        let reply = handler(new(&json!({})), ctx).await.unwrap();

        assert_eq!(reply.body.status, Status::Completed);
        let task = probe.state.get(TASKS, &reply.body.id).await.unwrap().unwrap();
        assert_eq!((task.output, task.cached), (Some(json!("short")), true));
        assert_eq!(probe.emissions(), []);
    }

    #[tokio::test]
    async fn a_task_that_cannot_be_kept_is_not_acknowledged() {
        let (ctx, probe) = fake();
        defined(&ctx, &definition("1")).await;
        probe.break_store().await;

        assert!(handler(new(&json!({})), ctx).await.is_err());
    }
}
