//! `POST /router/tasks`: takes a task in, once its input has passed the definition's schema and the content
//! rules.

use flows::task_router::{
    TASK_ROUTER, TaskDue, admission,
    submission::{self, NewTask, Submitted},
};
use motia::prelude::*;
use uuid::Uuid;

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
    let (new, id) = (req.body, Uuid::now_v7());
    let memo = new.memo()?;
    if let Some(memo) = &memo
        && let Some(earlier) = memo.earlier(&ctx).await?
    {
        return Ok(ApiResponse::accepted(earlier));
    }

    let contract = admission::contract(&ctx, &new, id).await?;
    admission::check(&contract, &new.input)?;

    let task = new.into_task(&ctx, &contract.definition, id).await?;
    let submitted = submission::keep(&ctx, &task, &contract.definition, memo.as_ref()).await?;

    let location = format!("/router/tasks/{}", submitted.id);
    Ok(ApiResponse::accepted(submitted).header("location", &location))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use flows::task_router::{
        amount::{Bytes, Span},
        definition::{Definition, RetryPolicy},
        lineage,
        record::{RESULTS, TASKS},
        safety::{PatternRule, SafetyRules},
        settings::{ROUTER_CLIENT_BURST, ROUTER_CLIENT_RATE},
        task::Status,
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
    async fn of_the_rate_nothing_is_used_by_what_is_not_kept() {
        let one = NonZeroU32::MIN;
        let fake = Fake::default().setting(ROUTER_CLIENT_RATE, one);
        let (ctx, _probe) = fake.setting(ROUTER_CLIENT_BURST, one).build();
        defined(&ctx, &definition("1")).await;
        let submit = |key: &str| handler(new(&json!({ "idempotencyKey": key })), ctx.clone());

        let first = submit("k-1").await.unwrap();
        let again = submit("k-1").await.unwrap();

        assert_eq!(first.body, again.body);
        assert_eq!(submit("k-2").await.unwrap_err().status().as_u16(), 429);
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
