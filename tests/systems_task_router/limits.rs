//! Quotas, rates, circuits and timeouts under paused time, with functions of this test.

use std::{num::NonZeroU32, time::Duration};

use flows::{
    executor,
    task_router::{record::TASKS, settings, task::Status},
};
use motia::prelude::*;
use motia_testkit::TestApp;
use parking_lot::Mutex;
use steps as _;

use super::client::definition;

/// Who runs at once, and who did at most, by the label that the input names.
static RUNNING: Mutex<Vec<(String, u32, u32)>> = Mutex::new(Vec::new());

fn running<T>(label: &str, change: impl FnOnce(&mut u32, &mut u32) -> T) -> T {
    let mut running = RUNNING.lock();
    if !running.iter().any(|(known, ..)| known == label) {
        running.push((label.to_owned(), 0, 0));
    }
    let (_, now, most) = running.iter_mut().find(|(known, ..)| known == label).unwrap();
    change(now, most)
}

#[derive(Deserialize)]
struct Work {
    text: String,
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    fails_until: Option<Timestamp>,
}

/// Takes its time, and fails until an instant has come by the clock of paused time.
async fn toil(work: Work) -> StepResult<Value> {
    running(&work.text, |now, most| {
        *now += 1;
        *most = (*most).max(*now);
    });
    let _left = Left(work.text.clone());
    tokio::time::sleep(Duration::from_millis(work.ms)).await;
    if let Some(until) = work.fails_until
        && elapsed() < until.duration_since(motia_testkit::START).unsigned_abs()
    {
        return Err(StepError::retry("not well"));
    }
    Ok(json!({ "text": work.text }))
}
executor!("toil", toil);

struct Left(String);

impl Drop for Left {
    fn drop(&mut self) {
        running(&self.0, |now, _| *now -= 1);
    }
}

thread_local! {
    /// When the test's app began.
    static BEGAN: std::cell::Cell<Option<tokio::time::Instant>> = const { std::cell::Cell::new(None) };
}

/// How long the test's app has been going; a paused runtime has one thread.
fn elapsed() -> Duration {
    BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed())
}

async fn app(definition_rest: &Value, executor: &Value) -> TestApp {
    app_with(TestApp::builder(), definition_rest, executor).await
}

async fn app_with(
    builder: motia_testkit::TestAppBuilder,
    definition_rest: &Value,
    executor: &Value,
) -> TestApp {
    BEGAN.set(Some(tokio::time::Instant::now()));
    let app = builder.start().await;
    let mut whole = definition(&json!({ "inputSchema": true }));
    whole.as_object_mut().unwrap().extend(definition_rest.as_object().unwrap().clone());
    let defined = app.post("/router/definitions").json(&whole).send().await;
    assert_eq!(defined.status, 201, "{}", defined.text());
    let mut new = json!({ "id": "toil", "kind": "local", "weight": 1, "capabilities": ["echo"] });
    new.as_object_mut().unwrap().extend(executor.as_object().unwrap().clone());
    assert_eq!(app.post("/router/executors").json(&new).send().await.status, 201);
    app
}

async fn submit(app: &TestApp, input: &Value) -> String {
    let task = json!({ "taskId": "echo", "input": input });
    let reply = app.post("/router/tasks").json(&task).send().await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.value()["id"].as_str().unwrap().to_owned()
}

async fn task(app: &TestApp, id: &str) -> flows::task_router::task::Task {
    app.state.get(TASKS, id).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_of_a_definition_run_at_once_than_its_quota_lets() {
    let app = app(&json!({ "resourceQuota": { "maxConcurrent": 3 } }), &json!({})).await;
    for _ in 0..20 {
        submit(&app, &json!({ "text": "quota", "ms": 1000 })).await;
    }

    let began = app.now();
    app.empty().await;

    assert_eq!(running("quota", |_, most| *most), 3);
    // Seven rounds of a second, and the others meanwhile: it uses what it may.
    let took = app.now().duration_since(began).unsigned_abs();
    assert!(took >= Duration::from_secs(7) && took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_of_an_executor_run_at_once_than_the_setting_lets_and_no_attempt_is_lost() {
    let two = NonZeroU32::new(2).unwrap();
    let builder = TestApp::builder().setting(settings::EXECUTOR_MAX_CONCURRENT, two);
    let once = json!({ "retryPolicy": { "maxAttempts": 1 } });
    let app = app_with(builder, &once, &json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..9 {
        ids.push(submit(&app, &json!({ "text": "seats", "ms": 1000 })).await);
    }

    app.empty().await;

    assert_eq!(running("seats", |_, most| *most), 2);
    for id in ids {
        let task = task(&app, &id).await;
        assert_eq!((task.status, task.attempts.len()), (Status::Completed, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_definition_start_as_often_as_its_rate_lets_and_the_others_wait() {
    let rate = json!({ "rateLimit": { "requestsPerSecond": 2, "burstSize": 4 } });
    let app = app(&rate, &json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..14 {
        ids.push(submit(&app, &json!({ "text": "rate" })).await);
    }

    app.empty().await;

    let mut starts = Vec::new();
    for id in &ids {
        starts.push(task(&app, id).await.attempts[0].started_at);
    }
    starts.sort();
    for (n, first) in starts.iter().enumerate() {
        let within =
            |at: &&Timestamp| at.duration_since(*first).unsigned_abs() < Duration::from_secs(2);
        let count = starts[n..].iter().filter(within).count();
        assert!(count <= 4 + 4, "{count} starts in two seconds");
    }
    let took = starts[13].duration_since(starts[0]).unsigned_abs();
    assert!(took >= Duration::from_millis(4900), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_circuit_opens_after_its_failures_lets_one_through_and_closes_when_that_works() {
    let policy = json!({ "retryPolicy": {
        "maxAttempts": 7, "backoffInitial": "100ms", "backoffMax": "100ms", "backoffFactor": 1.0,
    } });
    let app = app(&policy, &json!({})).await;
    // It is not well for 45 s: five failures open the circuit, the trial after 30 s fails, the one after
    // another 30 s works.
    let well_again = motia_testkit::START + Duration::from_secs(45);
    let id = submit(&app, &json!({ "text": "circuit", "fails_until": well_again })).await;

    app.empty().await;

    let done = task(&app, &id).await;
    assert_eq!((done.status, done.attempts.len()), (Status::Completed, 7), "{done:?}");
    let pauses: Vec<u64> = done
        .attempts
        .windows(2)
        .map(|two| two[1].started_at.duration_since(two[0].started_at).unsigned_abs().as_secs())
        .collect();
    assert!(pauses[..4].iter().all(|pause| *pause < 2), "{pauses:?}");
    assert!(pauses[4..].iter().all(|pause| (29..33).contains(pause)), "{pauses:?}");
    let health = app.get("/router/health").send().await.value();
    assert_eq!(health["executors"][0]["circuit"]["state"], "closed");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_the_attempt_and_the_function_with_it() {
    let policy = json!({ "timeout": "5s", "retryPolicy": { "maxAttempts": 2 } });
    let app = app(&policy, &json!({})).await;
    let id = submit(&app, &json!({ "text": "timeout", "ms": 60_000 })).await;

    app.empty().await;

    let task = task(&app, &id).await;
    assert_eq!((task.status, task.attempts.len()), (Status::Failed, 2));
    for attempt in &task.attempts {
        let took = attempt.ended_at.unwrap().duration_since(attempt.started_at).unsigned_abs();
        assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(6), "{took:?}");
    }
    assert_eq!(running("timeout", |now, _| *now), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_waits_as_the_definition_says() {
    let policy = json!({ "retryPolicy": {
        "maxAttempts": 4, "backoffInitial": "10s", "backoffMax": "35s", "backoffFactor": 2.0,
    } });
    let app = app(&policy, &json!({})).await;
    let never = motia_testkit::START + Duration::from_secs(1_000_000);
    let id = submit(&app, &json!({ "text": "backoff", "fails_until": never })).await;

    app.empty().await;

    let starts: Vec<_> = task(&app, &id).await.attempts.iter().map(|one| one.started_at).collect();
    let pauses: Vec<u64> = starts
        .windows(2)
        .map(|two| two[1].duration_since(two[0]).unsigned_abs().as_secs())
        .collect();
    assert_eq!(pauses, [10, 20, 35]);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_task_goes_before_those_that_wait() {
    let app = app(&json!({ "resourceQuota": { "maxConcurrent": 1 } }), &json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(submit(&app, &json!({ "text": "urgent", "ms": 1000 })).await);
    }
    let urgent = json!({ "taskId": "echo", "input": { "text": "urgent" }, "priority": 9 });
    let reply = app.post("/router/tasks").json(&urgent).send().await.value();

    app.empty().await;

    let started = task(&app, reply["id"].as_str().unwrap()).await.attempts[0].started_at;
    assert!(started < task(&app, &ids[2]).await.attempts[0].started_at);
}

#[tokio::test(start_paused = true)]
async fn tasks_wait_for_an_executor_however_long_it_takes_to_come() {
    let app =
        app(&json!({ "retryPolicy": { "maxAttempts": 1 } }), &json!({ "capabilities": ["x"] }))
            .await;
    let id = submit(&app, &json!({ "text": "late" })).await;
    app.advance(Duration::from_secs(600)).await;
    assert_eq!(task(&app, &id).await.waiting_for.as_deref(), Some("no executor is capable of it"));

    let new = json!({ "id": "toil", "kind": "local", "weight": 1, "capabilities": ["echo"] });
    app.post("/router/executors").json(&new).send().await;
    app.empty().await;

    assert_eq!(task(&app, &id).await.status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_over_is_forgotten_after_its_time() {
    let a_minute = Span(Duration::from_secs(60));
    let builder = TestApp::builder().setting(settings::ROUTER_KEEP_TASKS, a_minute);
    let app = app_with(builder, &json!({}), &json!({})).await;
    let id = submit(&app, &json!({ "text": "old" })).await;
    app.empty().await;
    assert_eq!(task(&app, &id).await.status, Status::Completed);

    app.advance(Duration::from_secs(61)).await;

    assert!(app.state.get(TASKS, &id).await.unwrap().is_none());
}
