//! The app while it is stopped, told to end, or out of file descriptors.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    net::TcpStream,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{
    Server,
    orders::{self, Answer},
};

/// Longer than the handlers and heads of requests have in these tests.
const STANDSTILL: Duration = Duration::from_millis(2500);
const TIMEOUTS: [(&str, &str); 2] =
    [("MOTIA_HANDLER_TIMEOUT", "1s"), ("MOTIA_HEADER_READ_TIMEOUT", "1s")];

#[test]
fn an_app_that_stood_still_longer_than_any_timeout_goes_on() {
    let mut server = Server::new();
    let url = server.start_with(&TIMEOUTS);
    let answered = Mutex::new(BTreeSet::new());
    let over = AtomicBool::new(false);

    // When it is stopped again and again while orders come in.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| take_orders(&url, &answered, &over));
        }
        let _over = Over(&over);
        for _ in 0..2 {
            wait_for(20, &answered);
            server.signal("-STOP");
            let stopped = Instant::now();

            // Then nobody takes its place, or is told that it is gone.
            let (code, said) = server.refused(["serve", "--port", "0"]);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(&format!("(pid {})", server.pid())), "{said}");

            std::thread::sleep(STANDSTILL.saturating_sub(stopped.elapsed()));
            server.signal("-CONT");
        }
        wait_for(20, &answered);
    });

    // And all is as if nothing had been.
    orders::wait_until_empty(&server);
    assert_eq!(server.ask(["dlq", "ls"])["items"], json!([]));
    assert_eq!(figure(&url, "possible_duplicate_total"), 0.0);
    assert_eq!(server.terminate(), Some(0));
    orders::expect_all(&server, &answered.into_inner().unwrap());
}

#[test]
fn an_app_that_is_told_to_end_under_load_finishes_what_it_began() {
    let mut server = Server::new();
    let url = Mutex::new(server.start());
    let answered = Mutex::new(BTreeSet::new());
    let over = AtomicBool::new(false);

    // When it is told to end over and over while orders come in.
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let url = url.lock().unwrap().clone();
                    match orders::post(&url) {
                        Answer::Kept(pet) => drop(answered.lock().unwrap().insert(pet)),
                        _ => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        let _over = Over(&over);
        for _ in 0..8 {
            wait_for(20, &answered);
            let told = Instant::now();
            assert_eq!(server.terminate(), Some(0));
            assert!(told.elapsed() < Duration::from_secs(10), "it took {:?}", told.elapsed());

            // Then no attempt was cut off.
            *url.lock().unwrap() = server.start();
            let cut_off = figure(&url.lock().unwrap(), "possible_duplicate_total");
            assert_eq!(cut_off, 0.0, "attempts were cut off");
        }
    });

    // And nothing is lost.
    orders::wait_until_empty(&server);
    assert_eq!(server.ask(["dlq", "ls"])["items"], json!([]));
    assert_eq!(server.terminate(), Some(0));
    orders::expect_all(&server, &answered.into_inner().unwrap());
}

#[test]
fn an_app_without_file_descriptors_recovers_when_it_has_some() {
    let mut server = Server::new();
    let url = server.start();
    let mut answered = BTreeSet::from([orders::post_until_kept(&url)]);

    // Given that it may open a few files more, and that connections take them all.
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    limit_files(&server, open + 8);
    let address = url.trim_start_matches("http://");
    let connections: Vec<_> = (0..64).filter_map(|_| TcpStream::connect(address).ok()).collect();
    let began = Instant::now();
    while fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count() < open + 8 {
        assert!(began.elapsed() < Duration::from_secs(10), "the connections are not taken");
        std::thread::sleep(Duration::from_millis(5));
    }

    // When orders come in all the same.
    assert!(matches!(orders::post_within(&url, Duration::from_millis(500)), Answer::None(_)));

    // Then they are taken again once connections end,
    drop(connections);
    answered.extend((0..20).map(|_| orders::post_until_kept(&url)));

    // and nothing is lost.
    limit_files(&server, 1024);
    orders::wait_until_empty(&server);
    assert_eq!(server.terminate(), Some(0));
    orders::expect_all(&server, &answered);
}

/// Sets its flag when it goes, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Posts orders until all is over.
fn take_orders(url: &str, answered: &Mutex<BTreeSet<String>>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        if let Answer::Kept(pet) = orders::post(url) {
            answered.lock().unwrap().insert(pet);
        }
        // The app has to have time for the events too.
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until so many more orders were answered.
fn wait_for(more: usize, answered: &Mutex<BTreeSet<String>>) {
    let (began, before) = (Instant::now(), answered.lock().unwrap().len());
    while answered.lock().unwrap().len() < before + more {
        assert!(began.elapsed() < Duration::from_secs(30), "no orders are answered");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn limit_files(server: &Server, most: usize) {
    let limit = format!("--nofile={most}:4096");
    let set = Command::new("prlimit").args(["--pid", &server.pid(), &limit]).status().unwrap();
    assert!(set.success());
}

/// A number of the metrics page.
fn figure(url: &str, name: &str) -> f64 {
    let page = ureq::get(format!("{url}/metrics")).call().unwrap();
    let page = page.into_body().read_to_string().unwrap();
    let line = page.lines().find(|line| !line.starts_with('#') && line.contains(name));
    let (_, number) =
        line.unwrap_or_else(|| panic!("no {name} in {page}")).rsplit_once(' ').unwrap();
    serde_json::from_str::<Value>(number).unwrap().as_f64().unwrap()
}
