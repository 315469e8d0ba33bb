//! Schedules, the circuit and the pace, under time that the test moves. The provider is a real one, on a
//! thread of its own; while it is asked, time stands still.

use std::time::Duration;

use flows::task_queue::{
    MODEL,
    board::TASKS,
    fastapi,
    pace::{KNOWN, PROVIDER, Pace},
    settings::{API_KEY, BASE_URL, MAX_RETRIES},
    task::{Task, TaskState},
};
use motia::{
    context::Cancel,
    store::{Batch, Ending, PageRequest, Write},
};
use motia_testkit::TestApp;
use serde_json::json;
use steps as _;

use crate::{provider::Fault, upstream::Upstream};

async fn app(upstream: &Upstream, max_retries: u32) -> TestApp {
    TestApp::builder()
        .problems(fastapi::ERRORS)
        .setting(API_KEY, Some("key".to_owned()))
        .setting(BASE_URL, upstream.base())
        .setting(MAX_RETRIES, max_retries)
        .start()
        .await
}

async fn summarize(app: &TestApp, text: &str) -> String {
    let taken = app.post("/api/v1/tasks/summarize/").json(&json!({ "content": text })).send().await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    taken.value()["task_id"].as_str().unwrap().to_owned()
}

async fn task(app: &TestApp, task_id: &str) -> Task {
    app.state.get(TASKS, task_id).await.unwrap().unwrap()
}

/// The time between a failure and the next attempt, again and again.
fn pauses(task: &Task) -> Vec<f64> {
    let entries: Vec<_> = task.state_history.iter().collect();
    let since = |pair: &[&flows::task_queue::task::StateEntry]| {
        let waited = pair[0].state == TaskState::Scheduled && pair[1].state == TaskState::Active;
        waited.then(|| pair[1].timestamp.duration_since(pair[0].timestamp).as_secs_f64())
    };
    entries.windows(2).filter_map(since).collect()
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_failure_keeps_its_schedule_and_ends_in_the_dlq() {
    for (status, kind, schedule) in [
        (402, "InsufficientCredits", [300., 600., 1800.]),
        (429, "RateLimitError", [120., 300., 600.]),
        (503, "ServiceUnavailable", [5., 10., 30.]),
        (500, "NetworkTimeout", [2., 5., 10.]),
        (200, "Default", [5., 15., 60.]),
    ] {
        let upstream = Upstream::start();
        let body = (status == 200).then(|| r#"{"choices": []}"#.to_owned());
        upstream.fail(Fault { status, body, times: 99, ..Fault::default() });
        let app = app(&upstream, 3).await;

        let task_id = summarize(&app, "A text.").await;
        app.empty().await;

        let task = task(&app, &task_id).await;
        assert_eq!((task.state, task.error_type.as_deref()), (TaskState::Dlq, Some(kind)));
        assert_eq!((task.retry_count, upstream.calls().len()), (3, 4), "{kind}");
        let pauses = pauses(&task);
        let kept = pauses
            .iter()
            .zip(&schedule)
            .all(|(is, at_least)| (*at_least - 0.001..=at_least * 1.1 + 0.1).contains(is));
        assert!(kept && pauses.len() == 3, "{kind}: {pauses:?}");
        assert!(app.dead_letters().await.is_empty(), "the task's own DLQ has it");
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_are_given_up_after_one_call() {
    for status in [400, 401, 403, 404] {
        let upstream = Upstream::start();
        upstream.fail(Fault { status, times: 99, ..Fault::default() });
        let app = app(&upstream, 3).await;

        let task_id = summarize(&app, "A text.").await;
        app.empty().await;

        let task = task(&app, &task_id).await;
        assert_eq!((task.state, upstream.calls().len()), (TaskState::Dlq, 1), "{status}");
        assert_eq!(task.error_type.as_deref(), Some("PermanentError"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_for_patience_gets_it() {
    let upstream = Upstream::start();
    upstream.fail(Fault { status: 429, retry_after: Some(900), ..Fault::default() });
    let app = app(&upstream, 3).await;

    let task_id = summarize(&app, "A text.").await;
    app.empty().await;

    let task = task(&app, &task_id).await;
    assert_eq!(task.state, TaskState::Completed);
    assert!((899.9..901.0).contains(&pauses(&task)[0]), "{:?}", pauses(&task));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_grew_too_old_between_its_attempts_is_given_up_unasked() {
    let upstream = Upstream::start();
    upstream.fail(Fault { status: 402, times: 99, ..Fault::default() });
    let app = app(&upstream, 15).await;

    let task_id = summarize(&app, "A text.").await;
    app.empty().await;

    let task = task(&app, &task_id).await;
    assert_eq!((task.state, task.error_type.as_deref()), (TaskState::Dlq, Some("MaxTaskAge")));
    // At 0, 5, 15 and 45 minutes; the next would be at 75.
    assert_eq!(upstream.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn ten_failures_in_a_row_close_the_provider_for_two_minutes_and_cost_no_attempt() {
    let upstream = Upstream::start();
    upstream.fail(Fault { status: 503, times: 10, ..Fault::default() });
    let app = app(&upstream, 3).await;
    let mut tasks = Vec::new();
    for n in 0..10 {
        tasks.push(summarize(&app, &format!("Text {n}.")).await);
    }
    app.advance(Duration::from_millis(500)).await;
    let ctx = app.context::<()>();
    assert!(ctx.circuit(MODEL).state().keeps_out(app.now()), "{:?}", ctx.circuit(MODEL).state());
    let asked = upstream.calls().len();
    let late = summarize(&app, "A late text.").await;

    app.advance(Duration::from_secs(100)).await;
    let meanwhile = (upstream.calls().len(), task(&app, &late).await.state);
    app.empty().await;

    assert_eq!((asked, meanwhile), (10, (10, TaskState::Pending)));
    assert!(!ctx.circuit(MODEL).state().keeps_out(app.now()));
    for task_id in tasks {
        let task = task(&app, &task_id).await;
        assert_eq!((task.state, task.retry_count), (TaskState::Completed, 1));
    }
    assert_eq!(task(&app, &late).await.retry_count, 0);
}

#[tokio::test(start_paused = true)]
async fn the_providers_own_pace_is_kept_and_a_turn_that_does_not_come_costs_no_attempt() {
    let upstream = Upstream::start();
    let app = app(&upstream, 3).await;
    // One in ten minutes: longer than an attempt waits for its turn.
    app.state.set(KNOWN, PROVIDER, &Pace { requests: 1, interval_ms: 600_000 }).await.unwrap();

    let first = summarize(&app, "The first.").await;
    app.advance(Duration::from_secs(1)).await;
    let second = summarize(&app, "The second.").await;
    app.advance(Duration::from_secs(1)).await;
    let waiting = task(&app, &second).await;
    app.empty().await;

    assert_eq!(task(&app, &first).await.state, TaskState::Completed);
    assert_eq!((waiting.state, waiting.retry_count), (TaskState::Scheduled, 0));
    let second = task(&app, &second).await;
    assert_eq!((second.state, second.retry_count), (TaskState::Completed, 0));
    assert!(second.error_history.is_empty());
    let took = second.completed_at.unwrap().duration_since(second.created_at).as_secs();
    assert!((595..=605).contains(&took), "{took} s");
    assert_eq!(upstream.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_no_event_leads_to_is_found_and_worked_on() {
    let upstream = Upstream::start();
    upstream.fail(Fault { status: 503, ..Fault::default() });
    let app = app(&upstream, 3).await;
    let task_id = summarize(&app, "A text.").await;
    app.advance(Duration::from_secs(1)).await;
    let ctx = app.context::<()>();
    let under_way = async || ctx.under_way(Cancel::Key(&task_id)).await.unwrap();
    assert_eq!(under_way().await, 1, "it is to be tried again");
    // As a restored backup may have it: whoever cancels the event by any other way is told of.
    let (store, filter) = (app.runtime().store(), Cancel::Key(&task_id).filter());
    let delivery = store.waiting(&filter, PageRequest::first(1)).await.unwrap().items[0].id;
    let (ending, at, note) = (Ending::Cancelled, app.now(), "lost".to_owned());
    store.commit(Batch::of(Write::End { delivery, ending, at, note })).await.unwrap();
    assert_eq!(under_way().await, 0);

    let report = app.post("/api/v1/tasks/requeue-orphaned").send().await.value();
    let again = app.post("/api/v1/tasks/requeue-orphaned").send().await.value();
    app.empty().await;

    assert_eq!((&report["found"], &report["requeued"]), (&json!(1), &json!(1)));
    assert_eq!(again["found"], 0);
    assert_eq!(task(&app, &task_id).await.state, TaskState::Completed);
}
