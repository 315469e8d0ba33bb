//! The flows of the app from end to end, in the test's own process.

use std::time::Duration;

use flows::{
    hello::GREETINGS,
    petstore::{ORDERS, OrderStatus},
};
use motia_testkit::TestApp;
use serde_json::{Value, json};
use steps as _;

fn rex() -> Value {
    json!({ "pet": { "name": "Rex", "photoUrl": "x" }, "foodOrder": { "quantity": 2 } })
}

#[tokio::test(start_paused = true)]
async fn a_pet_with_a_food_order_ends_as_an_order_and_a_notice() {
    let app = TestApp::start().await;

    let reply = app.post("/basic-tutorial").json(&rex()).send().await;
    app.empty().await;

    assert_eq!(reply.status, 200);
    let pet = reply.value();
    assert_eq!((&pet["name"], &pet["photoUrl"]), (&json!("Rex"), &json!("x")));
    assert_eq!(pet["traceId"], json!(reply.headers["x-trace-id"].to_str().unwrap()));
    let orders = app.state.group(ORDERS).await.unwrap().items;
    assert_eq!(orders.len(), 1);
    assert_eq!(json!(orders[0].1.pet_id), pet["id"]);
    assert_eq!((orders[0].1.quantity, orders[0].1.status), (2, OrderStatus::Placed));
    let notice = app.logs().into_iter().find(|line| line.message == "notification sent").unwrap();
    assert_eq!(notice.fields["email"], "te**@test.com");
}

#[tokio::test(start_paused = true)]
async fn a_pet_that_breaks_the_schema_is_refused_with_every_fault() {
    let app = TestApp::start().await;
    let bad = json!({ "pet": { "photoUrl": "x" }, "foodOrder": { "quantity": "x" } });

    let refused = app.post("/basic-tutorial").json(&bad).send().await;

    assert_eq!(refused.status, 400);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert_eq!(refused.pointers(), ["/foodOrder/quantity", "/pet/name"]);
    assert!(app.state.group(ORDERS).await.unwrap().items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn hello_is_greeted_in_the_background() {
    let app = TestApp::start().await;

    let reply = app.get("/hello").send().await;
    app.empty().await;

    assert_eq!(reply.value()["status"], "processing");
    let greetings = app.state.group(GREETINGS).await.unwrap().items;
    assert_eq!(greetings[0].1.greeting, "Hello motia-rs!");
}

#[tokio::test(start_paused = true)]
async fn the_audit_runs_on_monday_at_midnight_and_tells_of_late_orders() {
    // 1 January 2026 is a Thursday.
    let app = TestApp::start().await;
    app.post("/basic-tutorial").json(&rex()).send().await;
    app.empty().await;
    let notices = |app: &TestApp| {
        let logs = app.logs();
        logs.iter().filter(|line| line.message == "notification sent").count()
    };
    assert_eq!(notices(&app), 1);

    app.advance(Duration::from_secs(3 * 24 * 60 * 60)).await;
    assert_eq!(notices(&app), 1, "on Sunday there is no audit");
    app.advance(Duration::from_secs(24 * 60 * 60 + 60)).await;
    app.empty().await;

    assert_eq!(notices(&app), 2);
    let logs = app.logs();
    let audit = logs.iter().find(|line| line.fields["template"] == "order-audit-warning");
    assert!(audit.is_some(), "{logs:?}");
}

#[tokio::test(start_paused = true)]
async fn an_order_keeps_the_trace_of_the_request_that_made_it() {
    let app = TestApp::start().await;
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    let reply = app.post("/basic-tutorial").header("traceparent", sent).json(&rex()).send().await;

    assert_eq!(reply.value()["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
}
