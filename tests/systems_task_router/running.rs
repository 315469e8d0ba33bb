//! What becomes of attempts: failures, timeouts, cancellation.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    client::{Client, HOME, statuses},
    executor::Executor,
};

fn router(definition: &serde_json::Value) -> (Client, Executor) {
    // Circuits are not what is looked at here.
    let settings = [HOME, ("CIRCUIT_BREAKER_THRESHOLD", "50")];
    let (client, executor) = (Client::start(&settings), Executor::start());
    let (status, answer) = client.define(definition);
    assert_eq!(status, 201, "{answer}");
    client.register("near", &executor);
    (client, executor)
}

#[test]
fn an_attempt_that_fails_is_made_again_under_the_same_key() {
    let (client, executor) = router(&json!({}));

    let id = client.submit(&json!({ "text": "x", "do": "break-twice" }));
    let task = client.until_status(&id, "completed");

    let once = ["routed", "running", "retrying"];
    let expected = [&["pending"][..], &once, &once, &["routed", "running", "completed"]].concat();
    assert_eq!(statuses(&task), expected);
    assert_eq!(task["attempts"][0]["error"]["reason"], "broken");
    assert_eq!(task["possibleDuplicate"], true);
    let calls = executor.calls();
    assert_eq!(calls.iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(calls.iter().all(|call| call.key == id));
}

#[test]
fn what_went_wrong_is_named_and_what_cannot_be_helped_is_not_tried_again() {
    let (client, executor) = router(&json!({}));

    for (what, reason, attempts) in [
        ("break", "broken", 3),
        ("refuse", "refused", 1),
        ("redirect", "refused", 1),
        ("garbage", "bad_answer", 3),
        ("large", "bad_answer", 3),
        ("wrong", "output_schema", 3),
    ] {
        let before = executor.calls().len();
        let id = client.submit(&json!({ "text": "x", "do": what }));
        let task = client.until_status(&id, "failed");
        assert_eq!(
            (&task["error"]["reason"], executor.calls().len() - before),
            (&json!(reason), attempts)
        );
        assert!(task["output"].is_null());
    }
    let wrong = client.submit(&json!({ "text": "x", "do": "wrong" }));
    let task = client.until_status(&wrong, "failed");
    let detail = task["error"]["detail"].as_str().unwrap();
    assert!(detail.contains("/text") && !detail.contains("hunter2"), "{detail}");
    // All but perhaps the last, of which the record says so a moment before it is a dead letter.
    let dead = client.server.ask(["dlq", "ls"]);
    assert!(dead["items"].as_array().unwrap().len() >= 6, "{dead}");
}

#[test]
fn a_busy_executor_says_when_to_come_again() {
    let (client, _executor) = router(&json!({}));
    let began = Instant::now();

    let id = client.submit(&json!({ "text": "x", "do": "busy-once" }));
    let task = client.until_status(&id, "completed");

    assert_eq!(task["attempts"][0]["error"]["reason"], "busy");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_timeout_ends_the_attempt_and_frees_its_slot() {
    let (client, _executor) = router(&json!({
        "timeout": "200ms",
        "retryPolicy": { "maxAttempts": 1 },
        "resourceQuota": { "maxConcurrent": 1 },
    }));

    let slow = client.submit(&json!({ "text": "x", "ms": 60_000 }));
    let next = client.submit(&json!({ "text": "y" }));

    let task = client.until_status(&slow, "failed");
    assert_eq!(task["error"]["reason"], "timeout");
    client.until_status(&next, "completed");
}

#[test]
fn a_task_is_cancelled_wherever_it_is() {
    let (client, executor) = router(&json!({
        "resourceQuota": { "maxConcurrent": 1 },
        "retryPolicy": { "maxAttempts": 3, "backoffInitial": "1h", "backoffMax": "1h" },
    }));
    let cancel = |id: &str| client.delete(&format!("/router/tasks/{id}"));
    let running = client.submit(&json!({ "text": "x", "ms": 60_000 }));
    client.until_status(&running, "running");
    let waiting = client.submit(&json!({ "text": "x" }));

    // While it waits, and while it runs: the slot is free at once.
    assert_eq!(cancel(&waiting).1["status"], "cancelled");
    let began = Instant::now();
    assert_eq!(cancel(&running).0, 200);
    let next = client.submit(&json!({ "text": "y" }));
    let done = client.until_status(&next, "completed");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!executor.calls().iter().any(|call| call.key == waiting));

    // While it waits to be tried again.
    let failing = client.submit(&json!({ "text": "x", "do": "break" }));
    client.until_status(&failing, "retrying");
    assert_eq!(cancel(&failing).1["status"], "cancelled");
    assert_eq!(client.server.ask(["queues", "waiting", "RunTask"])["items"], json!([]));

    // Again without harm; and not what is over, or was never there.
    assert_eq!(cancel(&failing).0, 200);
    assert_eq!(cancel(done["id"].as_str().unwrap()).0, 409);
    assert_eq!(cancel("nothing").0, 404);
    assert_eq!(statuses(&client.task(&running)).last(), Some(&"cancelled"));
}

#[test]
fn a_task_whose_event_an_operator_cancels_is_cancelled_too() {
    let (client, _executor) = router(&json!({}));
    client.server.ask(["queues", "pause", "RunTask"]);
    let id = client.submit(&json!({ "text": "x" }));

    client.server.ask(["cancel", "--key", &id]);

    let task = client.until_status(&id, "cancelled");
    assert_eq!(task["attempts"], json!([]));
}

#[test]
fn a_task_that_was_given_up_is_run_again_when_it_is_redriven() {
    let (client, executor) = router(&json!({ "retryPolicy": { "maxAttempts": 1 } }));
    executor.be_sick(true);
    let id = client.submit(&json!({ "text": "x" }));
    client.until_status(&id, "failed");

    // The record says so a moment before the event is a dead letter.
    while client.server.ask(["dlq", "ls"])["items"] == json!([]) {
        std::thread::sleep(Duration::from_millis(10));
    }

    executor.be_sick(false);
    client.server.ask(["dlq", "redrive", "--all"]);

    let task = client.until(&id, |task| task["status"] == "completed");
    assert_eq!(task["attempts"].as_array().unwrap().len(), 2);
}
