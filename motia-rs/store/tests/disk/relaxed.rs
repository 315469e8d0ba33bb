//! Commits that are answered before they are synced.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use motia_core::store::{Batch, Durability, QueueId, Store, StoreError};
use motia_store::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use super::{folder, left_behind, open, publish, queue, tool, waiting};

#[tokio::test]
async fn relaxed_commits_survive_the_death_of_their_process() {
    let folder = folder();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "relaxed::child_that_dies_after_relaxed_commits", "--ignored"])
        .env("STORE_FOLDER", folder.path())
        .output()
        .unwrap();
    assert!(!child.status.success(), "the child was to die");

    let store = open(&folder);
    let queue = queue(&store).await;

    let (kept, said) = (waiting(&store, queue).await, String::from_utf8_lossy(&child.stdout));
    assert!(kept >= 20, "{kept}: {said}");
    assert_eq!(store.epoch(), 2, "it was not closed in between");
}

#[tokio::test]
#[ignore = "it is run by the test above"]
async fn child_that_dies_after_relaxed_commits() {
    let folder = PathBuf::from(std::env::var_os("STORE_FOLDER").unwrap());
    let store = SqliteStore::open(folder, SqliteOptions::default()).unwrap();
    let queue = queue(&store).await;
    for _ in 1..20 {
        relaxed(&store, queue).await;
    }
    // On a busy machine some are synced in between: the last one is not.
    while relaxed(&store, queue).await != Durability::Relaxed {}
    std::process::abort();
}

#[tokio::test]
async fn a_relaxed_commit_is_synced_soon_and_once() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let syncs = || {
        let sql = "SELECT value FROM meta WHERE name = 'syncs'";
        tool(&folder).query_row(sql, (), |row| row.get::<_, u64>(0)).unwrap()
    };
    let a_while = || tokio::time::sleep(Duration::from_millis(150));

    assert_eq!(relaxed(&store, queue).await, Durability::Relaxed);
    a_while().await;
    assert_eq!(syncs(), 1);

    // Given one that is synced itself, there is nothing left to do for the one before it.
    assert_eq!(relaxed(&store, queue).await, Durability::Relaxed);
    let durable = store.commit(Batch::of(publish("1", queue))).await.unwrap();
    assert_eq!((durable.durability, syncs()), (Durability::Durable, 2));
    a_while().await;
    assert_eq!(syncs(), 2);
}

#[tokio::test]
async fn relaxed_commits_in_a_row_are_synced_in_between() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let began = Instant::now();
    let mut durable = 0;
    while began.elapsed() < Duration::from_millis(400) {
        durable += u32::from(relaxed(&store, queue).await == Durability::Durable);
    }

    assert!(durable >= 2, "{durable} commits were synced");
}

#[tokio::test]
async fn a_batch_in_the_company_of_a_durable_one_is_durable() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let commits: Vec<_> = (0..100)
        .map(|n| {
            let durability = (n > 0).then_some(Durability::Volatile);
            store.commit(Batch { durability, ..Batch::of(publish("1", queue)) })
        })
        .collect();

    let mut kept = Vec::new();
    for commit in commits {
        kept.push(commit.await.unwrap().durability);
    }

    assert_eq!(kept[0], Durability::Durable);
    assert!(kept.iter().all(|kept| *kept >= Durability::Relaxed));
}

#[tokio::test]
async fn a_log_torn_in_several_relaxed_commits_is_no_damage() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    let mut published = 0;
    let left = loop {
        let began = Instant::now();
        for _ in 0..5 {
            relaxed(&store, queue).await;
            published += 1;
        }
        let left = left_behind(&folder);
        // Otherwise there was a sync in between, and what was torn before that would be damage.
        if began.elapsed() < Duration::from_millis(40) {
            break left;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };

    tear(&left, 3);
    let after = open(&left);
    let found = waiting(&after, queue).await;
    assert!((published - 5..published).contains(&found), "{found} of {published}");
    // What is committed from here on is no more in danger than ever.
    for _ in 0..3 {
        after.commit(Batch::of(publish("1", queue))).await.unwrap();
    }
    open(&left_behind(&left)).verify().await.unwrap();
}

#[tokio::test]
async fn a_log_damaged_before_a_sync_is_refused_whether_or_not_commits_were_relaxed() {
    let folder = folder();
    let store = open(&folder);
    let queue = queue(&store).await;
    for _ in 0..5 {
        relaxed(&store, queue).await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    store.commit(Batch::of(publish("1", queue))).await.unwrap();

    let left = left_behind(&folder);
    tear(&left, 6);

    let refused = SqliteStore::open(left.path(), SqliteOptions::default()).err();
    assert!(matches!(refused, Some(StoreError::Corrupt(_))), "{refused:?}");
}

/// Wipes out a frame of the log, so many before its end.
fn tear(folder: &TempDir, frames_before_end: usize) {
    const FRAME: usize = 24 + 4096;
    let log = folder.path().join("motia.db-wal");
    let mut bytes = std::fs::read(&log).unwrap();
    let at = bytes.len() - frames_before_end * FRAME;
    bytes[at + 24..at + FRAME].fill(0);
    std::fs::write(&log, bytes).unwrap();
}

/// Publishes an event that may be synced later, and says how well it is kept.
async fn relaxed(store: &SqliteStore, queue: QueueId) -> Durability {
    let durability = Some(Durability::Relaxed);
    let batch = Batch { durability, ..Batch::of(publish("1", queue)) };
    store.commit(batch).await.unwrap().durability
}
