//! Rows that are not as they were written.

use motia_core::store::{Batch, CommitError, Ending, Settlement, Store, StoreError, Token, Write};
use motia_store::SqliteStore;

use crate::scene::{at, by_hand, closed, failure, in_memory, options, publish, pull_of, run, set};

#[test]
fn a_damaged_row_is_named_and_holds_up_nothing_but_its_own_queue_until_it_is_mended() {
    let folder = in_memory();
    let [ship, bill] = run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        let queues = store.queues(&["ship", "bill"]).await.unwrap();
        for write in [publish(1, queues[0], None), publish(1, queues[1], None), set(1), set(2)] {
            store.commit(Batch::of(write)).await.unwrap();
        }
        store.close().await.unwrap();
        [queues[0], queues[1]]
    });
    by_hand(&folder, "UPDATE delivery SET payload = '[2]' WHERE id >> 47 = 1");
    by_hand(&folder, "UPDATE state SET value = '[2]' WHERE key = 'k1'");

    run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        let told = store.pull(pull_of(ship)).await.unwrap_err().to_string();
        assert!(told.contains("`delivery`") && told.contains("sum = NULL WHERE id = "), "{told}");
        assert_eq!(store.pull(pull_of(bill)).await.unwrap().ready.len(), 1);

        // A batch that needs the damaged entry is refused as a whole; its neighbour is kept.
        let delete =
            |key: &str| Write::Delete { group: "orders".into(), key: key.into(), now: at(0) };
        let writes = vec![set(3), delete("k1")];
        let (refused, kept) = (
            store.commit(Batch { writes, ..Batch::default() }),
            store.commit(Batch::of(delete("k2"))),
        );
        let told = refused.await.unwrap_err().to_string();
        assert!(told.contains(r#""group" = 'orders' AND key = 'k1'"#), "{told}");
        kept.await.unwrap();
        assert_eq!(store.get("orders", "k3", at(0)).await.unwrap(), None);
        assert_eq!(store.get("orders", "k2", at(0)).await.unwrap(), None);
        assert!(store.verify().await.is_err());
        store.close().await.unwrap();
    });

    by_hand(&folder, "UPDATE delivery SET sum = NULL");
    by_hand(&folder, "UPDATE state SET sum = NULL");
    run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        let ready = store.pull(pull_of(ship)).await.unwrap().ready;
        assert_eq!(ready[0].event.payload.as_str(), "[2]");
        store.verify().await.unwrap();
    });
}

#[test]
fn damage_done_before_a_delivery_is_given_up_is_seen_after_it_was_put_back() {
    let folder = in_memory();
    let open = || SqliteStore::open(folder.path(), options()).unwrap();
    let (ship, id) = run(async {
        let store = open();
        let ship = store.queues(&["ship"]).await.unwrap()[0];
        store.commit(Batch::of(publish(1, ship, None))).await.unwrap();
        let id = store.pull(pull_of(ship)).await.unwrap().ready[0].id;
        store.close().await.unwrap();
        (ship, id)
    });
    by_hand(&folder, "UPDATE delivery SET payload = '[2]'");

    run(async {
        let store = open();
        let dead = Settlement::Dead { reason: "gone".into(), at: at(9), failure: None };
        let bury = Write::Settle { delivery: id, token: Token(1 << 40), settlement: dead };
        store.commit(Batch::of(bury)).await.unwrap();
        assert!(matches!(store.dead_letter(id).await, Err(StoreError::Corrupt(_))));

        store.commit(Batch::of(Write::Redrive { delivery: id, now: at(0) })).await.unwrap();
        assert!(matches!(store.pull(pull_of(ship)).await, Err(StoreError::Corrupt(_))));
    });
}

#[test]
fn numbers_that_were_given_out_are_never_given_out_again() {
    let (folder, _) = closed();
    by_hand(&folder, "UPDATE meta SET value = 2, sum = NULL WHERE name = 'reserved'");

    let refused = SqliteStore::open(folder.path(), options()).err().unwrap().to_string();
    assert!(refused.contains("a number above it is in use"), "{refused}");
}

#[test]
fn a_damaged_segment_is_named_until_it_is_mended() {
    let folder = in_memory();
    let open = || SqliteStore::open(folder.path(), options()).unwrap();
    let ship = run(async {
        let store = open();
        let ship = store.queues(&["ship"]).await.unwrap()[0];
        let writes = (0..4).map(|n| publish(n, ship, None)).collect();
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
        store.close().await.unwrap();
        ship
    });
    by_hand(&folder, "UPDATE segment SET payload = json_set(payload, '$[1]', 7)");

    run(async {
        let store = open();
        let told = store.pull(pull_of(ship)).await.unwrap_err().to_string();
        assert!(told.contains("`segment`") && told.contains("sum = NULL WHERE id = "), "{told}");
        assert!(store.verify().await.is_err());
        store.close().await.unwrap();
    });

    by_hand(&folder, "UPDATE segment SET sum = NULL");
    run(async {
        let store = open();
        let ready = store.pull(pull_of(ship)).await.unwrap().ready;
        assert_eq!((ready.len(), ready[1].event.payload.as_str()), (4, "7"));
        store.verify().await.unwrap();
    });
}

/// Who reads its queue is told; the rest of the file goes on. One that is gone is not gone unnoticed.
#[test]
fn what_waits_of_a_segment_is_told_to_be_damaged_and_how_it_is_mended() {
    let all = "SET bits = replace(hex(zeroblob(length(bits))), '00', '1'), sum = NULL";
    for (damage, at_once, cure) in [
        ("DELETE FROM segment_waiting", false, "DELETE FROM segment"),
        (
            "UPDATE segment_waiting SET bits = '0000'",
            false,
            &format!("UPDATE segment_waiting {all}"),
        ),
        ("UPDATE segment_waiting SET bits = x'ff', sum = NULL", false, "DELETE FROM segment"),
        ("UPDATE segment_waiting SET bits = '11111', sum = NULL", false, "DELETE FROM segment"),
        ("UPDATE segment_waiting SET id = id + 1, sum = NULL", true, "DELETE FROM segment_waiting"),
    ] {
        let damage = damage.replace("x'ff'", "CAST(x'ff' AS TEXT)");
        let (folder, _) = closed();
        by_hand(&folder, &damage);

        match SqliteStore::open(folder.path(), options()) {
            Err(error) => {
                let told = error.to_string();
                assert!(at_once && told.contains("`segment`") && told.contains("DELETE"), "{told}");
            }
            Ok(store) => run(async {
                assert!(!at_once, "{damage}");
                let told = crate::scene::contents(&store).await.unwrap_err().to_string();
                let cure = "REPLACE INTO segment_waiting (id, bits) VALUES";
                assert!(told.contains("`segment_waiting`") && told.contains(cure), "{told}");
                assert!(store.verify().await.is_err(), "{damage}");
                store.commit(Batch::of(set(3))).await.unwrap();
                store.close().await.unwrap();
            }),
        }

        by_hand(&folder, cure);
        if cure == "DELETE FROM segment_waiting" {
            by_hand(&folder, "DELETE FROM segment");
        }
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        run(store.verify()).unwrap_or_else(|error| panic!("{damage}: {error}"));
    }
}

/// Of a transaction in which somebody needs a damaged segment, the others are kept, and a batch is whole.
#[test]
fn what_fails_out_of_a_damaged_segment_leaves_its_neighbours_alone() {
    for damage in [
        "UPDATE segment SET payload = CAST(x'5b225fff225d' AS TEXT)",
        "UPDATE segment SET payload = json_set(payload, '$[1]', 7)",
        "UPDATE segment SET payload = '[1', sum = NULL",
        "DELETE FROM segment",
    ] {
        let folder = in_memory();
        run(async {
            let store = SqliteStore::open(folder.path(), options()).unwrap();
            let ship = store.queues(&["ship"]).await.unwrap()[0];
            let writes = (0..4).map(|n| publish(n, ship, None)).collect();
            store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
            let id = store.pull(pull_of(ship)).await.unwrap().ready[1].id;
            by_hand(&folder, damage);

            let (ending, note) = (Ending::Cancelled, "by hand".to_owned());
            let cancel = Write::End { delivery: id, ending, at: at(9), note };
            let settlement = Settlement::Retry { due: at(9), failure: failure().into() };
            let retry = Write::Settle { delivery: id, token: Token(1 << 40), settlement };
            let commits = [
                Batch::of(set(1)),
                Batch::of(retry),
                Batch { writes: vec![set(2), cancel], ..Batch::default() },
                Batch::of(set(3)),
            ]
            .map(|batch| store.commit(batch));
            let mut kept = Vec::new();
            for commit in commits {
                kept.push(match commit.await {
                    Ok(_) => true,
                    Err(CommitError::Store(StoreError::Corrupt(_))) => false,
                    Err(other) => panic!("{damage}: {other}"),
                });
            }
            assert_eq!(kept, [true, false, false, true], "{damage}");
            assert_eq!(store.get("orders", "k2", at(0)).await.unwrap(), None, "{damage}");
            assert_eq!(
                store.figures().iter().find(|(name, _)| *name == "commits_failed_total").unwrap().1,
                0.0
            );
        });
    }
}

#[test]
fn an_attempt_of_a_delivery_that_is_not_there_is_found() {
    let (folder, _) = closed();
    by_hand(&folder, "UPDATE segment_attempt SET id = id + 1000");

    let store = SqliteStore::open(folder.path(), options()).unwrap();
    let told = run(store.verify()).unwrap_err().to_string();
    assert!(told.contains("`segment_attempt`"), "{told}");
}

/// Whoever looks with another tool sees segments as they see rows.
#[test]
fn the_view_shows_what_waits_in_segments_too() {
    let folder = in_memory();
    let (ids, store) = run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        let ship = store.queues(&["ship"]).await.unwrap()[0];
        let writes = (0..4).map(|n| publish(n, ship, None)).collect();
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
        let ready = store.pull(pull_of(ship)).await.unwrap().ready;
        let token = Token(1 << 40);
        let done = Write::Settle { delivery: ready[1].id, token, settlement: Settlement::Done };
        let start = Write::Start { delivery: ready[2].id, attempt: 1, token };
        for write in [done, start] {
            store.commit(Batch::of(write)).await.unwrap();
        }
        (ready, store)
    });
    let db = rusqlite::Connection::open(folder.path().join("motia.db")).unwrap();

    let mut seen = db
        .prepare(
            "SELECT step, seq, topic, attempts, emitted_at, event, trace_id, payload FROM waiting",
        )
        .unwrap();
    let seen: Vec<_> = seen
        .query_map((), |row| {
            let texts = [0, 2, 4, 5, 6, 7].map(|column| row.get::<_, String>(column).unwrap());
            Ok((row.get::<_, u64>(1)?, row.get::<_, u32>(3)?, texts))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();

    let meant = [(0, 0), (2, 1), (3, 0)].map(|(n, attempts): (usize, u32)| {
        let event = &ids[n].event;
        let texts = [
            "ship".to_owned(),
            "order.placed".to_owned(),
            "2023-11-14T22:13:20Z".to_owned(),
            event.id.to_string().replace('-', ""),
            event.trace.trace_id.to_string(),
            event.payload.as_str().to_owned(),
        ];
        (ids[n].id.seq, attempts, texts)
    });
    assert_eq!(seen, meant);
    drop(store);
}
