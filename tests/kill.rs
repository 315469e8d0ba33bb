//! What was answered survives `kill -9`, however often it comes.

mod support;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use support::{
    Server,
    orders::{self, Answer},
};

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
                    match orders::post(&url) {
                        Answer::Kept(pet) => drop(answered.lock().unwrap().insert(pet)),
                        _ => std::thread::sleep(Duration::from_millis(2)),
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
    orders::wait_until_empty(&server);
    assert_eq!(server.ask(["dlq", "ls"])["items"], json!([]));
    assert_eq!(server.terminate(), Some(0));

    // And each answered order is in the state and was notified.
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() >= ORDERS);
    orders::expect_all(&server, &answered);
}
