//! What was answered survives `kill -9`, however often it comes.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::Server;

const ORDERS: usize = 2000;
const CONNECTIONS: usize = 32;
const KILLS: usize = 10;

#[test]
fn orders_that_were_answered_are_all_placed_and_notified() {
    let mut server = Server::new();
    let url = Mutex::new(server.start());
    let answered = Mutex::new(BTreeSet::new());
    let (begun, over) = (AtomicUsize::new(0), AtomicBool::new(false));

    // When orders are posted from many connections while the app is killed over and over.
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while begun.fetch_add(1, Ordering::Relaxed) < ORDERS
                    || !over.load(Ordering::Relaxed)
                {
                    let url = url.lock().unwrap().clone();
                    match post_order(&url) {
                        Some(pet) => drop(answered.lock().unwrap().insert(pet)),
                        None => std::thread::sleep(Duration::from_millis(2)),
                    }
                    // The last kills must hit a busy app too, so the orders are spread over them.
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        for round in 0..KILLS {
            std::thread::sleep(Duration::from_millis(150 + 37 * (round as u64 % 5)));
            server.kill();
            *url.lock().unwrap() = server.start();
        }
        while answered.lock().unwrap().len() < ORDERS {
            std::thread::sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::Relaxed);
    });

    // Then nothing is left in between.
    wait_until_empty(&server);
    assert_eq!(server.ask(["dlq", "ls"])["items"], json!([]));
    assert_eq!(server.terminate(), Some(0));

    // And each answered order is in the state and was notified.
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() >= ORDERS);
    let placed = placed(&server);
    let notified = notified(&fs::read_to_string(server.log()).unwrap());
    let lost: Vec<_> = answered.iter().filter(|pet| !placed.contains_key(*pet)).collect();
    let silent: Vec<_> = answered.iter().filter(|pet| !notified.contains(*pet)).collect();
    assert!(lost.is_empty(), "{} of {} orders were lost: {lost:?}", lost.len(), answered.len());
    assert!(silent.is_empty(), "{} orders were not notified: {silent:?}", silent.len());
    let twice = placed.values().filter(|orders| **orders > 1).count();
    assert_eq!(twice, 0, "an order's effects on the state happen once");
}

/// Posts one order; gives the pet's id if it was answered 200.
fn post_order(url: &str) -> Option<String> {
    let order =
        json!({ "pet": { "name": "Rex", "photoUrl": "x" }, "foodOrder": { "quantity": 2 } });
    let answer = ureq::post(format!("{url}/basic-tutorial"))
        .config()
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .send_json(order);
    let pet: Value = answer.ok()?.body_mut().read_json().ok()?;
    pet["id"].as_str().map(str::to_owned)
}

fn wait_until_empty(server: &Server) {
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
