//! A repeated `Idempotency-Key` gets the first answer again.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{Answer, App, app, setup};
use motia_core::{
    clock::Clock as _,
    config::ApiConfig,
    context::Context,
    error::StepError,
    http::{ApiRequest, ApiResponse},
    json::JsonText,
    registry::Definition,
    store::{Batch, Store, Write},
};
use motia_runtime::clock::SystemClock;
use motia_store::MemoryStore;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, sync::Semaphore};

const GROUP: &str = "__motia.idempotency";

/// A step that counts its runs, and waits for a permit before each ends.
struct Counted {
    runs: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

fn counted(permits: usize) -> (Counted, Definition) {
    let (runs, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(permits)));
    let (ran, opened) = (runs.clone(), gate.clone());
    let handler = move |req: ApiRequest<Value>, _: Context| {
        let (ran, opened) = (ran.clone(), opened.clone());
        async move {
            let run = ran.fetch_add(1, Ordering::SeqCst) + 1;
            opened.acquire().await?.forget();
            match req.body["fail"].as_u64() {
                Some(500) => Err(StepError::retry("broken")),
                Some(409) => Err(StepError::reject(http::StatusCode::CONFLICT, "sold out")),
                _ => Ok(ApiResponse::created(json!({ "run": run })).header("location", "/pay/1")),
            }
        }
    };
    let step = ApiConfig::<Value, Value>::post("Pay", "/pay").idempotent().bind(handler);
    (Counted { runs, gate }, step)
}

impl Counted {
    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    async fn reached(&self, runs: usize) {
        while self.runs() < runs {
            tokio::task::yield_now().await;
        }
    }
}

async fn pay(app: &App, key: &str, body: &str) -> Answer {
    let key = format!("idempotency-key: {key}");
    app.send("POST /pay", &["content-type: application/json", &key], body).await
}

#[tokio::test]
async fn the_first_answer_is_given_again_whole() {
    let (step, pay_step) = counted(9);
    let app = app([pay_step]).await;

    let first = pay(&app, "k1", "{}").await;
    let again = pay(&app, "k1", "{}").await;
    let other = pay(&app, "k2", "{}").await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("location"), Some("/pay/1"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_ne!(first.header("x-trace-id"), again.header("x-trace-id"));
    assert_eq!(other.json(), json!({ "run": 2 }));
    assert_eq!(step.runs(), 2);
}

#[tokio::test]
async fn without_a_key_every_request_runs() {
    let (step, pay_step) = counted(9);
    let app = app([pay_step]).await;

    app.post("/pay", "{}").await;
    app.post("/pay", "{}").await;

    assert_eq!(step.runs(), 2);
}

#[tokio::test]
async fn a_key_that_came_with_another_request_is_refused() {
    let (step, pay_step) = counted(9);
    let app = app([pay_step]).await;

    pay(&app, "k", "{}").await;

    pay(&app, "k", r#"{"more":1}"#).await.problem(422);
    let as_somebody = ["content-type: application/json", "idempotency-key: k", "authorization: b"];
    app.send("POST /pay", &as_somebody, "{}").await.problem(422);
    assert_eq!(step.runs(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let (step, pay_step) = counted(9);
    let app = app([pay_step]).await;

    for key in ["", "two words", &"k".repeat(256)] {
        pay(&app, key, "{}").await.problem(400);
    }
    let twice = ["content-type: application/json", "idempotency-key: a", "idempotency-key: b"];
    app.send("POST /pay", &twice, "{}").await.problem(400);
    assert_eq!(step.runs(), 0);
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_wait() {
    let (step, pay_step) = counted(0);
    let app = app([pay_step]).await;

    let first = pay(&app, "k", "{}");
    let second = async {
        step.reached(1).await;
        let second = pay(&app, "k", "{}").await;
        step.gate.add_permits(1);
        second
    };
    let (first, second) = tokio::join!(first, second);

    second.problem(409);
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(first.status, 201);
    assert_eq!(pay(&app, "k", "{}").await.json(), first.json());
    assert_eq!(step.runs(), 1);
}

#[tokio::test]
async fn of_many_at_once_one_runs() {
    let (step, pay_step) = counted(99);
    let app = app([pay_step]).await;

    let many = (0..20).map(|_| pay(&app, "k", "{}"));
    let answers = futures_util::future::join_all(many).await;

    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
    assert!(answers.iter().any(|answer| answer.status == 201));
    assert_eq!(step.runs(), 1);
}

#[tokio::test]
async fn a_failure_inside_is_not_kept_and_a_refusal_is() {
    let (step, pay_step) = counted(9);
    let app = app([pay_step]).await;

    for _ in 0..2 {
        pay(&app, "broken", r#"{"fail":500}"#).await.problem(500);
    }
    assert_eq!(step.runs(), 2);

    for _ in 0..2 {
        let refused = pay(&app, "refused", r#"{"fail":409}"#).await;
        assert_eq!((refused.status, refused.json()["detail"].as_str()), (409, Some("sold out")));
    }
    assert_eq!(step.runs(), 3);
}

#[tokio::test]
async fn a_caller_who_went_away_finds_the_answer_when_they_come_back() {
    let (step, pay_step) = counted(0);
    let app = app([pay_step]).await;

    let mut stream = app.connect().await;
    let request = "POST /pay HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   idempotency-key: k\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).await.unwrap();
    step.reached(1).await;
    drop(stream);
    step.gate.add_permits(1);

    let answer = loop {
        match pay(&app, "k", "{}").await {
            running if running.status == 409 => tokio::task::yield_now().await,
            answer => break answer,
        }
    };
    assert_eq!(answer.header("idempotency-replayed"), Some("true"));
    assert_eq!(step.runs(), 1);
}

/// Leaves what a process leaves that died while the step ran.
async fn crashed(app: &App, store: &MemoryStore, lease: Duration) {
    pay(app, "k", "{}").await;
    let key = "Pay k".to_owned();
    let now = SystemClock.now();
    let entry = store.get(GROUP, &key, now).await.unwrap().unwrap();
    let mut record: Value = entry.value.decode().unwrap();
    record["answer"] = Value::Null;
    let value = JsonText::encode(&record).unwrap();
    let expires_at = Some(now + lease);
    let set = Write::Set { group: GROUP.into(), key, value, expires_at };
    store.commit(Batch::of(set)).await.unwrap();
}

#[tokio::test]
async fn a_crash_holds_the_key_for_a_lease_and_no_longer() {
    let (step, pay_step) = counted(9);
    let store = Arc::new(MemoryStore::new());
    let mut setup = setup([pay_step]);
    setup.store = store.clone();
    let app = setup.start().await;

    crashed(&app, &store, Duration::from_secs(60)).await;
    pay(&app, "k", "{}").await.problem(409);

    run_out(&store).await;
    assert_eq!(pay(&app, "k", "{}").await.status, 201);
    assert_eq!(step.runs(), 2);
}

/// Lets the lease run out.
async fn run_out(store: &MemoryStore) {
    let now = SystemClock.now();
    let entry = store.get(GROUP, "Pay k", now).await.unwrap().unwrap();
    let expires_at = Some(now - Duration::from_millis(1));
    let (group, key) = (GROUP.into(), "Pay k".to_owned());
    let set = Write::Set { group, key, value: entry.value, expires_at };
    store.commit(Batch::of(set)).await.unwrap();
}

#[tokio::test]
async fn what_is_kept_has_an_end() {
    let (_, pay_step) = counted(9);
    let store = Arc::new(MemoryStore::new());
    let mut setup = setup([pay_step]);
    setup.store = store.clone();
    let app = setup.start().await;

    pay(&app, "k", "{}").await;

    let now = SystemClock.now();
    let entry = store.get(GROUP, "Pay k", now).await.unwrap().unwrap();
    let left = entry.expires_at.unwrap().duration_since(now).as_secs();
    assert!((86_000..=86_400).contains(&left), "{left}");
}
