//! Local executors in processes of their own: their limits hold, and nothing of them is left.
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::client::Client;

/// A shell script that local executors may run as `job`.
struct Script(tempfile::TempDir);

impl Script {
    fn of(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn setting(&self) -> String {
        format!("job={}", self.0.path().join("job").display())
    }
}

/// Runs a task with this script under these limits; gives the client, and the task when it is over.
fn run(script: &Script, rest: &Value) -> (Client, Value) {
    let client = Client::start(&[("ROUTER_COMMANDS", &script.setting())]);
    let mut definition = json!({ "retryPolicy": { "maxAttempts": 1 }, "timeout": "20s" });
    definition.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    assert_eq!(client.define(&definition).0, 201);
    let job = json!({ "id": "job", "kind": "local", "weight": 1, "capabilities": ["echo"] });
    assert_eq!(client.post("/router/executors", &job).0, 201);
    let id = client.submit(&json!({ "text": "hello" }));
    let over = |task: &Value| ["completed", "failed"].contains(&task["status"].as_str().unwrap());
    let task = client.until(&id, over);
    (client, task)
}

#[test]
fn a_program_is_given_the_input_and_nothing_else_and_its_output_is_read() {
    let script = Script::of(
        r#"input=$(cat); echo "{\"text\":\"$(env | sort | cut -d= -f1 | tr '\n' ' ')\"}""#,
    );

    let (client, task) = run(&script, &json!({}));

    assert_eq!(task["status"], "completed", "{task}");
    let variables = task["output"]["text"].as_str().unwrap();
    for one in variables.split_whitespace() {
        assert!(["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&one), "{variables}");
    }
    client.server.until_childless();
}

#[test]
fn a_function_runs_in_a_process_of_its_own_under_its_limits() {
    let client = Client::start(&[]);
    client.define(&json!({
        "outputSchema": { "required": ["words"] },
        "resourceQuota": { "memoryLimit": "256MiB", "cpuLimit": "1" },
    }));
    let new = json!({
        "id": "word-count", "kind": "local", "isolated": true, "weight": 1, "capabilities": ["echo"],
    });
    client.post("/router/executors", &new);

    let id = client.submit(&json!({ "text": "one two three" }));

    assert_eq!(client.until_status(&id, "completed")["output"]["words"], 3);
    let (_, all) = client.get("/router/executors");
    assert!(["cgroup", "rlimit"].contains(&all["executors"][0]["limitsHold"].as_str().unwrap()));
    client.server.until_childless();
}

#[test]
fn one_that_wants_more_memory_than_it_may_have_does_not_get_it() {
    // Without the limit it works: so it is the limit that it fails of.
    let hog = r#"x=$(head -c 200000000 /dev/zero | tr '\0' a); echo "{\"text\":\"${#x}\"}""#;
    let (_, free) = run(&Script::of(hog), &json!({}));
    assert_eq!(free["output"]["text"], "200000000", "{free}");

    let limits = json!({ "resourceQuota": { "memoryLimit": "64MiB" } });
    let (client, task) = run(&Script::of(hog), &limits);

    assert_eq!(task["status"], "failed", "{task}");
    client.server.until_childless();
}

#[test]
fn one_that_wants_more_of_the_processor_than_it_may_have_is_ended() {
    let limits = json!({ "timeout": "10s", "resourceQuota": { "cpuLimit": "100m" } });

    let (client, task) = run(&Script::of("while :; do :; done"), &limits);

    // A tenth of ten seconds; under a control group it is slowed down instead, and its time is over.
    let reason = task["error"]["reason"].as_str().unwrap();
    assert!(["over_quota", "timeout"].contains(&reason), "{task}");
    client.server.until_childless();
}

#[test]
fn a_timeout_ends_it_with_all_that_it_started() {
    let mark = tempfile::tempdir().unwrap();
    let beat = mark.path().join("beat");
    let lines = format!("(while :; do echo x >> {}; sleep 0.05; done) &\nwait", beat.display());

    let (client, task) = run(&Script::of(&lines), &json!({ "timeout": "500ms" }));

    assert_eq!(task["error"]["reason"], "timeout");
    client.server.until_childless();
    until_silent(&beat);
}

/// Waits until nothing more is written to a file.
fn until_silent(path: &Path) {
    let began = Instant::now();
    loop {
        let before = fs::metadata(path).unwrap().len();
        std::thread::sleep(Duration::from_millis(400));
        if fs::metadata(path).unwrap().len() == before {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "a grandchild lives on");
    }
}

#[test]
fn cancelling_ends_it_and_leaves_no_zombie() {
    let script = Script::of("sleep 600");
    let client = Client::start(&[("ROUTER_COMMANDS", &script.setting())]);
    client.define(&json!({ "timeout": "1h" }));
    let job = json!({ "id": "job", "kind": "local", "weight": 1, "capabilities": ["echo"] });
    client.post("/router/executors", &job);
    let id = client.submit(&json!({ "text": "x" }));
    client.until_status(&id, "running");
    let began = Instant::now();
    while client.server.children().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "it never starts");
        std::thread::sleep(Duration::from_millis(5));
    }

    assert_eq!(client.delete(&format!("/router/tasks/{id}")).0, 200);

    client.server.until_childless();
}

#[test]
fn what_it_says_is_read_up_to_a_limit_and_its_failure_is_told() {
    let (client, endless) =
        run(&Script::of("while :; do echo xxxxxxxxxxxxxxxxxxx; done"), &json!({}));
    assert_eq!(endless["error"]["reason"], "bad_answer", "{endless}");
    client.server.until_childless();

    let (_, failed) = run(&Script::of("echo the disk is full >&2; exit 3"), &json!({}));
    assert_eq!(failed["error"]["reason"], "broken");
    assert!(failed["error"]["detail"].as_str().unwrap().contains("the disk is full"), "{failed}");
}
