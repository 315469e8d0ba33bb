//! The starter flows from end to end, over HTTP against the app's real binary.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Server, orders};

fn post(url: &str, body: &Value) -> (u16, String, Value) {
    let post = ureq::post(format!("{url}/basic-tutorial"));
    let mut answer = post.config().http_status_as_error(false).build().send_json(body).unwrap();
    let trace = answer.headers()["x-trace-id"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), trace, answer.body_mut().read_json().unwrap())
}

fn pet() -> Value {
    json!({ "name": "Rex", "photoUrl": "https://example.com/rex" })
}

fn group(server: &Server, group: &str) -> Vec<Value> {
    orders::wait_until_empty(server);
    let entries = server.ask(["state", "ls", group])["items"].as_array().unwrap().clone();
    entries.into_iter().map(|entry| entry["value"].clone()).collect()
}

/// The lines of the log that say this, once there are as many as are waited for.
fn said(server: &Server, what: &str, times: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let log = fs::read_to_string(server.log()).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let said: Vec<_> = lines.filter(|line| line.to_string().contains(what)).collect();
        if said.len() >= times {
            return said;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "`{what}` is not said:\n{log}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_pet_with_a_food_order_is_taken_in_its_order_placed_and_its_owner_told() {
    let mut server = Server::new();
    let url = server.start();

    let (status, trace, reply) =
        post(&url, &json!({ "pet": pet(), "foodOrder": { "quantity": 2 } }));

    let keys: BTreeSet<_> = reply.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((status, keys), (200, BTreeSet::from(["id", "name", "photoUrl", "traceId"])));
    assert_eq!((&reply["name"], &reply["photoUrl"]), (&pet()["name"], &pet()["photoUrl"]));
    assert_eq!(reply["traceId"], json!(trace));
    let placed = group(&server, "orders");
    assert_eq!(placed.len(), 1);
    assert_eq!((&placed[0]["petId"], &placed[0]["quantity"]), (&reply["id"], &json!(2)));
    assert_eq!((&placed[0]["status"], &placed[0]["complete"]), (&json!("placed"), &json!(false)));
    let notice = said(&server, "notification sent", 1)[0].to_string();
    assert!(notice.contains("te**@test.com") && !notice.contains("test@test.com"), "{notice}");
    assert!(notice.contains(&trace), "the notice belongs to the request's run: {notice}");
}

#[test]
fn a_pet_without_a_food_order_is_only_taken_in() {
    let mut server = Server::new();
    let url = server.start();

    let (status, _, reply) = post(&url, &json!({ "pet": pet() }));

    assert_eq!((status, &reply["name"]), (200, &json!("Rex")));
    assert!(group(&server, "orders").is_empty());
}

#[test]
fn a_pet_that_breaks_the_schema_is_refused_with_every_fault_and_nothing_happens() {
    let mut server = Server::new();
    let url = server.start();

    let (status, trace, refused) =
        post(&url, &json!({ "pet": { "photoUrl": "x" }, "foodOrder": { "quantity": 0 } }));

    let errors = refused["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = errors.map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!((status, pointers), (400, vec!["/foodOrder/quantity", "/pet/name"]));
    assert_eq!(refused["traceId"], json!(trace));
    assert!(group(&server, "orders").is_empty());
}

#[test]
fn the_audit_warns_and_tells_of_an_order_that_is_late_and_of_no_other() {
    let mut server = Server::new();
    let url = server.start();
    post(&url, &json!({ "pet": pet(), "foodOrder": { "quantity": 1 } }));
    let late = group(&server, "orders")[0].clone();
    let id = late["id"].as_str().unwrap();
    let mut complete = late.clone();
    (complete["id"], complete["complete"]) = (json!("done"), json!(true));
    server.ask(["state", "set", "orders", "done", &complete.to_string()]);

    server.ask(["cron", "run", "StateAuditJob"]);

    let warned = said(&server, "an order is late", 1);
    let told = said(&server, "order-audit-warning", 1);
    assert_eq!((warned.len(), told.len()), (1, 1));
    assert!(warned[0].to_string().contains(id) && told[0].to_string().contains(id));
    let schedules = server.ask(["cron", "ls"]).to_string();
    assert!(schedules.contains("0 0 * * 1"), "{schedules}");
}

#[test]
fn hello_is_answered_at_once_and_the_greeting_made_behind_it() {
    let mut server = Server::new();
    let url = server.start();

    let mut answer = ureq::get(format!("{url}/hello")).call().unwrap();
    let reply: Value = answer.body_mut().read_json().unwrap();

    assert_eq!((&reply["status"], &reply["appName"]), (&json!("processing"), &json!("motia-rs")));
    let greetings = group(&server, "greetings");
    assert_eq!(greetings.len(), 1);
    assert_eq!(greetings[0]["greeting"], "Hello motia-rs!");
}

#[test]
fn both_flows_stand_in_the_graph() {
    let server = Server::new();

    let flows = server.ask(["flows"]).to_string();

    for name in [
        "basic-tutorial",
        "hello-world-flow",
        "process-food-order",
        "notification",
        "process-greeting",
    ] {
        assert!(flows.contains(name), "`{name}` is missing: {flows}");
    }
}
