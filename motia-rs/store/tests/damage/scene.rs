//! Stores with something of everything in them, and what they tell.

use std::{num::NonZeroUsize, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    config::Priority,
    event::Event,
    json::JsonText,
    store::{
        Batch, DeadFilter, EndedFilter, Ending, Failure, Lane, PageRequest, Pull, QueueId,
        Settlement, Store, StoreError, Target, Token, Write,
    },
    trace::TraceContext,
};
use motia_store::{SqliteOptions, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

/// All that a store tells: one line for each thing that it keeps.
pub(crate) type Contents = Vec<String>;

/// What a store keeps in a copy of a folder with one file exchanged.
pub(crate) fn contents_with(
    folder: &TempDir,
    name: &str,
    bytes: &[u8],
) -> Result<Contents, StoreError> {
    within(folder, name, bytes, async |store| contents(&store).await)
}

/// Has a store opened in a copy of a folder with one file exchanged.
pub(crate) fn within<T>(
    folder: &TempDir,
    name: &str,
    bytes: &[u8],
    look: impl AsyncFnOnce(SqliteStore) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    within_folder(folder, name, bytes, async |store, _| look(store).await)
}

/// The same, with the path of the copy.
pub(crate) fn within_folder<T>(
    folder: &TempDir,
    name: &str,
    bytes: &[u8],
    look: impl AsyncFnOnce(SqliteStore, &Path) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let copy = in_memory();
    for file in ["motia.db", "motia.db-wal"] {
        if folder.path().join(file).exists() {
            std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
        }
    }
    std::fs::write(copy.path().join(name), bytes).unwrap();
    run(async { look(SqliteStore::open(copy.path(), options())?, copy.path()).await })
}

/// A folder that takes no time to sync.
pub(crate) fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

pub(crate) async fn contents(store: &SqliteStore) -> Result<Contents, StoreError> {
    let now = at(0);
    let mut lines = Vec::new();
    for (group, _) in store.groups(PageRequest::first(100)).await?.items {
        for (key, entry) in store.page(&group, PageRequest::first(100), now).await?.items {
            lines.push(format!("{group}/{key}: {entry:?}"));
        }
    }
    for depth in store.depths(now).await? {
        lines.push(format!("{depth:?}"));
        let pulled = store.pull(pull_of(depth.id)).await?;
        lines.extend(pulled.ready.iter().map(|delivery| format!("{delivery:?}")));
        lines.extend(pulled.due.iter().map(|delivery| format!("{delivery:?}")));
    }
    let dead = store.dead_letters(&DeadFilter::default(), PageRequest::first(100)).await?.items;
    lines.extend(dead.iter().map(|letter| format!("{letter:?}")));
    let ended = store.ended(&EndedFilter::default(), PageRequest::first(100)).await?.items;
    lines.extend(ended.iter().map(|ended| format!("{ended:?}")));
    Ok(lines)
}

/// All that a queue holds.
pub(crate) fn pull_of(queue: QueueId) -> Pull {
    let (due_after, now) = ((Timestamp::MIN, 0), Timestamp::MAX);
    Pull { queue, after: 0, ranked_after: None, due_after, now, limit: 100 }
}

/// The tokens of all deliveries, which the store does not tell.
pub(crate) fn tokens(folder: &Path) -> Option<Vec<i64>> {
    const ALL: &str = "SELECT token FROM (SELECT id, token FROM delivery
        UNION ALL SELECT id, token FROM special
        UNION ALL SELECT id, token FROM segment_attempt) ORDER BY id";
    let db = Connection::open(folder.join("motia.db")).ok()?;
    let mut all = db.prepare(ALL).ok()?;
    all.query_map((), |row| row.get(0)).ok()?.collect::<Result<_, _>>().ok()
}

/// What a person, or a fault, does to the file while no store has it open.
pub(crate) fn by_hand(folder: &TempDir, sql: &str) {
    let db = Connection::open(folder.path().join("motia.db")).unwrap();
    assert!(db.execute(sql, ()).unwrap() > 0);
}

/// A store that was closed, and what it keeps.
pub(crate) fn closed() -> (TempDir, Contents) {
    let folder = tempfile::tempdir().unwrap();
    let contents = run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        live(&store).await;
        live_on(&store).await;
        let contents = contents(&store).await.unwrap();
        store.close().await.unwrap();
        contents
    });
    (folder, contents)
}

/// What has a lane and an end, and what is over.
pub(crate) async fn live_on(store: &SqliteStore) {
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    for n in 1..=3 {
        store.commit(Batch::of(special(n, queue))).await.unwrap();
    }
    let together = (2..7).map(|n| publish(n, queue, None)).collect();
    store.commit(Batch { writes: together, ..Batch::default() }).await.unwrap();
    let ready = store.pull(pull_of(queue)).await.unwrap().ready;
    let of_segment = &ready[ready.len() - 5..];
    let of_lane: Vec<_> = ready.iter().filter(|found| found.lane.is_some()).collect();
    let end = Write::End {
        delivery: of_lane[0].id,
        ending: Ending::Cancelled,
        at: at(9),
        note: "by hand".into(),
    };
    let start = Write::Start { delivery: of_lane[1].id, attempt: 1, token: Token(1 << 40) };
    let (delivery, token) = (of_segment[1].id, Token(1 << 40));
    let done = Write::Settle { delivery, token, settlement: Settlement::Done };
    let begin = Write::Start { delivery: of_segment[2].id, attempt: 1, token };
    for write in [end, start, done, begin] {
        store.commit(Batch::of(write)).await.unwrap();
    }
}

/// What a crash leaves of a store, and what it kept after each of its last transactions.
pub(crate) fn left_behind() -> (TempDir, Vec<Contents>) {
    let (folder, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = run(async {
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        let queue = store.queues(&["ship"]).await.unwrap()[0];
        store.close().await.unwrap();
        let store = SqliteStore::open(folder.path(), options()).unwrap();
        assert_eq!(store.queues(&["ship"]).await.unwrap(), [queue]);
        let history = live(&store).await;
        for name in ["motia.db", "motia.db-wal"] {
            std::fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
        }
        history
    });
    (left, history)
}

/// Something of everything that a store can keep; gives what it kept before and after each commit.
pub(crate) async fn live(store: &SqliteStore) -> Vec<Contents> {
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    let mut history = vec![contents(store).await.unwrap()];
    let mut writes: Vec<_> = (0..4).flat_map(|n| [set(n), publish(n, queue, None)]).collect();
    writes.push(publish(8, queue, Some(at(60))));
    let together = (0..4).map(|n| publish(n, queue, None)).collect();
    for writes in writes.into_iter().map(|write| vec![write]).chain([together]) {
        store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
        history.push(contents(store).await.unwrap());
    }

    let pull = Pull {
        queue,
        after: 0,
        ranked_after: None,
        due_after: (Timestamp::MIN, 0),
        now: at(0),
        limit: 2,
    };
    let ready = store.pull(pull).await.unwrap().ready;
    let retry = Settlement::Retry { due: at(5), failure: failure().into() };
    let dead =
        Settlement::Dead { reason: "gone".into(), at: at(9), failure: Some(failure().into()) };
    for (delivery, settlement) in ready.iter().zip([retry, dead]) {
        let settle = Write::Settle { delivery: delivery.id, token: Token(1 << 40), settlement };
        store.commit(Batch::of(settle)).await.unwrap();
        history.push(contents(store).await.unwrap());
    }
    history
}

pub(crate) fn options() -> SqliteOptions {
    let segment_from = NonZeroUsize::new(3).unwrap();
    SqliteOptions { page_bytes: 512, segment_from, ..SqliteOptions::default() }
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn read(folder: &TempDir, name: &str) -> Vec<u8> {
    std::fs::read(Path::join(folder.path(), name)).unwrap()
}

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + secs)
}

pub(crate) fn set(n: u32) -> Write {
    let value = JsonText::from_trusted(format!("\"{}\"", "v".repeat(40 * n as usize)));
    Write::Set { group: "orders".into(), key: format!("k{n}"), value, expires_at: Some(at(99)) }
}

pub(crate) fn publish(n: u32, queue: QueueId, due: Option<Timestamp>) -> Write {
    let payload = JsonText::from_trusted(format!("\"{}\"", "p".repeat(60 * n as usize)));
    let event = Event::new("order.placed".into(), payload, TraceContext::root(), at(0));
    let targets = [Target { due, ..queue.into() }].into();
    Write::Publish { event: Arc::new(event), targets }
}

pub(crate) fn special(n: u32, queue: QueueId) -> Write {
    let payload = JsonText::from_trusted(format!("\"{}\"", "s".repeat(60 * n as usize)));
    let event = Event {
        priority: Priority::new(3),
        expires_at: Some(at(999)),
        cancel_key: Some("order-7".into()),
        ..Event::new("order.placed".into(), payload, TraceContext::root(), at(0))
    };
    let lane = Some(Lane { key: "customer-1".into(), ordered: n == 2 });
    let targets = [Target { lane, ..queue.into() }].into();
    Write::Publish { event: Arc::new(event), targets }
}

pub(crate) fn failure() -> Failure {
    Failure {
        attempt: 1,
        started_at: at(1),
        ended_at: at(2),
        error: "no answer".into(),
        class: None,
    }
}
