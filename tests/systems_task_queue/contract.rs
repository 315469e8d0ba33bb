//! Each line of the contract, asked as its clients ask it.

use serde_json::{Value, json};

use crate::{
    client::{Answer, App},
    provider::Fault,
    upstream::Upstream,
};

#[test]
fn health_is_told_in_three_ways() {
    let app = App::offline();

    let (health, live, ready) = (app.get("/health"), app.get("/live"), app.get("/ready"));

    assert_eq!((health.status, &health.body["status"]), (200, &json!("healthy")));
    assert_eq!(health.body["components"]["workers"], true);
    assert!(health.body["timestamp"].is_string());
    assert_eq!((live.status, &live.body["status"]), (200, &json!("alive")));
    assert!(live.body["timestamp"].is_string());
    assert_eq!((ready.status, ready.body), (200, json!({ "status": "ready" })));
}

#[test]
fn a_text_is_summarised_offline_and_its_task_tells_all_of_it() {
    let app = App::offline();
    let text = "The harbour bridge was closed. A cat slept. The harbour bridge opens on Monday.";

    let task_id = app.summarize(text);
    let task = app.until(&task_id, "COMPLETED");

    let result = task["result"].as_str().unwrap();
    assert!(
        result.starts_with("[offline provider") && result.contains("harbour bridge"),
        "{result}"
    );
    assert_eq!((&task["content"], &task["task_type"]), (&json!(text), &json!("summarize")));
    assert_eq!((&task["retry_count"], &task["max_retries"]), (&json!(0), &json!(3)));
    let states: Vec<_> =
        task["state_history"].as_array().unwrap().iter().map(|entry| &entry["state"]).collect();
    assert_eq!(states, ["PENDING", "ACTIVE", "COMPLETED"]);
    let fields: Vec<_> = task.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "task_id",
        "state",
        "content",
        "retry_count",
        "max_retries",
        "last_error",
        "error_type",
        "retry_after",
        "created_at",
        "updated_at",
        "completed_at",
        "result",
        "task_type",
        "error_history",
        "state_history",
    ];
    let mut fields = fields;
    fields.sort_unstable();
    expected.sort_unstable();
    assert_eq!(fields, expected);
}

#[test]
fn tasks_are_listed_with_and_without_their_contents() {
    let app = App::offline();
    let ids = ["One.", "Two.", "Three."].map(|text| app.summarize(text));
    ids.iter().for_each(|task_id| drop(app.until(task_id, "COMPLETED")));

    let all = app.get("/api/v1/tasks/");
    let second = app.get("/api/v1/tasks/?page=2&page_size=2&sort_by=created_at&sort_order=asc");
    let summaries = app.get("/api/v1/tasks/summaries/?task_status=COMPLETED&task_type=summarize");
    let by_id = app.get(&format!("/api/v1/tasks/?task_id={}", ids[1]));
    let old_name = app.get("/api/v1/tasks/?status=DLQ");
    let past = app.get("/api/v1/tasks/?end_date=2020-01-01T00:00:00Z");
    let queued = app.get("/api/v1/tasks/?queue=primary");

    assert_eq!(all.status, 200);
    let listed = |answer: &Answer| {
        let tasks = answer.body["tasks"].as_array().unwrap().clone();
        tasks.into_iter().map(|task| task["task_id"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(listed(&all), [&ids[2], &ids[1], &ids[0]].map(|id| json!(id)));
    assert_eq!(all.body["tasks"][0]["content"], "Three.");
    let paging = ["page", "page_size", "total_items", "total_pages", "status"];
    assert_eq!(
        paging.map(|name| all.body[name].clone()),
        [json!(1), json!(20), json!(3), json!(1), Value::Null]
    );
    assert_eq!(listed(&second), [json!(ids[2])]);
    assert_eq!(second.body["total_pages"], 2);
    assert_eq!(summaries.body["status"], "COMPLETED");
    let first = summaries.body["tasks"][0].as_object().unwrap();
    assert!(!first.contains_key("content") && !first.contains_key("result"));
    assert_eq!((&first["content_length"], &first["has_result"]), (&json!(6), &json!(true)));
    assert_eq!(listed(&by_id), [json!(ids[1])]);
    for none in [old_name, past, queued] {
        assert_eq!(none.body["total_items"], 0);
    }
}

#[test]
fn a_task_that_was_given_up_is_found_everywhere_and_tried_again_by_hand() {
    let upstream = Upstream::start();
    upstream.fail(Fault { status: 401, ..Fault::default() });
    let app = App::asking(&upstream);
    let task_id = app.summarize("A text.");

    let task = app.until(&task_id, "DLQ");
    let dlq = app.get("/api/v1/queues/dlq?limit=5");
    let ids = app.get("/api/v1/queues/dlq/tasks?limit=5");
    let status = app.queues();
    let retried = app.send(&format!("/api/v1/tasks/{task_id}/retry"), "application/json", b"");
    let done = app.until(&task_id, "COMPLETED");
    let too_late =
        app.post(&format!("/api/v1/tasks/{task_id}/retry"), &json!({ "reset_retry_count": true }));

    assert_eq!((&task["error_type"], &task["retry_count"]), (&json!("PermanentError"), &json!(0)));
    assert_eq!(dlq.body[0]["task_id"], json!(task_id));
    assert_eq!(ids.body, json!([task_id]));
    assert_eq!((&status["queues"]["dlq"], &status["states"]["DLQ"]), (&json!(1), &json!(1)));
    assert_eq!(retried.status, 200);
    assert_eq!(retried.body, json!({ "task_id": task_id, "state": "PENDING" }));
    assert!(done["result"].as_str().unwrap().starts_with("Summary: "));
    assert_eq!(too_late.status, 400);
    assert_eq!(too_late.body, json!({ "detail": "Task in state 'COMPLETED' cannot be retried" }));
    assert_eq!(upstream.calls().len(), 2);
}

#[test]
fn a_task_that_is_deleted_is_gone_wherever_it_was() {
    let upstream = Upstream::start();
    upstream.fail(Fault { after_ms: 700, times: 9, ..Fault::default() });
    let app = App::asking(&upstream);
    let task_id = app.summarize("A text.");
    app.until(&task_id, "ACTIVE");

    let deleted = app.delete(&format!("/api/v1/tasks/{task_id}"));
    let again = app.delete(&format!("/api/v1/tasks/{task_id}"));
    app.eventually(|| {
        let queue = app.worked_on();
        (queue["waiting"] == 0 && queue["running"] == 0).then_some(())
    });

    assert_eq!((deleted.status, &deleted.body["task_id"]), (200, &json!(task_id)));
    assert!(deleted.body["message"].is_string());
    assert_eq!((again.status, again.body), (404, json!({ "detail": "Task not found" })));
    assert_eq!(app.get(&format!("/api/v1/tasks/{task_id}")).status, 404);
    let counts = app.queues()["states"].clone();
    assert!(counts.as_object().unwrap().values().all(|count| count == 0), "{counts}");
}

#[test]
fn a_task_whose_event_an_operator_cancels_has_failed_and_can_be_tried_again() {
    let app = App::offline();
    app.server.ask(["queues", "pause", "ProcessTask"]);
    let task_id = app.summarize("A text.");

    app.server.ask(["cancel", "--key", &task_id]);
    let failed = app.until(&task_id, "FAILED");
    let orphans = app.post("/api/v1/tasks/requeue-orphaned", &json!({}));
    app.post(&format!("/api/v1/tasks/{task_id}/retry"), &json!({}));
    app.server.ask(["queues", "resume", "ProcessTask"]);
    app.until(&task_id, "COMPLETED");

    assert_eq!(failed["error_type"], "Cancelled", "{failed:#}");
    assert!(failed["last_error"].as_str().unwrap().starts_with("cancelled by "), "{failed:#}");
    assert_eq!(orphans.body["found"], 0);
}

#[test]
fn no_task_is_orphaned_where_each_is_kept_with_its_event() {
    let app = App::offline();
    app.summarize("A text.");

    let report = app.post("/api/v1/tasks/requeue-orphaned", &json!({}));

    assert_eq!(
        (report.status, &report.body["found"], &report.body["requeued"]),
        (200, &json!(0), &json!(0))
    );
    assert_eq!(report.body["errors"], json!([]));
}

#[test]
fn workers_are_told_and_their_circuit_opens_and_closes_by_hand() {
    let upstream = Upstream::start();
    let app = App::asking(&upstream);

    let well = app.get("/api/v1/workers/").body;
    let opened = app.post("/api/v1/workers/open-circuit-breaker", &json!({}));
    let waiting = app.summarize("A text.");
    let kept_out = app.get("/api/v1/workers/").body;
    let skipped = app.get("/api/v1/openrouter/status").body;
    let kept_back = app.eventually(|| Some(app.worked_on()).filter(|queue| queue["waiting"] == 1));
    let still = app.task(&waiting)["state"].clone();
    let asked = upstream.calls().len();
    let reset = app.post("/api/v1/workers/reset-circuit-breaker", &json!({}));
    app.until(&waiting, "COMPLETED");

    assert_eq!((&well["overall_status"], &well["stale_workers"]), (&json!("healthy"), &json!(0)));
    let worker = &well["worker_details"][0];
    assert_eq!(
        (&worker["status"], &worker["circuit_breaker"]["state"]),
        (&json!("healthy"), &json!("closed"))
    );
    assert!(worker["worker_id"].is_string() && worker["last_heartbeat"].is_string());
    assert_eq!((opened.status, &opened.body["results"][0]["status"]), (200, &json!("success")));
    assert_eq!(opened.body["results"][0]["new_state"]["state"], "open");
    assert_eq!(
        (&kept_out["overall_status"], &kept_out["healthy_workers"]),
        (&json!("degraded"), &json!(0))
    );
    assert_eq!(kept_out["circuit_breaker_states"]["open"], kept_out["total_workers"]);
    assert_eq!(skipped["circuit_breaker_open"], true);
    assert_eq!(kept_back["closed"][0]["because"], "circuitOpen", "{kept_back}");
    assert_eq!((still, asked), (json!("PENDING"), 0));
    assert_eq!(reset.body["results"][0]["new_state"]["state"], "closed");
}

#[test]
fn the_providers_status_is_asked_for_once_a_minute_unless_somebody_insists() {
    let upstream = Upstream::start();
    let app = App::asking_with(&upstream, &[("OPENROUTER_REFRESH_PAUSE", "1ms")]);

    let first = app.get("/api/v1/openrouter/status").body;
    let second = app.get("/api/v1/openrouter/status").body;
    upstream.fail(Fault { status: 401, of_key: true, ..Fault::default() });
    let insisted = app.get("/api/v1/openrouter/status?force_refresh=true").body;
    upstream.set_key(
        json!({ "limit_remaining": 0.0, "rate_limit": { "requests": 5, "interval": "1s" } }),
    );
    let empty = app.get("/api/v1/openrouter/status?force_refresh=true").body;
    upstream.fail(Fault { status: 429, of_key: true, ..Fault::default() });
    let limited = app.get("/api/v1/openrouter/status?force_refresh=true").body;
    upstream.fail(Fault { body: Some("<html>".into()), of_key: true, ..Fault::default() });
    let senseless = app.get("/api/v1/openrouter/status?force_refresh=true").body;
    let metrics = app.get("/api/v1/openrouter/metrics?days=2").body;

    assert_eq!((&first["status"], &first["cache_hit"]), (&json!("active"), &json!(false)));
    assert_eq!((&first["balance"], &first["usage_today"]), (&json!(74.5), &json!(1.5)));
    assert_eq!((&first["usage_month"], &second["cache_hit"]), (&json!(20.0), &json!(true)));
    assert_eq!(
        (&insisted["status"], &insisted["consecutive_failures"]),
        (&json!("api_key_invalid"), &json!(1))
    );
    assert_eq!(empty["status"], "credits_exhausted");
    assert_eq!(limited["status"], "rate_limited");
    assert_eq!((&senseless["status"], &senseless["cache_hit"]), (&json!("error"), &json!(false)));
    assert!(senseless["error_details"].is_string());
    let today = metrics["metrics"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&today["total_calls"], &today["successful_calls"]), (&json!(5), &json!(1)));
    assert_eq!(metrics["days"], 2);
    let paces = app.server.ask(["state", "get", "task-queue.pace", "openrouter"]);
    assert_eq!(
        paces["requests"].as_u64().or(paces["value"]["requests"].as_u64()),
        Some(5),
        "{paces}"
    );
}

#[test]
fn however_many_insist_the_provider_is_left_in_peace() {
    let upstream = Upstream::start();
    let app = App::asking(&upstream);
    app.get("/api/v1/openrouter/status");

    let answers: Vec<_> = std::thread::scope(|threads| {
        let insist = || app.get("/api/v1/openrouter/status?force_refresh=true");
        let asked: Vec<_> = (0..20).map(|_| threads.spawn(insist)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });

    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.body["status"] == "active"), "{answers:?}");
    let metrics = app.get("/api/v1/openrouter/metrics?days=1").body;
    let today = metrics["metrics"].as_object().unwrap().values().next().unwrap();
    let calls = today["total_calls"].as_u64().unwrap();
    // One when it was first asked for; one more if five seconds have passed since.
    assert!(calls <= 2, "{calls}");
}

#[test]
fn without_a_key_the_status_says_so() {
    let app = App::offline();

    let status = app.get("/api/v1/openrouter/status").body;

    assert_eq!(
        (&status["status"], &status["message"]),
        (&json!("api_key_missing"), &json!("API Key missing"))
    );
}

#[test]
fn a_path_without_its_last_slash_leads_to_the_one_with_it() {
    let app = App::offline();

    let answer = app.get("/api/v1/tasks?page_size=5");

    assert_eq!(answer.status, 307);
    let to = answer.headers["location"].to_str().unwrap();
    assert!(to.ends_with("/api/v1/tasks/?page_size=5"), "{to}");
}
