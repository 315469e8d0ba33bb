//! Dead letters are moved through the API.

use std::sync::{Arc, Mutex};

use motia_core::store::{Batch, Commit, Decorate, Store, StoreError, Write};
use motia_store::MemoryStore;
use serde_json::json;

use crate::testing::{bury_all, get, leave, post, with_dead_letters, with_dead_letters_over};

#[tokio::test]
async fn a_dead_letter_that_is_redriven_waits_again() {
    let api = with_dead_letters(1).await;
    let (_, list) = get(&api, "/api/dead").await;
    let id = list["items"][0]["id"].as_str().unwrap();

    let (status, moved) = post(&api, &format!("/api/dead/{id}/redrive"), &json!(null)).await;

    assert_eq!((status.as_u16(), moved["count"].clone()), (200, json!(1)));
    let (_, queues) = get(&api, "/api/queues").await;
    let queue = &queues["items"][0];
    assert_eq!((&queue["waiting"], &queue["dead"]), (&json!(1), &json!(0)));
    for fate in ["redrive", "purge"] {
        let path = format!("/api/dead/{id}/{fate}");
        let (status, problem) = post(&api, &path, &json!({ "by": "ana" })).await;
        assert_eq!(
            (status.as_u16(), &problem["detail"]),
            (409, &json!(format!("{id} waits again")))
        );
    }
    let (status, _) = post(&api, "/api/dead/1-99/purge", &json!(null)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn dead_letters_are_moved_by_their_ids_and_those_that_are_none_are_told() {
    let api = with_dead_letters(3).await;
    let (_, list) = get(&api, "/api/dead").await;
    let id = |n: usize| list["items"][n]["id"].clone();
    post(&api, "/api/dead/redrive", &json!({ "ids": [id(1)] })).await;

    let ids = json!([id(2), id(1), id(0), id(2), "1-99"]);
    let (status, moved) = post(&api, "/api/dead/redrive", &json!({ "ids": ids })).await;

    assert_eq!((status.as_u16(), &moved["count"]), (200, &json!(2)));
    let refused = moved["refused"].as_array().unwrap();
    assert_eq!(refused[0]["detail"], json!(format!("{} waits again", id(1).as_str().unwrap())));
    let statuses: Vec<_> = refused.iter().map(|each| each["status"].clone()).collect();
    assert_eq!(statuses, [json!(409), json!(404)]);
}

#[tokio::test]
async fn all_of_them_are_moved_only_if_that_is_said() {
    let api = with_dead_letters(2).await;

    for fate in ["redrive", "purge"] {
        let (status, _) = post(&api, &format!("/api/dead/{fate}?limit=5"), &json!({})).await;
        assert_eq!(status, 400, "{fate}");
    }

    let (_, moved) = post(&api, "/api/dead/purge?all=true", &json!({})).await;
    assert_eq!(moved["count"], json!(2));
}

#[tokio::test]
async fn too_many_ids_none_at_all_and_ids_beside_a_filter_are_refused() {
    let api = with_dead_letters(1).await;
    let many: Vec<_> = (1..=1001).map(|n| format!("1-{n}")).collect();
    for (path, body) in [
        ("", json!({ "ids": many })),
        ("", json!({ "ids": [] })),
        ("", json!({ "ids": ["nonsense"] })),
        ("?step=Charge", json!({ "ids": ["1-1"] })),
        ("?limit=1001", json!(null)),
    ] {
        let (status, problem) = post(&api, &format!("/api/dead/purge{path}"), &body).await;
        assert_eq!(status, 400, "{path}: {problem}");
    }
    let (status, _) = post(&api, "/api/dead/purge?step=Nobody", &json!(null)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn all_that_a_filter_finds_goes_page_by_page() {
    let api = with_dead_letters(5).await;

    let (_, first) = post(&api, "/api/dead/purge?step=Charge&limit=3", &json!(null)).await;
    assert_eq!(first["count"], json!(3));
    let cursor = first["next"].as_str().unwrap();
    let rest = format!("/api/dead/purge?step=Charge&limit=3&cursor={cursor}");
    let (_, rest) = post(&api, &rest, &json!(null)).await;

    assert_eq!(rest, json!({ "count": 2, "next": null }));
    let (_, left) = get(&api, "/api/dead").await;
    assert_eq!(left["items"], json!([]));
}

#[tokio::test]
async fn those_redriven_together_wait_in_the_order_in_which_they_were_emitted() {
    let api = with_dead_letters(3).await;

    let (_, moved) = post(&api, "/api/dead/redrive?reason=attempts", &json!(null)).await;

    assert_eq!(moved["count"], json!(3));
    let (_, list) = get(&api, "/api/queues/Charge/waiting").await;
    let order = |n: usize| list["items"][n]["event"]["payload"]["id"].clone();
    assert_eq!([order(0), order(1), order(2)], [json!("o-0"), json!("o-1"), json!("o-2")]);
}

/// Notes how many letters each batch puts back, and refuses those that are no thousand, if it is to.
#[derive(Default)]
struct Counting(MemoryStore, Mutex<Vec<usize>>, bool);

impl Decorate for Counting {
    fn inner(&self) -> &dyn Store {
        &self.0
    }

    fn commit(&self, batch: Batch) -> Commit {
        let redrives = |write: &&Write| matches!(write, Write::Redrive { .. });
        match batch.writes.iter().filter(redrives).count() {
            0 => {}
            count if self.2 && count < 1000 => {
                let full = StoreError::Io("the disk is full".into());
                return Commit::ready(Err(full.into()));
            }
            count => self.1.lock().unwrap().push(count),
        }
        self.0.commit(batch)
    }
}

#[tokio::test]
async fn those_redriven_together_are_put_back_in_one_commit() {
    let store = Arc::new(Counting::default());
    let api = with_dead_letters_over(store.clone(), 4).await;

    let (_, moved) = post(&api, "/api/dead/redrive?all=true", &json!(null)).await;

    assert_eq!(moved["count"], json!(4));
    assert_eq!(*store.1.lock().unwrap(), [4]);
}

#[tokio::test]
async fn all_that_are_found_are_moved_at_once_where_nobody_says_how_many() {
    for fate in ["redrive", "purge"] {
        let store = Arc::new(MemoryStore::new());
        for n in 0..120 {
            leave(&*store, "Charge", &json!({ "id": format!("o-{n}"), "cents": 1 })).await;
        }
        bury_all(&*store).await;
        let api = with_dead_letters_over(store, 0).await;

        let (_, moved) = post(&api, &format!("/api/dead/{fate}?all=true"), &json!(null)).await;

        assert_eq!(moved, json!({ "count": 120, "next": null }), "{fate}");
    }
}
#[tokio::test]
async fn of_those_that_a_failure_parts_it_is_told_how_many_were_moved() {
    let store = Arc::new(Counting { 2: true, ..Counting::default() });
    for n in 0..1_010 {
        leave(&*store, "Charge", &json!({ "id": format!("o-{n}"), "cents": 1 })).await;
    }
    bury_all(&*store).await;
    let api = with_dead_letters_over(store, 0).await;

    let (status, problem) = post(&api, "/api/dead/redrive?all=true", &json!(null)).await;

    assert_eq!(status, 503);
    let told = problem["detail"].as_str().unwrap();
    assert!(told.contains("the disk is full; 1000 were moved before"), "{told}");
    let (_, left) = get(&api, "/api/dead?limit=1000").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 10);
}
