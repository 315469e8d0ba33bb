//! `kill -9` in the middle of a batch of tasks.

use std::collections::HashMap;

use serde_json::Value;

use crate::{client::App, provider::Fault, upstream::Upstream};

#[test]
fn no_task_is_lost_by_a_kill_and_no_call_is_made_that_is_not_recorded() {
    const TASKS: usize = 40;
    let upstream = Upstream::start();
    upstream.fail(Fault { after_ms: 20, times: 10_000, ..Fault::default() });
    let mut app = App::asking(&upstream);
    let texts: Vec<_> = (0..TASKS).map(|n| format!("text-{n:03}-end")).collect();
    let tasks: HashMap<_, _> = texts.iter().map(|text| (app.summarize(text), text)).collect();
    let base = upstream.base();
    let settings = [
        ("OPENROUTER_API_KEY", "key"),
        ("OPENROUTER_BASE_URL", &*base),
        ("OPENROUTER_TIMEOUT", "1s"),
    ];

    for round in 1..=3 {
        app.eventually(|| (upstream.calls().len() >= round * TASKS / 5).then_some(()));
        app.server.kill();
        app.url = app.server.start_with(&settings);
    }
    let completed = || {
        let listed = app.get("/api/v1/tasks/?page_size=100&task_status=COMPLETED").body;
        (listed["total_items"] == TASKS).then_some(listed)
    };
    let listed = app.eventually(completed);

    for task in listed["tasks"].as_array().unwrap() {
        let text = tasks[task["task_id"].as_str().unwrap()];
        let states = task["state_history"].as_array().unwrap();
        let begun = states.iter().filter(|entry| entry["state"] == "ACTIVE").count();
        let calls = upstream.asked_about(text);
        assert!((1..=begun).contains(&calls), "{text}: {calls} calls, {begun} begun");
        assert!(task["result"].as_str().unwrap().contains(&text[..8]), "{task:#}");
    }
    let states: Vec<_> =
        app.queues()["states"].as_object().unwrap().values().map(Value::clone).collect();
    assert_eq!(states.iter().filter_map(Value::as_u64).sum::<u64>(), TASKS as u64);
}

#[test]
fn everything_kept_goes_with_a_reset_and_not_while_a_server_runs() {
    let mut app = App::offline();
    app.summarize("A text.");

    let (running, said) = app.server.refused(["reset", "--confirm"]);
    app.server.terminate();
    let (unconfirmed, advice) = app.server.refused(["reset"]);
    app.server.ask(["reset", "--confirm"]);
    app.url = app.server.start();

    assert_eq!(running, Some(2), "{said}");
    assert!(said.contains("in use"), "{said}");
    assert_eq!(unconfirmed, Some(1));
    assert!(advice.contains("--confirm"), "{advice}");
    assert_eq!(app.get("/api/v1/tasks/").body["total_items"], 0);
}
