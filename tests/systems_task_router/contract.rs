//! What a client can call, and what it gets back.

use serde_json::json;

use super::{
    client::{Client, HOME, pointers, statuses},
    executor::Executor,
};

#[test]
fn definitions_stand_side_by_side_and_never_change() {
    let client = Client::start(&[HOME]);

    let (created, first) = client.define(&json!({ "version": "1.1" }));
    let (again, _) = client.define(&json!({ "version": "1.1.0" }));
    client.define(&json!({ "version": "2.0.0", "rollout": 0.1 }));

    assert_eq!((created, again), (201, 409));
    assert_eq!(first["version"], "1.1.0");
    assert_eq!(first["requires"], json!(["echo"]));
    let (_, all) = client.get("/router/definitions");
    assert_eq!((&all["total"], &all["definitions"][0]["taskId"]), (&json!(1), &json!("echo")));
    let (_, task) = client.get("/router/definitions/echo");
    assert_eq!(
        task["versions"],
        json!([{ "version": "2.0.0", "rollout": 0.1 }, { "version": "1.1.0" }])
    );
    assert_eq!(task["definition"]["version"], "1.1.0");
    assert_eq!(client.get("/router/definitions/echo/1.1").1, first);
    for path in ["/router/definitions/fly", "/router/definitions/echo/9", "/router/tasks/none"] {
        assert_eq!(client.get(path).0, 404, "{path}");
    }
}

#[test]
fn what_a_definition_leaves_out_is_what_the_settings_say() {
    let settings = [("DEFAULT_TASK_TIMEOUT", "7s"), ("MAX_RETRY_ATTEMPTS", "5")];
    let client = Client::start(&settings);
    let bare = json!({
        "taskId": "bare", "name": "Bare", "version": "1", "inputSchema": {}, "outputSchema": {},
    });

    let (_, definition) = client.post("/router/definitions", &bare);

    assert_eq!(definition["timeout"], "7s");
    assert_eq!(definition["retryPolicy"]["maxAttempts"], 5);
}

#[test]
fn a_definition_that_does_not_compile_is_refused_with_each_place() {
    let client = Client::start(&[]);
    let broken = json!({
        "inputSchema": { "$ref": "https://example.com/schema.json" },
        "outputSchema": { "type": "words" },
        "safety": { "denyPatterns": [{ "name": "x", "pattern": "(?=a)" }] },
    });

    let (status, problem) = client.define(&broken);
    let (other, wrong) = client.define(&json!({ "version": "newest", "timeout": "soon" }));

    assert_eq!(status, 400);
    let places = ["/inputSchema", "/outputSchema", "/safety/denyPatterns/0/pattern"];
    assert_eq!(pointers(&problem), places);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("never fetched"));
    assert_eq!(other, 400, "{wrong}");
}

#[test]
fn a_task_goes_its_way_and_tells_of_it_and_the_executor_knows_whose_it_is() {
    let (client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({}));
    client.register("near", &executor);

    let id = client.submit(&json!({ "text": "hello" }));
    let task = client.until_status(&id, "completed");

    assert_eq!(statuses(&task), ["pending", "routed", "running", "completed"]);
    assert!(task["lifecycle"][0]["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&task["output"], &task["version"]), (&json!({ "text": "hello" }), &json!("1.0.0")));
    assert_eq!(task["attempts"][0]["executor"], "near");
    let calls = executor.calls();
    assert_eq!((calls.len(), calls[0].attempt, calls[0].traced), (1, 1, true));
    assert_eq!(calls[0].key, id);
}

#[test]
fn an_input_that_breaks_a_rule_is_refused_with_what_is_broken_and_never_what_is_there() {
    let settings = [("ROUTER_DENY_WORDS", "bomb"), ("ROUTER_MAX_INPUT", "1KiB")];
    let client = Client::start(&settings);
    client.define(&json!({}));
    let submit = |input| client.post("/router/tasks", &json!({ "taskId": "echo", "input": input }));

    let (status, problem) = submit(json!({ "ms": "hunter2" }));
    assert_eq!((status, pointers(&problem)), (400, vec!["/input/ms", "/input/text"]));
    assert!(!problem.to_string().contains("hunter2"));

    let rules = [
        (json!({ "text": "a Bomb, hunter2" }), "`denied-word`"),
        (json!({ "text": "-----BEGIN RSA PRIVATE KEY----- hunter2" }), "`private-key`"),
        (json!({ "text": "hunter2".repeat(200) }), "`too-large`"),
    ];
    for (input, rule) in rules {
        let (status, problem) = submit(input);
        let problem = problem.to_string();
        assert_eq!(status, 422, "{problem}");
        assert!(problem.contains(rule) && !problem.contains("hunter2"), "{problem}");
    }

    let unknown = [json!({ "taskId": "fly" }), json!({ "taskId": "echo", "version": "7" })];
    for mut task in unknown {
        task["input"] = json!({ "text": "x" });
        assert_eq!(client.post("/router/tasks", &task).0, 404);
    }
}

#[test]
fn a_version_that_is_named_is_taken_and_else_the_one_that_falls_to_the_client() {
    let (client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({ "version": "1" }));
    client.define(&json!({ "version": "2", "rollout": 0.0 }));
    client.register("near", &executor);
    let version_of = |rest: serde_json::Value| {
        let mut task = json!({ "taskId": "echo", "input": { "text": "x" }, "clientId": "anna" });
        task.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let (_, submitted) = client.post("/router/tasks", &task);
        client.task(submitted["id"].as_str().unwrap())["version"].clone()
    };

    assert_eq!(version_of(json!({})), "1.0.0");
    assert_eq!(version_of(json!({ "version": "2" })), "2.0.0");
    let (changed, _) = client.put("/router/definitions/echo/2/rollout", &json!({ "rollout": 1.0 }));
    assert_eq!((changed, version_of(json!({}))), (200, json!("2.0.0")));
    let path = "/router/definitions/echo/3/rollout";
    assert_eq!(client.put(path, &json!({ "rollout": 1.0 })).0, 404);
}

#[test]
fn a_task_under_the_same_key_is_run_once_and_an_equal_input_costs_nothing() {
    let (client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({ "cacheTtl": "1h" }));
    client.register("near", &executor);
    let keyed = json!({ "taskId": "echo", "input": { "text": "a" }, "idempotencyKey": "k" });

    let (_, first) = client.post("/router/tasks", &keyed);
    let id = first["id"].as_str().unwrap();
    client.until_status(id, "completed");
    let (_, again) = client.post("/router/tasks", &keyed);
    let other = json!({ "taskId": "echo", "input": { "text": "b" }, "idempotencyKey": "k" });
    let (conflict, _) = client.post("/router/tasks", &other);
    let equal = client.task(&client.submit(&json!({ "text": "a" })));

    assert_eq!((&again["id"], conflict), (&first["id"], 409));
    assert_eq!((&equal["status"], &equal["cached"]), (&json!("completed"), &json!(true)));
    assert_eq!(equal["output"], json!({ "text": "a" }));
    assert_eq!(executor.calls().len(), 1);
}

#[test]
fn a_client_that_submits_more_than_it_may_is_told_when_to_come_again() {
    let settings = [("ROUTER_CLIENT_RATE", "1"), ("ROUTER_CLIENT_BURST", "2")];
    let client = Client::start(&settings);
    client.define(&json!({}));
    let submit = |who: &str| {
        let task = json!({ "taskId": "echo", "input": { "text": "x" }, "clientId": who });
        client.post("/router/tasks", &task).0
    };

    let of_anna: Vec<_> = (0..20).map(|_| submit("anna")).collect();

    assert_eq!(of_anna[..2], [202, 202]);
    assert!(of_anna.contains(&429), "{of_anna:?}");
    assert_eq!(submit("bert"), 202);
}

#[test]
fn every_answer_of_every_route_is_in_the_openapi_document() {
    let client = Client::start(&[]);

    let (_, document) = client.get("/openapi.json");

    let answers = |path: &str, method: &str| -> Vec<String> {
        let responses = document["paths"][path][method]["responses"].as_object();
        responses.unwrap_or_else(|| panic!("{method} {path}")).keys().cloned().collect()
    };
    let expected = [
        ("/router/definitions", "post", &["201", "400", "409"][..]),
        ("/router/definitions", "get", &["200"]),
        ("/router/definitions/{taskId}", "get", &["200", "404"]),
        ("/router/definitions/{taskId}/{version}", "get", &["200", "404"]),
        ("/router/definitions/{taskId}/{version}/rollout", "put", &["200", "400", "404"]),
        ("/router/tasks", "post", &["202", "400", "404", "409", "422", "429"]),
        ("/router/tasks/{id}", "get", &["200", "404"]),
        ("/router/tasks/{id}", "delete", &["200", "404", "409"]),
        ("/router/executors", "get", &["200"]),
        ("/router/executors", "post", &["201", "400", "409"]),
        ("/router/executors/{id}", "delete", &["204", "404"]),
        ("/router/health", "get", &["200"]),
    ];
    for (path, method, statuses) in expected {
        let answers = answers(path, method);
        for status in statuses {
            assert!(answers.iter().any(|one| one == status), "{method} {path}: {answers:?}");
        }
    }
}
