//! Each error of the contract, in its words.

use serde_json::{Value, json};

use crate::client::App;

fn detail(detail: &str) -> Value {
    json!({ "detail": detail })
}

#[test]
fn what_breaks_a_schema_is_422_with_place_message_and_kind() {
    let app = App::offline();
    let broken = |path: &str, body: &Value| {
        let answer = app.post(path, body);
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let first = answer.body["detail"][0].clone();
        assert!(first["msg"].is_string() && first["type"].is_string(), "{first}");
        (first["loc"].clone(), first["type"].clone())
    };
    let summarize = "/api/v1/tasks/summarize/";

    assert_eq!(broken(summarize, &json!({})), (json!(["body", "content"]), json!("missing")));
    assert_eq!(
        broken(summarize, &json!({ "content": "" })),
        (json!(["body", "content"]), json!("string_too_short"))
    );
    assert_eq!(broken(summarize, &json!({ "content": 7 })).0, json!(["body", "content"]));
    let retry = "/api/v1/tasks/nobody/retry";
    let place = broken(retry, &json!({ "reset_retry_count": "perhaps" })).0;
    assert_eq!(place, json!(["body", "reset_retry_count"]));
    let malformed = app.send(summarize, "application/json", b"{");
    assert_eq!(
        (malformed.status, &malformed.body["detail"][0]["type"]),
        (422, &json!("json_invalid"))
    );
}

#[test]
fn a_query_that_breaks_a_rule_is_422_and_names_the_field() {
    let app = App::offline();

    for (query, field) in [
        ("/api/v1/tasks/?page=0", "page"),
        ("/api/v1/tasks/?page_size=101", "page_size"),
        ("/api/v1/tasks/?page=many", "page"),
        ("/api/v1/tasks/?task_status=LOST", "task_status"),
        ("/api/v1/tasks/?task_type=poem", "task_type"),
        ("/api/v1/tasks/summaries/?queue=secondary", "queue"),
        ("/api/v1/tasks/?start_date=yesterday", "start_date"),
        ("/api/v1/queues/primary/tasks?limit=1001", "limit"),
        ("/api/v1/queues/dlq?limit=0", "limit"),
        ("/api/v1/openrouter/metrics?days=0", "days"),
    ] {
        let answer = app.get(query);
        assert_eq!(answer.status, 422, "{query}: {answer:?}");
        assert_eq!(answer.body["detail"][0]["loc"], json!(["query", field]), "{query}");
    }
    let queue = app.get("/api/v1/queues/secondary/tasks");
    assert_eq!(
        (queue.status, &queue.body["detail"][0]["loc"]),
        (422, &json!(["path", "queue_name"]))
    );
    let sorted = app.get("/api/v1/tasks/?sort_by=password");
    assert_eq!((sorted.status, sorted.body), (400, detail("Invalid sort_by field")));
}

#[test]
fn what_is_not_there_and_what_is_not_answered_have_the_words_of_the_contract() {
    let app = App::offline();

    let task = app.get("/api/v1/tasks/0197f3a0-0000-7000-8000-000000000001");
    let retry = app.post("/api/v1/tasks/nobody/retry", &json!({}));
    let delete = app.delete("/api/v1/tasks/nobody");
    let nowhere = app.get("/api/v1/nowhere");
    let method = app.delete("/api/v1/queues/status");

    for answer in [task, retry, delete] {
        assert_eq!((answer.status, answer.body), (404, detail("Task not found")));
    }
    assert_eq!((nowhere.status, nowhere.body), (404, detail("Not Found")));
    assert_eq!((method.status, method.body), (405, detail("Method Not Allowed")));
    assert_eq!(method.headers["allow"], "GET, HEAD, OPTIONS");
}

#[test]
fn a_body_that_is_too_large_or_of_another_type_is_refused() {
    let app = App::offline();
    let large = json!({ "content": "x".repeat(2 * 1024 * 1024) });

    let too_large = app.post("/api/v1/tasks/summarize/", &large);
    let other = app.send("/api/v1/tasks/summarize/", "text/plain", b"A text.");

    assert_eq!(too_large.status, 413);
    assert!(too_large.body["detail"].is_string(), "{too_large:?}");
    assert_eq!((other.status, &other.body["detail"][0]["type"]), (422, &json!("missing")));
}

#[test]
fn errors_elsewhere_stay_as_they_are() {
    let app = App::offline();

    let nowhere = app.get("/nowhere");

    assert_eq!((nowhere.status, &nowhere.body["status"]), (404, &json!(404)));
    assert_eq!(nowhere.headers["content-type"], "application/problem+json");
}
