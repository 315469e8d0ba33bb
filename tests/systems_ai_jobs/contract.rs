//! What a client can call and gets back.

use serde_json::{Value, json};

use crate::{client::Client, hook::Hook};

/// Everything a hundred times as fast.
const FAST: (&str, &str) = ("MOTIA_DEMO_SPEED", "100");
const CHAOS: (&str, &str) = ("MOTIA_CHAOS", "1");
const PRIVATE: (&str, &str) = ("MOTIA_OUTBOUND_PRIVATE", "true");

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_prompt_is_taken_in_at_once_and_its_job_completes() {
    let client = Client::of(&[FAST]);
    let asked = json!({
        "prompt": "one two three",
        "options": { "temperature": 0.5, "maxTokens": 4 },
        "userId": "anna",
    });

    let started = client.post("/ai/start", &asked);
    let job = started.json()["jobId"].as_str().unwrap().to_owned();
    let done = client.wait_over(&job);

    assert_eq!(started.status, 201);
    assert_eq!(keys(&started.json()), ["jobId", "message", "remaining", "status"]);
    assert_eq!(
        (&started.json()["status"], &started.json()["remaining"]),
        (&json!("pending"), &json!(1))
    );
    assert_eq!(
        keys(&done),
        [
            "attempts",
            "createdAt",
            "durationMs",
            "error",
            "jobId",
            "progress",
            "result",
            "status",
            "updatedAt"
        ]
    );
    assert_eq!((&done["jobId"], &done["status"]), (&json!(job), &json!("completed")));
    assert_eq!(done["progress"], json!({ "percent": 100, "message": "done" }));
    assert_eq!(done["result"], json!({ "text": "You said: one two", "tokens": 4 }));
    assert_eq!((&done["error"], &done["attempts"]), (&Value::Null, &json!(1)));
    assert!(done["durationMs"].as_u64().unwrap() >= 20, "{done}");
    let seen = client.get("/metrics").text;
    assert!(seen.contains("ai_job_duration_seconds_count{status=\"completed\"} 1"), "{seen}");
}

#[test]
fn every_change_is_told_to_who_follows_and_the_end_ends_it() {
    let client = Client::of(&[("MOTIA_DEMO_SPEED", "5")]);
    let job = client.start("anna");

    let events = client.follow(&job, "");
    let rest = client.follow(&job, "4");

    let told = events.iter().map(|(id, job)| {
        (id.as_str(), job["status"].as_str().unwrap(), job["progress"]["percent"].as_u64())
    });
    let expected = [
        ("1", "pending", None),
        ("2", "processing", None),
        ("3", "processing", Some(0)),
        ("4", "processing", Some(50)),
        ("5", "completed", Some(100)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(rest, events[4..]);
}

#[test]
fn a_request_that_breaks_a_rule_names_the_field() {
    let client = Client::of(&[]);
    let long = "x".repeat(501);

    for (body, at) in [
        (json!({}), "/prompt"),
        (json!({ "prompt": "" }), "/prompt"),
        (json!({ "prompt": long }), "/prompt"),
        (json!({ "prompt": 7 }), "/prompt"),
        (json!({ "prompt": "x", "options": { "temperature": 1.1 } }), "/options/temperature"),
        (json!({ "prompt": "x", "options": { "temperature": -0.1 } }), "/options/temperature"),
        (json!({ "prompt": "x", "options": { "maxTokens": 0 } }), "/options/maxTokens"),
        (json!({ "prompt": "x", "options": { "maxTokens": 4001 } }), "/options/maxTokens"),
        (json!({ "prompt": "x", "userId": "" }), "/userId"),
        (json!({ "prompt": "x", "webhookUrl": "nowhere" }), "/webhookUrl"),
        (json!({ "prompt": "x", "webhookUrl": "http://127.0.0.1/" }), "/webhookUrl"),
        (json!({ "prompt": "x", "webhookUrl": "file:///etc/passwd" }), "/webhookUrl"),
    ] {
        let refused = client.post("/ai/start", &body);

        assert_eq!((refused.status, refused.pointers()), (400, vec![at.to_owned()]), "{body}");
    }
    let none = client.get("/ai/jobs").json();
    assert_eq!(none, json!({ "jobs": [], "total": 0 }));
    assert_eq!(client.get("/ai/jobs?limit=0").pointers(), ["/limit"]);
    assert_eq!(client.get("/ai/jobs?offset=-1").pointers(), ["/offset"]);
    assert_eq!(client.post("/ai/cancel", &json!({})).pointers(), ["/jobId"]);
}

#[test]
fn a_user_starts_two_jobs_a_minute_and_others_are_not_held_up() {
    let mut client = Client::of(&[FAST]);
    let hello = json!({ "prompt": "hello" });
    let left = |answer: crate::client::Answer| answer.json()["remaining"].clone();
    // All of it has to happen in one minute: one that is nearly over is waited for, by what it says itself.
    let probes = [(); 3].map(|()| client.post_as("/ai/start", &hello, "probe"));
    if let Some(secs @ ..20) = probes[2].json()["retryAfter"].as_u64() {
        std::thread::sleep(std::time::Duration::from_secs(secs));
    }

    assert_eq!(left(client.post("/ai/start", &hello)), 1);
    assert_eq!(left(client.post("/ai/start", &hello)), 0);
    let refused = client.post("/ai/start", &hello);
    let by_name = client.post("/ai/start", &json!({ "prompt": "x", "userId": "anna" }));
    let by_header =
        client.post_as("/ai/start", &json!({ "prompt": "x", "userId": "anna" }), "bert");

    assert_eq!(refused.status, 429);
    assert_eq!(keys(&refused.json()), ["error", "message", "retryAfter"]);
    let retry_after = refused.json()["retryAfter"].as_u64().unwrap();
    assert!((1..=60).contains(&retry_after), "{retry_after}");
    assert_eq!(refused.header("retry-after"), retry_after.to_string());
    assert_eq!((left(by_name), left(by_header)), (json!(1), json!(1)));

    // What was used is remembered over a restart.
    client.server.kill();
    client.url = client.server.start_with(&[FAST]);
    assert_eq!(client.post("/ai/start", &hello).status, 429);
}

#[test]
fn what_is_not_known_is_not_found() {
    let client = Client::of(&[]);

    let status = client.get("/ai/status/nobody");
    let events = client.get("/ai/events/nobody");
    let cancel = client.post("/ai/cancel", &json!({ "jobId": "nobody" }));
    let page = client.get_as("/ai/status/nobody", "text/html");

    for refused in [&status, &events, &cancel] {
        assert_eq!((refused.status, keys(&refused.json())), (404, vec!["error", "message"]));
    }
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert_eq!(client.get("/ai/assets/nothing.js").status, 404);
}

#[test]
fn a_running_job_is_cancelled_and_stays_so() {
    let client = Client::of(&[]);
    let job = client.start("anna");
    client.wait(&job, |job| job["status"] == "processing");

    let cancelled = client.post("/ai/cancel", &json!({ "jobId": job }));
    let status = client.status(&job);
    let again = client.post("/ai/cancel", &json!({ "jobId": job }));

    assert_eq!((cancelled.status, &cancelled.json()["jobId"]), (200, &json!(job)));
    assert_eq!(keys(&cancelled.json()), ["jobId", "message"]);
    assert_eq!(status["status"], "cancelled");
    assert_eq!((again.status, keys(&again.json())), (409, vec!["error", "message"]));
    let running = &client.server.ask(["queues", "show", "ProcessAIJob"])["running"];
    assert_eq!(*running, json!(0));
    let ended = client.server.ask(["history"]);
    assert_eq!(ended["items"][0]["queue"], "ProcessAIJob", "{ended}");
}

#[test]
fn a_finished_job_cannot_be_cancelled() {
    let client = Client::of(&[FAST]);
    let job = client.start("anna");
    client.wait_over(&job);

    let refused = client.post("/ai/cancel", &json!({ "jobId": job }));

    assert_eq!(refused.status, 409);
    assert_eq!(client.status(&job)["status"], "completed");
}

#[test]
fn jobs_are_listed_with_the_newest_first() {
    let client = Client::of(&[FAST]);
    let mut jobs: Vec<_> = ["a", "b", "c", "d", "e"].map(|user| client.start(user)).into();
    jobs.reverse();

    let ids = |page: &Value| {
        let ids = page["jobs"].as_array().unwrap().iter();
        ids.map(|job| job["jobId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = client.get("/ai/jobs").json();
    let page = client.get("/ai/jobs?limit=2&offset=1").json();
    let beyond = client.get("/ai/jobs?offset=5").json();

    assert_eq!((ids(&all), &all["total"]), (jobs.clone(), &json!(5)));
    assert_eq!((ids(&page), &page["total"]), (jobs[1..3].to_vec(), &json!(5)));
    assert_eq!(beyond, json!({ "jobs": [], "total": 5 }));
}

#[test]
fn after_three_crashes_a_job_has_failed_and_the_server_stands() {
    let client = Client::of(&[FAST, CHAOS]);
    let job = client.start("anna");

    let failed = client.wait_over(&job);

    assert_eq!((&failed["status"], &failed["attempts"]), (&json!("failed"), &json!(3)));
    assert!(failed["error"].as_str().unwrap().starts_with("failed 3 times"), "{failed}");
    assert_eq!((&failed["result"], client.get("/readyz").status), (&Value::Null, 200));
    let letters = client.server.ask(["dlq", "ls"]);
    assert_eq!(letters["items"].as_array().unwrap().len(), 1, "{letters}");
    assert_eq!(letters["items"][0]["queue"], "ProcessAIJob", "{letters}");
}

#[test]
fn who_wants_to_hear_of_the_end_is_called_and_called_again_when_that_fails() {
    let hook = Hook::answering(&[503, 200]);
    let client = Client::of(&[FAST, PRIVATE]);
    let asked = json!({ "prompt": "hello", "webhookUrl": hook.url });

    let started = client.post("/ai/start", &asked).json();
    while hook.calls().len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }

    let calls = hook.calls();
    assert_eq!(
        (&calls[0].job["jobId"], &calls[0].job["status"]),
        (&started["jobId"], &json!("completed"))
    );
    assert_eq!((calls[0].attempt.as_str(), calls[0].possible_duplicate), ("1", false));
    assert_eq!((calls[1].attempt.as_str(), calls[1].possible_duplicate), ("2", true));
    assert_eq!(calls[0].key, calls[1].key);
}

#[test]
fn a_browser_gets_a_page_that_loads_only_what_is_served_here() {
    let client = Client::of(&[]);
    let job = client.start("anna");

    let page =
        client.get_as(&format!("/ai/status/{job}"), "text/html,application/xhtml+xml,*/*;q=0.8");
    let script = client.get("/ai/assets/job.js");
    let style = client.get("/ai/assets/job.css");

    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.text.contains("<progress") && page.text.contains(&job), "{}", page.text);
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(script.text.contains("EventSource"));
}

#[test]
fn every_answer_is_documented() {
    let client = Client::of(&[]);
    let paths = client.get("/openapi.json").json()["paths"].clone();

    for (path, method, statuses) in [
        ("/ai/start", "post", &["201", "400", "429"][..]),
        ("/ai/status/{jobId}", "get", &["200", "404"]),
        ("/ai/events/{jobId}", "get", &["200", "404"]),
        ("/ai/cancel", "post", &["200", "400", "404", "409"]),
        ("/ai/jobs", "get", &["200", "400"]),
        ("/ai/assets/{file}", "get", &["200", "404"]),
    ] {
        let documented = keys(&paths[path][method]["responses"]);
        for status in statuses {
            assert!(documented.contains(status), "{path}: {documented:?}");
        }
    }
}
