//! Orders for pets: posted, and looked for afterwards.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(dead_code, reason = "not every test needs all of it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Server;

/// What a post of an order came to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The pet's id.
    Kept(String),
    /// A status, and the type and text of its body.
    Refused(u16, String, String),
    /// No answer came, or not in time.
    None(String),
}

/// Posts one order.
pub(crate) fn post(url: &str) -> Answer {
    post_within(url, Duration::from_secs(10))
}

/// Posts one order, and waits so long for the answer.
pub(crate) fn post_within(url: &str, timeout: Duration) -> Answer {
    let order =
        json!({ "pet": { "name": "Rex", "photoUrl": "x" }, "foodOrder": { "quantity": 2 } });
    let answer = ureq::post(format!("{url}/basic-tutorial"))
        .config()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .build()
        .send_json(order);
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Answer::None(error.to_string()),
    };
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let body = match answer.body_mut().read_to_string() {
        Ok(body) => body,
        Err(error) => return Answer::None(error.to_string()),
    };
    match answer.status().as_u16() {
        200 => {
            let pet: Value = serde_json::from_str(&body).unwrap();
            Answer::Kept(pet["id"].as_str().unwrap().to_owned())
        }
        status => Answer::Refused(status, kind.unwrap_or_default(), body),
    }
}

/// Posts orders until one is kept; gives its pet.
pub(crate) fn post_until_kept(url: &str) -> String {
    let began = Instant::now();
    loop {
        match post(url) {
            Answer::Kept(pet) => return pet,
            other => assert!(began.elapsed() < Duration::from_secs(30), "{other:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until no event waits any more.
pub(crate) fn wait_until_empty(server: &Server) {
    let began = Instant::now();
    loop {
        let queues = server.ask(["queues"]);
        let waits = |queue: &Value| queue["waiting"] != 0 || queue["delayed"] != 0;
        if !queues["items"].as_array().unwrap().iter().any(waits) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it does not run empty: {queues}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Each answered order is in the state, once, and was notified. No app may run.
pub(crate) fn expect_all(server: &Server, answered: &BTreeSet<String>) {
    let placed = placed(server);
    let notified = notified(&fs::read_to_string(server.log()).unwrap());
    let lost: Vec<_> = answered.iter().filter(|pet| !placed.contains_key(*pet)).collect();
    let silent: Vec<_> = answered.iter().filter(|pet| !notified.contains(*pet)).collect();
    assert!(lost.is_empty(), "{} of {} orders were lost: {lost:?}", lost.len(), answered.len());
    assert!(silent.is_empty(), "{} orders were not notified: {silent:?}", silent.len());
    let twice = placed.values().filter(|orders| **orders > 1).count();
    assert_eq!(twice, 0, "an order's effects on the state happen once");
}

/// How many orders are in the state, by pet; read from the data folder with no app running.
fn placed(server: &Server) -> BTreeMap<String, usize> {
    let mut placed = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = match cursor.as_str() {
            "" => server.ask(["state", "ls", "orders", "--limit", "1000"]),
            after => server.ask(["state", "ls", "orders", "--limit", "1000", "--cursor", after]),
        };
        for item in page["items"].as_array().unwrap() {
            let pet = item["value"]["petId"].as_str().unwrap().to_owned();
            *placed.entry(pet).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return placed,
        }
    }
}

/// The pets of all notices in the log.
fn notified(log: &str) -> BTreeSet<String> {
    log.lines()
        .filter(|line| line.contains("notification sent"))
        .filter_map(|line| {
            let pet = line.split_once("petId")?.1.trim_start_matches(['\\', '"', ':', ' ']);
            Some(pet.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect())
        })
        .collect()
}
