//! Executors: who may be one, how they stand, and what is counted.

use serde_json::{Value, json};

use super::{
    client::{Client, HOME, pointers},
    executor::Executor,
};

fn local(id: &str, rest: &Value) -> Value {
    let mut new = json!({ "id": id, "kind": "local", "weight": 1, "capabilities": ["*"] });
    new.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    new
}

#[test]
fn an_executor_at_a_private_address_is_refused_unless_a_setting_allows_it() {
    let client = Client::start(&[]);
    for url in ["http://127.0.0.1:9/run", "http://localhost:9/run", "http://[::1]:9/", "ftp://a.b/"]
    {
        let new = json!({ "id": "near", "kind": "http", "url": url, "capabilities": ["echo"] });
        let (status, problem) = client.post("/router/executors", &new);
        assert_eq!((status, pointers(&problem)), (400, vec!["/url"]), "{url}");
    }
}

#[test]
fn an_address_that_became_forbidden_is_not_called() {
    let (mut client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({ "retryPolicy": { "maxAttempts": 1 } }));
    client.register("near", &executor);
    client.server.kill();
    client.restart(&[]);

    let id = client.submit(&json!({ "text": "x" }));
    let task = client.until_status(&id, "failed");

    assert_eq!(task["error"]["reason"], "forbidden_address");
    assert!(executor.calls().is_empty());
}

#[test]
fn local_executors_run_functions_that_there_are() {
    let client = Client::start(&[]);
    client.define(&json!({ "outputSchema": { "required": ["words"] } }));

    let (unknown, problem) = client.post("/router/executors", &local("fly", &json!({})));
    let (created, _) = client.post("/router/executors", &local("word-count", &json!({})));
    let id = client.submit(&json!({ "text": "one two" }));

    assert_eq!((unknown, pointers(&problem), created), (400, vec!["/id"], 201));
    assert_eq!(client.until_status(&id, "completed")["output"]["words"], 2);
    let (_, all) = client.get("/router/executors");
    assert_eq!(all["executors"][0]["limitsHold"], "not enforceable");
    assert_eq!(client.delete("/router/executors/word-count").0, 204);
    assert_eq!(client.delete("/router/executors/word-count").0, 404);
}

#[test]
fn an_open_circuit_is_shown_and_its_executor_gets_nothing() {
    let settings = [HOME, ("CIRCUIT_BREAKER_THRESHOLD", "2")];
    let (client, sick, well) = (Client::start(&settings), Executor::start(), Executor::start());
    client.define(&json!({}));
    client.register("sick", &sick);
    assert_eq!(client.get("/router/health").1["status"], "healthy");

    let first = client.submit(&json!({ "text": "x", "do": "break" }));
    client.until(&first, |task| {
        task["waitingFor"].as_str().is_some_and(|why| why.contains("circuit"))
    });
    assert_eq!(sick.calls().len(), 2);
    let (status, health) = client.get("/router/health");
    assert_eq!((status, &health["status"]), (200, &json!("unhealthy")));
    assert_eq!(health["executors"][0]["circuit"]["state"], "open");
    assert_eq!(health["errorRates"]["echo/1.0.0"]["errorRate"], 1.0);
    assert!(health["resources"]["residentBytes"].as_u64().unwrap() > 1_000_000);

    client.register("well", &well);
    let second = client.submit(&json!({ "text": "x" }));
    client.until_status(&second, "completed");

    assert_eq!((sick.calls().len(), well.calls().len()), (2, 1));
    assert_eq!(client.get("/router/health").1["status"], "degraded");
}

#[test]
fn an_executor_that_fails_its_health_check_gets_nothing_until_it_is_well() {
    let (client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({}));
    client.register("near", &executor);
    executor.be_sick(true);
    until_checked(&client, false);

    let id = client.submit(&json!({ "text": "x" }));
    client.until(&id, |task| task["waitingFor"].as_str().is_some_and(|why| why.contains("well")));
    assert!(executor.calls().is_empty());
    executor.be_sick(false);
    until_checked(&client, true);

    client.until_status(&id, "completed");
}

fn until_checked(client: &Client, healthy: bool) {
    let began = std::time::Instant::now();
    while client.get("/router/executors").1["executors"][0]["health"]["healthy"] != healthy {
        assert!(began.elapsed().as_secs() < 30, "it is never looked at");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_is_counted_has_the_names_that_dashboards_know() {
    let (client, executor) = (Client::start(&[HOME]), Executor::start());
    client.define(&json!({}));
    client.register("near", &executor);
    let good = client.submit(&json!({ "text": "x" }));
    let bad = client.submit(&json!({ "text": "x", "do": "refuse" }));
    client.until_status(&good, "completed");
    client.until_status(&bad, "failed");

    let metrics = client.text("/metrics");

    for line in [
        r#"task_executions_success_total{task="echo"} 1"#,
        r#"task_executions_failure_total{task="echo",reason="refused"} 1"#,
        r#"task_execution_duration_seconds_count{task="echo"} 2"#,
        "task_executions_active 0.0",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}\n{metrics}");
    }
}
