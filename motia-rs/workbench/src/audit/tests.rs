use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use http::Method;
use motia_core::store::{Batch, Commit, CommitError, Decorate, PageRequest, Store, StoreError};
use motia_runtime::settings::AuditSettings;
use motia_store::MemoryStore;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{book::BETWEEN_LOOKS, deed::LARGEST, *};
use crate::{
    local,
    testing::{after_a_charge, at_rest, beside, get, put, registry, with_dead_letters},
};

async fn entries(api: &Router, query: &str) -> Vec<Value> {
    let (status, list) = get(api, &format!("/api/audit?{query}")).await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().unwrap().clone()
}

async fn as_ana(api: &Router, method: Method, path: &str, body: &Value) -> u16 {
    let body = Some(body).filter(|body| !body.is_null());
    local::call_by(api, "ana", method, path, body).await.0.as_u16()
}

/// A method, a route, the path of it that is asked, its body, and what the log is to say of it.
type Change<'c> = (&'static str, &'static str, &'c str, Value, &'static str);

/// Makes each change, and looks at the log after each.
async fn leave_one_entry_each(
    api: &Router,
    changes: &[Change<'_>],
    covered: &mut BTreeSet<(String, &'static str)>,
) {
    for (method, route, path, body, did) in changes {
        let before = entries(api, "limit=1000").await.len();

        let status = as_ana(api, method.parse().unwrap(), path, body).await;

        assert!((200..300).contains(&status), "{path}: {status}");
        let kept = entries(api, "limit=1000").await;
        assert_eq!(kept.len(), before + 1, "{path}: {kept:?}");
        assert_eq!((&kept[0]["did"], &kept[0]["by"]), (&json!(did), &json!("ana")), "{path}");
        assert_eq!(kept[0]["role"], json!("operate"));
        assert_ne!(kept[0]["what"], json!(""), "{path}");
        covered.insert(((*method).to_owned(), route));
    }
}

#[tokio::test]
async fn whatever_changes_something_leaves_exactly_one_entry() {
    let mut covered = BTreeSet::new();
    let order = json!({ "topic": "order.placed", "payload": { "id": "o-1", "cents": 5 } });

    let (api, runtime, run) = after_a_charge().await;
    let replay = format!("/api/runs/{}/replay", run["id"].as_str().unwrap());
    let null = || Value::Null;
    let of_charge = json!({ "step": "Charge", "outcome": "ok" });
    let while_it_runs = [
        ("POST", "/api/cron/{step}/run", "/api/cron/Audit/run", null(), "cron.run"),
        ("POST", "/api/runs/{id}/replay", &*replay, null(), "run.replay"),
        ("POST", "/api/runs/replay", "/api/runs/replay", of_charge, "run.replay"),
        ("POST", "/api/queues/{step}/pause", "/api/queues/Charge/pause", null(), "queue.pause"),
        ("POST", "/api/queues/{step}/resume", "/api/queues/Charge/resume", null(), "queue.resume"),
        ("POST", "/api/circuits/{name}/open", "/api/circuits/bank/open", null(), "circuit.open"),
        ("POST", "/api/circuits/{name}/reset", "/api/circuits/bank/reset", null(), "circuit.reset"),
        ("POST", "/api/emit", "/api/emit", order, "emit"),
    ];
    leave_one_entry_each(&api, &while_it_runs, &mut covered).await;
    runtime.shutdown().await.unwrap();

    let api = with_dead_letters(4).await;
    let (_, dead) = get(&api, "/api/dead").await;
    let event = dead["items"][2]["event"]["id"].clone();
    let dead = [0, 1].map(|n| dead["items"][n]["id"].as_str().unwrap().to_owned());
    let (redrive, purge) =
        (format!("/api/dead/{}/redrive", dead[0]), format!("/api/dead/{}/purge", dead[1]));
    let cancel = format!("/api/deliveries/{}/cancel", dead[0]);
    let key = "/api/state/{group}/{key}";
    let at_rest = [
        ("POST", "/api/dead/{id}/redrive", &*redrive, null(), "dead.redrive"),
        ("POST", "/api/dead/{id}/purge", &*purge, null(), "dead.purge"),
        ("POST", "/api/dead/redrive", "/api/dead/redrive?all=true&limit=1", null(), "dead.redrive"),
        ("POST", "/api/dead/purge", "/api/dead/purge?all=true", null(), "dead.purge"),
        ("POST", "/api/deliveries/{id}/cancel", &*cancel, null(), "delivery.cancel"),
        ("POST", "/api/cancel", "/api/cancel", json!({ "event": event }), "delivery.cancel"),
        ("PUT", key, "/api/state/orders/o-1", json!({ "cents": 5 }), "state.set"),
        ("DELETE", key, "/api/state/orders/o-1", null(), "state.remove"),
    ];
    leave_one_entry_each(&api, &at_rest, &mut covered).await;

    let folder = tempfile::tempdir().unwrap();
    let layout = ("/api/flows/{flow}/layout", "/api/flows/orders/layout");
    let drawn = [("PUT", layout.0, layout.1, json!({ "positions": {} }), "layout.save")];
    leave_one_entry_each(&beside(folder.path()).await, &drawn, &mut covered).await;

    let routes = crate::routes();
    let changing = routes.operations().iter().filter(|each| !each.method.is_safe());
    let all: BTreeSet<_> = changing.map(|each| (each.method.to_string(), each.path)).collect();
    assert_eq!(covered, all, "each route that changes something is tried here");
}

#[tokio::test]
async fn what_was_refused_changed_nothing_and_leaves_none() {
    let api = at_rest().await;
    as_ana(&api, Method::POST, "/api/queues/Nobody/pause", &json!(null)).await;
    as_ana(&api, Method::POST, "/api/emit", &json!({ "topic": "nobody's" })).await;
    as_ana(&api, Method::POST, "/api/nowhere", &json!(null)).await;
    as_ana(&api, Method::PUT, "/api/state/__motia.audit/00", &json!(1)).await;
    as_ana(&api, Method::DELETE, "/api/state/__motia.audit/00", &json!(null)).await;

    assert!(entries(&api, "").await.is_empty());
}

#[tokio::test]
async fn what_was_there_before_and_after_is_kept_without_its_secrets() {
    let api = at_rest().await;
    put(&api, "/api/state/users/ana", &json!({ "name": "Ana", "password": "hunter2" })).await;
    put(&api, "/api/state/users/ana", &json!({ "name": "Anna", "password": "hunter3" })).await;
    put(&api, "/api/state/users/all", &json!("x".repeat(LARGEST))).await;

    let kept = entries(&api, "did=state.set").await;

    assert_eq!(kept[0]["after"], json!("(2050 bytes)"));
    assert_eq!(kept[1]["before"], json!({ "name": "Ana", "password": "[redacted]" }));
    assert_eq!(kept[1]["after"], json!({ "name": "Anna", "password": "[redacted]" }));
    assert_eq!(kept[2].get("before"), None);
}

#[tokio::test]
async fn entries_are_found_by_what_is_said_of_them_the_last_one_first_in_pages() {
    let api = at_rest().await;
    for key in ["a", "b", "c"] {
        as_ana(&api, Method::PUT, &format!("/api/state/letters/{key}"), &json!(1)).await;
    }
    put(&api, "/api/state/letters/d", &json!(1)).await;

    let (_, first) = get(&api, "/api/audit?by=ana&limit=2").await;
    let next = first["next"].as_str().unwrap();
    let (_, last) = get(&api, &format!("/api/audit?by=ana&limit=2&cursor={next}")).await;

    let what = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["what"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(what(&first), ["letters/c", "letters/b"]);
    assert_eq!((what(&last), &last["next"]), (vec!["letters/a".to_owned()], &json!(null)));
    assert_eq!(entries(&api, "by=the%20admin%20API").await.len(), 1);
    assert_eq!(entries(&api, "did=state").await.len(), 4);
    assert!(entries(&api, "did=stat").await.is_empty());
    assert_eq!(entries(&api, "text=TERS/d").await.len(), 1);
    assert_eq!(entries(&api, "text=ana").await.len(), 3);
    assert!(entries(&api, "since=2999-01-01T00:00:00Z").await.is_empty());
    for wrong in ["limit=1001", "limit=0", "cursor=x", "since=yesterday", "colour=red"] {
        assert_eq!(get(&api, &format!("/api/audit?{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_log_keeps_no_more_than_it_may() {
    let store = Arc::new(MemoryStore::new());
    let desk = Desk::at_rest(registry(), store.clone()).await.unwrap();
    let age = Duration::from_secs(3600);
    let api = crate::over(desk.with_audit(AuditSettings { count: 10, age }));

    for n in 0..=BETWEEN_LOOKS {
        as_ana(&api, Method::PUT, &format!("/api/state/n/{n}"), &json!(n)).await;
    }

    let kept = entries(&api, "").await;
    assert_eq!((kept.len(), &kept[0]["what"]), (10, &json!("n/64")));
    assert_eq!(kept[9]["what"], json!("n/55"));
    let later = kept[0]["at"].as_str().unwrap().parse::<Timestamp>().unwrap() + age;
    let left = store.page(KEPT_IN, PageRequest::default(), later).await.unwrap();
    assert!(left.items.is_empty(), "they have an end");
}

/// A store whose process is killed after so many commits: the next ones are never made, and never answered.
struct Dying {
    kept: Arc<MemoryStore>,
    left: AtomicUsize,
}

impl Decorate for Dying {
    fn inner(&self) -> &dyn Store {
        &*self.kept
    }

    fn commit(&self, batch: Batch) -> Commit {
        let lives = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lives).is_ok() {
            return self.kept.commit(batch);
        }
        let (answer, never) = oneshot::channel();
        std::mem::forget(answer);
        Commit::waiting(never)
    }
}

/// What is in the log and in the state after a process was killed that many commits into setting an entry.
async fn after_a_kill(commits: usize) -> (Vec<Value>, Option<Value>) {
    let kept = Arc::new(MemoryStore::new());
    let dying = Dying { kept: kept.clone(), left: AtomicUsize::new(usize::MAX) };
    let dying = Arc::new(dying);
    let api = crate::over(Desk::at_rest(registry(), dying.clone()).await.unwrap());
    dying.left.store(commits, Ordering::SeqCst);
    let value = json!({ "cents": 5 });
    let change = as_ana(&api, Method::PUT, "/api/state/orders/o-1", &value);
    drop(tokio::time::timeout(Duration::from_millis(100), change).await);

    let api = crate::over(Desk::at_rest(registry(), kept).await.unwrap());
    let (status, order) = get(&api, "/api/state/orders/o-1").await;
    (entries(&api, "").await, Some(order["value"].clone()).filter(|_| status == 200))
}

#[tokio::test(start_paused = true)]
async fn whenever_the_process_is_killed_no_change_is_without_its_entry() {
    let (log, order) = after_a_kill(0).await;
    assert_eq!((log.len(), order), (0, None));

    let (log, order) = after_a_kill(1).await;
    assert_eq!((log.len(), order), (1, None));
    assert_eq!((&log[0]["did"], &log[0]["by"]), (&json!("begun"), &json!("ana")));
    assert_eq!(log[0]["what"], json!("PUT /api/state/orders/o-1"));

    let (log, order) = after_a_kill(2).await;
    assert_eq!((log.len(), order), (1, Some(json!({ "cents": 5 }))));
    assert_eq!((&log[0]["did"], &log[0]["by"]), (&json!("begun"), &json!("ana")));

    let (log, order) = after_a_kill(3).await;
    assert_eq!((log.len(), order), (1, Some(json!({ "cents": 5 }))));
    assert_eq!((&log[0]["did"], &log[0]["what"]), (&json!("state.set"), &json!("orders/o-1")));
}

/// A store that refuses all commits once it is told to.
struct Full {
    kept: MemoryStore,
    left: AtomicUsize,
}

impl Decorate for Full {
    fn inner(&self) -> &dyn Store {
        &self.kept
    }

    fn commit(&self, batch: Batch) -> Commit {
        if self.left.load(Ordering::SeqCst) > 0 {
            return self.kept.commit(batch);
        }
        Commit::ready(Err(CommitError::Store(StoreError::Io("the disk is full".into()))))
    }
}

#[tokio::test]
async fn where_the_log_cannot_be_written_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(Full { kept: MemoryStore::new(), left: AtomicUsize::new(1) });
    let desk = Desk::at_rest(registry(), full.clone()).await.unwrap();
    let api = crate::over(desk.beside(Some(folder.path().to_owned())));
    full.left.store(0, Ordering::SeqCst);

    let drawn = json!({ "positions": {} });
    let status = as_ana(&api, Method::PUT, "/api/flows/orders/layout", &drawn).await;

    assert_eq!(status, 503);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_found_nothing_to_change_leaves_no_entry() {
    let api = at_rest().await;
    let nothing = json!(null);
    for (path, body) in [
        ("/api/dead/redrive?all=true", &nothing),
        ("/api/dead/purge?all=true", &nothing),
        ("/api/cancel", &json!({ "key": "nobody's" })),
    ] {
        assert_eq!(as_ana(&api, Method::POST, path, body).await, 200, "{path}");
    }

    assert!(entries(&api, "").await.is_empty());
}
