//! On `router.task.due`: finds an executor for a task, has it run there, and keeps what came of it.

use flows::task_router::{
    TASK_ROUTER, TaskDropped, TaskDue,
    attempt::{self, AS_OFTEN_AS_IT_SAYS, OF_THE_TASK},
    call::Failed,
    definition::{LONGEST_TIMEOUT, RatePerSecond},
    place,
};
use motia::prelude::*;

const CONFIG: EventConfig<TaskDue> = EventConfig::new("RunTask")
    .description("Finds an executor for a task and keeps what comes of it")
    .flows(&[TASK_ROUTER])
    .key(|due: &TaskDue| due.definition.clone())
    .concurrency_per_key_by(|due: &TaskDue| due.max_concurrent)
    .rate_limit_per_key_by(|due: &TaskDue| due.rate_limit.map(RatePerSecond::limit))
    .concurrency(512)
    .timeout(LONGEST_TIMEOUT.saturating_add(Duration::from_secs(60)))
    .retry(Retry::exponential(1000, Duration::from_millis(200)).max_delay(Duration::from_secs(30)))
    .retry_class(&[(OF_THE_TASK, AS_OFTEN_AS_IT_SAYS)])
    .on_ended::<TaskDropped>();

async fn handler(due: TaskDue, ctx: Context) -> StepResult {
    let Some((seen, contract)) = attempt::wanted(&ctx, &due).await? else { return Ok(()) };
    let definition = &contract.definition;

    let place = match place::find(&ctx, &seen.task, definition).await? {
        Ok(place) => place,
        Err(wait) => return attempt::postpone(&ctx, &seen.task, &wait).await,
    };
    // Kept before the executor hears of it: whatever happens then, it is known that it was begun.
    let Some(task) = attempt::begin(&ctx, seen, &place).await? else { return Ok(()) };

    let check = |output: &Value| attempt::check_output(&contract, output);
    match place.run(&ctx, &task, definition, check).await {
        Ok(output) => attempt::complete(&ctx, &task, definition, output).await,
        Err(Failed::Fault(fault, after)) => {
            let again = attempt::again(&ctx, definition, &fault, after);
            attempt::fail(&ctx, &task.id, fault, again).await
        }
        // The app goes down, which is not the task's fault; or nobody wants it any more.
        Err(Failed::Cancelled) => Err(StepError::postpone(Duration::ZERO, "stopped")),
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use flows::{
        executor,
        task_router::{
            amount::Span,
            definition::{Definition, RetryPolicy},
            executor::{EXECUTORS, Executor, Kind},
            lineage,
            record::{RESULTS, TASKS},
            safety::SafetyRules,
            task::{Fault, FaultReason, Status, Task},
        },
    };
    use motia_testkit::{Fake, Probe};

    use super::*;

    async fn shout(text: String) -> StepResult<String> {
        match text.as_str() {
            "break" => Err(StepError::retry("it broke")),
            "refuse" => Err(StepError::fatal("never")),
            "panic" => panic!("it panics"),
            "number" => Ok(String::new()),
            text => Ok(text.to_uppercase()),
        }
    }
    executor!("shout", shout);

    fn definition() -> Definition {
        Definition {
            task_id: "shout".into(),
            name: "Shout".into(),
            version: "1".parse().unwrap(),
            input_schema: json!({ "type": "string" }),
            output_schema: json!({ "type": "string", "minLength": 1 }),
            timeout: Span::secs(30),
            retry_policy: RetryPolicy {
                max_attempts: NonZeroU32::new(2).unwrap(),
                backoff_initial: Span::secs(7),
                backoff_max: Span::secs(60),
                backoff_factor: 2.0,
            },
            rate_limit: None,
            resource_quota: None,
            priority: Priority::NORMAL,
            cache_ttl: Some(Span::secs(60)),
            requires: vec!["shout".into()],
            sticky: false,
            safety: SafetyRules::default(),
        }
    }

    fn local(capability: &str) -> Executor {
        Executor {
            id: "here".into(),
            kind: Kind::Local,
            url: None,
            health_url: None,
            function: Some("shout".into()),
            isolated: false,
            weight: NonZeroU32::MIN,
            capabilities: vec![capability.into()],
            registered_at: Timestamp::UNIX_EPOCH,
        }
    }

    async fn given(fake: Fake, input: &str) -> (Context, Probe) {
        let (ctx, probe) = fake.build();
        lineage::take_in(&ctx, &definition(), None).await.unwrap().unwrap();
        probe.state.set(EXECUTORS, "here", &local("shout")).await.unwrap();
        let version = definition().version;
        let task = Task::submitted("t-1".into(), "shout".into(), version, ctx.now());
        let task = Task { input: json!(input), ..task };
        probe.state.set(TASKS, "t-1", &task).await.unwrap();
        (ctx, probe)
    }

    fn due() -> TaskDue {
        let (id, definition) = ("t-1".into(), definition().key());
        TaskDue { id, definition, max_concurrent: None, rate_limit: None }
    }

    async fn task(probe: &Probe) -> Task {
        probe.state.get(TASKS, "t-1").await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_task_is_run_and_its_output_kept_for_equal_inputs() {
        let (ctx, probe) = given(Fake::default(), "hello").await;

        handler(due(), ctx).await.unwrap();

        let task = task(&probe).await;
        assert_eq!((task.status, task.output), (Status::Completed, Some(json!("HELLO"))));
        assert_eq!(task.attempts[0].executor, "here");
        let key = definition().result_key(&json!("hello")).unwrap();
        assert_eq!(probe.state.get(RESULTS, &key).await.unwrap(), Some(json!("HELLO")));
    }

    #[tokio::test]
    async fn a_failure_is_tried_again_as_the_definition_says() {
        let (ctx, probe) = given(Fake::default(), "break").await;

        let failed = handler(due(), ctx).await.unwrap_err();

        assert_eq!(failed.least_delay(), Some(Duration::from_secs(7)));
        let task = task(&probe).await;
        assert_eq!(
            (task.status, task.error.unwrap().reason),
            (Status::Retrying, FaultReason::Broken)
        );
    }

    #[tokio::test]
    async fn after_the_last_attempt_it_is_given_up() {
        let (ctx, probe) = given(Fake::default().attempt(2), "panic").await;

        assert!(handler(due(), ctx).await.unwrap_err().is_fatal());

        assert_eq!(task(&probe).await.status, Status::Failed);
    }

    #[tokio::test]
    async fn what_the_executor_refuses_is_not_tried_again() {
        let (ctx, probe) = given(Fake::default(), "refuse").await;

        assert!(handler(due(), ctx).await.unwrap_err().is_fatal());

        assert_eq!(task(&probe).await.error.unwrap().reason, FaultReason::Refused);
    }

    #[tokio::test]
    async fn an_output_that_breaks_its_schema_is_no_output() {
        let (ctx, probe) = given(Fake::default().attempt(2), "number").await;

        let failed = handler(due(), ctx).await.unwrap_err();

        assert!(failed.to_string().starts_with("output_schema: "), "{failed}");
        let task = task(&probe).await;
        assert_eq!((task.status, task.output), (Status::Failed, None));
    }

    #[tokio::test]
    async fn without_an_executor_it_waits_and_says_what_for() {
        let (ctx, probe) = given(Fake::default(), "hello").await;
        probe.state.set(EXECUTORS, "here", &local("whisper")).await.unwrap();

        let postponed = handler(due(), ctx).await.unwrap_err();

        assert!(postponed.postponed().is_some());
        let task = task(&probe).await;
        assert_eq!(task.waiting_for.as_deref(), Some("no executor is capable of it"));
        assert_eq!((task.status, task.attempts.len()), (Status::Pending, 0));
    }

    #[tokio::test]
    async fn what_the_process_died_with_in_its_last_attempt_is_given_up_and_says_so() {
        let (ctx, probe) = given(Fake::default().attempt(3), "hello").await;

        assert!(handler(due(), ctx).await.unwrap_err().is_fatal());

        assert_eq!(task(&probe).await.error.unwrap().reason, FaultReason::Unknown);
    }

    #[tokio::test]
    async fn a_task_that_was_cancelled_is_not_run() {
        let (ctx, probe) = given(Fake::default(), "hello").await;
        let mut cancelled = task(&probe).await;
        cancelled.cancel(ctx.now()).unwrap();
        probe.state.set(TASKS, "t-1", &cancelled).await.unwrap();

        handler(due(), ctx).await.unwrap();

        assert_eq!(task(&probe).await, cancelled);
    }

    #[tokio::test]
    async fn one_that_failed_is_run_when_it_is_redriven_and_else_laid_to_rest() {
        let (ctx, probe) = given(Fake::default(), "hello").await;
        let mut failed = task(&probe).await;
        failed.fail(Fault::new(FaultReason::Broken, "x"), false, ctx.now()).unwrap();
        probe.state.set(TASKS, "t-1", &failed).await.unwrap();

        handler(due(), ctx).await.unwrap();

        assert_eq!(task(&probe).await.status, Status::Completed);
    }
}
