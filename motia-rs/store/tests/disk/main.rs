//! What the SQLite store does when its file is broken, foreign, or just left behind by a crash.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod relaxed;

use std::path::Path;

use jiff::Timestamp;
use motia_core::{
    event::Event,
    json::JsonText,
    store::{
        Batch, CommitError, DeadFilter, DeliveryId, Ending, Failure, Lane, PageRequest, Pull,
        QueueId, Settlement, Store, StoreError, Target, Token, Write,
    },
    trace::TraceContext,
};
use motia_store::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

#[tokio::test]
async fn a_failing_write_leaves_nothing_of_its_transaction_and_later_ones_are_kept() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for table in ["delivery", "segment"] {
        let broken = format!(
            "CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} WHEN instr(new.payload, 'poison')
             BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"
        );
        tool(&folder).execute_batch(&broken).unwrap();
    }

    // Sent at once, so that neighbours share the transaction that fails.
    let commits: Vec<_> = (0..50)
        .map(|n| {
            let poison = if n == 49 { "\"poison\"" } else { "1" };
            let writes =
                vec![set(&format!("k{n}"), "1"), publish("1", queue), publish(poison, queue)];
            store.commit(Batch { writes, ..Batch::default() })
        })
        .collect();
    let mut kept = 0;
    for (n, commit) in commits.into_iter().enumerate() {
        let result = commit.await;
        let found = store.get("orders", &format!("k{n}"), Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(result.is_ok(), found.is_some(), "{n}: {result:?}");
        match result {
            Ok(_) => kept += 1,
            Err(CommitError::Store(StoreError::Io(why))) => assert!(why.contains("on fire")),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(kept < 50);
    assert_eq!(waiting(&store, queue).await, 2 * kept);

    tool(&folder)
        .execute_batch("DROP TRIGGER broken_delivery; DROP TRIGGER broken_segment")
        .unwrap();
    store.commit(Batch::of(publish("\"poison\"", queue))).await.unwrap();
    assert_eq!(waiting(&store, queue).await, 2 * kept + 1);
    assert_eq!(figure(&store, "commits_failed_total"), 50 - kept as u64);
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_a_crash() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let mut seqs = Vec::new();
    for n in 0..100 {
        store.commit(Batch::of(publish(&n.to_string(), queue))).await.unwrap();
        seqs = pull(&store, queue).await;
    }

    let left = left_behind(&folder);
    let after = open(&left);

    assert_eq!(pull(&after, queue).await, seqs);
    assert_eq!(waiting(&after, queue).await, 100);
    assert!(after.epoch() > store.epoch());
    after.commit(Batch::of(publish("1", queue))).await.unwrap();
    assert!(pull(&after, queue).await.last() > seqs.last());
    after.verify().await.unwrap();
}

#[tokio::test]
async fn numbers_that_a_refused_batch_reserved_are_not_used_again_after_a_crash() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    store.commit(Batch::of(set("text", "\"x\""))).await.unwrap();
    store.close().await.unwrap();

    // The first batch after an opening reserves numbers, and this one is undone.
    let store = open(&folder);
    let (group, key, now) = ("orders".into(), "text".into(), Timestamp::UNIX_EPOCH);
    let count = Write::Increment { group, key, by: 1, now };
    let writes = vec![set("a", "1"), count];
    let refused = store.commit(Batch { writes, ..Batch::default() }).await;
    assert!(matches!(refused, Err(CommitError::NotACounter { .. })), "{refused:?}");
    for _ in 0..3 {
        store.commit(Batch::of(publish("1", queue))).await.unwrap();
    }
    let before = pull(&store, queue).await;

    let left = left_behind(&folder);
    let after = open(&left);
    for _ in 0..6 {
        after.commit(Batch::of(publish("1", queue))).await.unwrap();
    }

    let seqs = pull(&after, queue).await;
    assert_eq!((before.len(), seqs.len()), (3, 9));
    assert_eq!(seqs[..3], before);
    assert!(seqs.is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn a_log_with_a_torn_end_loses_only_what_was_never_acknowledged() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for n in 0..20 {
        store.commit(Batch::of(publish(&n.to_string(), queue))).await.unwrap();
    }

    let left = left_behind(&folder);
    let log = left.path().join("motia.db-wal");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 1000]).unwrap();
    let after = open(&left);

    assert_eq!(waiting(&after, queue).await, 19);
}

#[tokio::test]
async fn a_log_that_is_damaged_in_the_middle_is_refused() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for n in 0..20 {
        store.commit(Batch::of(publish(&n.to_string(), queue))).await.unwrap();
    }
    let length = std::fs::metadata(folder.path().join("motia.db-wal")).unwrap().len();

    // In the header, and in the headers and pages of frames up to the last transaction but one.
    let frames = length / 4120;
    for at in [3, 20, 32 + 8, 32 + 24 + 100, length / 2, 32 + (frames - 6) * 4120 + 500] {
        let left = left_behind(&folder);
        let log = left.path().join("motia.db-wal");
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[at as usize] ^= 0x10;
        std::fs::write(&log, bytes).unwrap();

        let refused = SqliteStore::open(left.path(), SqliteOptions::default()).err();
        assert!(matches!(refused, Some(StoreError::Corrupt(_))), "{at}: {refused:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_noticed() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for _ in 0..200 {
        store.commit(Batch::of(publish(&format!("\"{}\"", "x".repeat(500)), queue))).await.unwrap();
    }
    store.close().await.unwrap();

    let file = folder.path().join("motia.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 64].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();

    match SqliteStore::open(folder.path(), SqliteOptions::default()) {
        Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}"),
        Ok(store) => {
            let found = store.verify().await;
            assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let foreign = folder();
    tool(&foreign).execute_batch("CREATE TABLE cats (name TEXT)").unwrap();
    let newer = folder();
    drop(open(&newer));
    tool(&newer).pragma_update(rusqlite::DEFAULT_NAME, "user_version", 99).unwrap();

    for (folder, word) in [(&foreign, "another program"), (&newer, "newer version")] {
        let before = std::fs::read(folder.path().join("motia.db")).unwrap();
        match SqliteStore::open(folder.path(), SqliteOptions::default()) {
            Err(StoreError::Incompatible(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{:?}", other.err()),
        }
        let after = std::fs::read(folder.path().join("motia.db")).unwrap();
        assert!(after == before, "the file was touched");
    }

    let garbage = folder();
    std::fs::write(garbage.path().join("motia.db"), "no database at all, ".repeat(500)).unwrap();
    let refused = SqliteStore::open(garbage.path(), SqliteOptions::default()).err();
    assert!(matches!(refused, Some(StoreError::Corrupt(_))), "{refused:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let below = folder.path().join("file/data");

    match SqliteStore::open(&below, SqliteOptions::default()) {
        Err(StoreError::Io(why)) => assert!(why.contains("file/data"), "{why}"),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_store_that_is_dropped_keeps_what_was_committed_and_lets_go() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for _ in 0..100 {
        drop(store.commit(Batch::of(publish("1", queue))));
    }

    drop(store);

    let store = open(&folder);
    assert_eq!(waiting(&store, queue).await, 100);
    let lock = std::fs::read_to_string(folder.path().join("motia.lock")).unwrap();
    assert_eq!(lock, std::process::id().to_string());
}

#[tokio::test]
async fn the_log_stays_short_under_constant_load() {
    let folder = folder();
    let options = SqliteOptions { log_bytes: 256 << 10, ..SqliteOptions::default() };
    let store = SqliteStore::open(folder.path(), options).unwrap();
    let value = format!("\"{}\"", "x".repeat(4000));

    for round in 0..30 {
        let keys: Vec<_> = (0..20).map(|n| format!("{}", (round * 7 + n) % 50)).collect();
        let commits: Vec<_> =
            keys.iter().map(|key| store.commit(Batch::of(set(key, &value)))).collect();
        for commit in commits {
            commit.await.unwrap();
        }
        store.get("orders", "1", Timestamp::UNIX_EPOCH).await.unwrap();
    }

    let log = std::fs::metadata(folder.path().join("motia.db-wal")).unwrap().len();
    assert!(log < 2 << 20, "{log} bytes of log");
    assert!(figure(&store, "checkpoints_total") > 0);
}

#[tokio::test]
async fn an_attempt_that_ends_at_once_costs_no_write_of_its_start() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for _ in 0..200 {
        store.commit(Batch::of(publish("1", queue))).await.unwrap();
    }
    let (attempt, token) = (1, Token(1));

    let seqs = pull(&store, queue).await;
    let commits: Vec<_> = seqs
        .into_iter()
        .map(|seq| DeliveryId { queue, seq })
        .flat_map(|delivery| {
            let settlement = Settlement::Done;
            [
                store.commit(Batch::of(Write::Start { delivery, attempt, token })),
                store.commit(Batch::of(Write::Settle { delivery, token, settlement })),
            ]
        })
        .collect();
    for commit in commits {
        commit.await.unwrap();
    }

    assert_eq!(waiting(&store, queue).await, 0);
    assert!(figure(&store, "starts_skipped_total") > 0);
}

#[tokio::test]
async fn nothing_is_left_of_the_failures_of_what_is_gone() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let ordered = || Some(Lane { key: "A".into(), ordered: true });
    let targets = [None, ordered()].map(|lane| Target { lane, ..Target::from(queue) });
    for target in targets.iter().cycle().take(6) {
        let Write::Publish { event, .. } = publish("1", queue) else { unreachable!() };
        let targets = [target.clone()].into();
        store.commit(Batch::of(Write::Publish { event, targets })).await.unwrap();
    }
    let (now, token) = (Timestamp::UNIX_EPOCH, Token(1));
    let failure = || {
        let error = String::new();
        Failure { attempt: 1, started_at: now, ended_at: now, error, class: None }
    };
    let left =
        || tool(&folder).query_row("SELECT count(*) FROM failure", (), |row| row.get::<_, u64>(0));

    let ids = pull(&store, queue).await.into_iter().map(|seq| DeliveryId { queue, seq });
    for (n, delivery) in ids.enumerate() {
        let settlement = Settlement::Retry { due: now, failure: failure().into() };
        store.commit(Batch::of(Write::Settle { delivery, token, settlement })).await.unwrap();
        assert_eq!(left().unwrap(), 1);

        let (ending, note) = (Ending::Expired, String::new());
        let settle = |settlement| Write::Settle { delivery, token: Token(2), settlement };
        let dead = Settlement::Dead { reason: String::new(), at: now, failure: None };
        let writes = match n / 2 {
            0 => vec![settle(Settlement::Done)],
            1 => vec![Write::End { delivery, ending, at: now, note }],
            _ => vec![settle(dead), Write::Purge { delivery }],
        };
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
        assert_eq!(left().unwrap(), 0, "{n}");
    }
}

#[tokio::test]
async fn a_person_can_read_what_waits() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    store.commit(Batch::of(publish(r#"{"order":1}"#, queue))).await.unwrap();
    store.commit(Batch::of(set("a", "[1]"))).await.unwrap();

    let row = |sql, columns: usize| {
        let read = |row: &rusqlite::Row<'_>| {
            (0..columns).map(|column| row.get::<_, String>(column)).collect::<Result<Vec<_>, _>>()
        };
        tool(&folder).query_row(sql, (), read).unwrap()
    };
    let waiting = row("SELECT step, topic, emitted_at, payload FROM waiting", 4);
    let entry = row("SELECT \"group\", key, value FROM entries", 3);

    assert_eq!(waiting, ["ship", "order.placed", "1970-01-01T00:00:00Z", r#"{"order":1}"#]);
    assert_eq!(entry, ["orders", "a", "[1]"]);
    assert_eq!(row("SELECT count(*) || '' FROM dead", 1), ["0"]);
    assert_eq!(row("SELECT count(*) || '' FROM history", 1), ["0"]);

    let (delivery, at) = (DeliveryId { queue, seq: pull(&store, queue).await[0] }, Timestamp::MAX);
    let (ending, note) = (Ending::Cancelled, "by mail".to_owned());
    store.commit(Batch::of(Write::End { delivery, ending, at, note })).await.unwrap();
    let ended = row("SELECT step, ending, note, ended_at FROM history", 4);
    assert_eq!(ended, ["ship", "cancelled", "by mail", "9999-12-30T22:00:00Z"]);
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap()
}

/// The file as any SQLite tool sees it.
fn tool(folder: &TempDir) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(folder.path().join("motia.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db
}

/// What a process that was killed at this moment would leave behind.
fn left_behind(folder: &TempDir) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    for name in ["motia.db", "motia.db-wal", "motia.db-relaxed"] {
        if folder.path().join(name).exists() {
            copy(&folder.path().join(name), &left.path().join(name));
        }
    }
    left
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

async fn queue(store: &SqliteStore) -> QueueId {
    store.queues(&["ship"]).await.unwrap()[0]
}

async fn pull(store: &SqliteStore, queue: QueueId) -> Vec<u64> {
    let due_after = (Timestamp::MIN, 0);
    let now = Timestamp::UNIX_EPOCH;
    let pull = Pull { queue, after: 0, ranked_after: None, due_after, now, limit: 10_000 };
    store.pull(pull).await.unwrap().ready.iter().map(|delivery| delivery.id.seq).collect()
}

/// What waits as it is counted, after making sure that as much is listed.
async fn waiting(store: &SqliteStore, queue: QueueId) -> usize {
    let depths = store.depths(Timestamp::UNIX_EPOCH).await.unwrap();
    let counted = depths.iter().find(|depth| depth.id == queue).unwrap().waiting as usize;
    assert_eq!(counted, pull(store, queue).await.len());
    let dead = store.dead_letters(&DeadFilter::default(), PageRequest::default()).await.unwrap();
    assert!(dead.items.is_empty());
    counted
}

fn figure(store: &SqliteStore, name: &str) -> u64 {
    let figures = store.figures();
    figures.iter().find(|(found, _)| *found == name).unwrap().1 as u64
}

fn set(key: &str, value: &str) -> Write {
    let value = JsonText::from_trusted(value);
    Write::Set { group: "orders".into(), key: key.into(), value, expires_at: None }
}

fn publish(payload: &str, queue: QueueId) -> Write {
    let payload = JsonText::from_trusted(payload);
    let trace = TraceContext::root();
    let event = Event::new("order.placed".into(), payload, trace, Timestamp::UNIX_EPOCH);
    Write::Publish { event: event.into(), targets: [queue.into()].into() }
}
