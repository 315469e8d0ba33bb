//! A small store file whose bits flip and whose end is missing: what it says afterwards is the same
//! as before, or what it said a moment earlier, or an error. What is not protected is named here.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use std::{collections::BTreeMap, path::Path, sync::Arc};

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
type Contents = Vec<String>;

#[test]
fn a_flipped_bit_in_the_log_is_refused_or_costs_at_most_the_last_transaction() {
    let (folder, history) = left_behind();
    let log = read(&folder, "motia.db-wal");
    let last = &history[history.len() - 2..];

    let outcomes = of_all(sample(log.len() * 8, 1500), |bit| {
        let mut damaged = log.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match contents_with(&folder, "motia.db-wal", &damaged) {
            Ok(found) if found == last[1] => "identical",
            Ok(found) if found == last[0] => "without the last transaction",
            Ok(found) => panic!("bit {bit} changes what is kept: {found:#?}"),
            Err(StoreError::Corrupt(_)) => "refused",
            Err(other) => panic!("bit {bit}: {other}"),
        }
    });

    println!("flipped bits in a log of {} bytes: {outcomes:?}", log.len());
    assert!(outcomes["refused"] > outcomes["without the last transaction"]);
}

#[test]
fn a_log_that_is_cut_off_anywhere_keeps_whole_transactions_from_the_first_on() {
    let (folder, history) = left_behind();
    let log = read(&folder, "motia.db-wal");
    let mut kept = Vec::new();

    let outcomes = of_all(sample(log.len(), 700), |length| {
        let found = contents_with(&folder, "motia.db-wal", &log[..length]).unwrap();
        let moment = history.iter().rposition(|moment| *moment == found);
        kept.push((length, moment.unwrap_or_else(|| panic!("cut at {length}: {found:#?}"))));
        "a moment of the past"
    });

    println!("cuts of a log of {} bytes: {outcomes:?}", log.len());
    assert!(kept.is_sorted_by_key(|(_, moment)| *moment), "a longer log never keeps less");
    assert_eq!(contents_with(&folder, "motia.db-wal", &log).unwrap(), *history.last().unwrap());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused_unless_nothing_is_missing() {
    let (folder, contents) = closed();
    let file = read(&folder, "motia.db");

    let outcomes =
        of_all(sample(file.len() - 1, 400).map(|length| length + 1), |length| match contents_with(
            &folder,
            "motia.db",
            &file[..length],
        ) {
            Ok(found) if found == contents => "identical",
            Ok(found) => panic!("cut at {length}: {} of {}", found.len(), contents.len()),
            Err(StoreError::Corrupt(_) | StoreError::Incompatible(_)) => "refused",
            Err(other) => panic!("cut at {length}: {other}"),
        });

    println!("cuts of a file of {} bytes: {outcomes:?}", file.len());
}

/// What has a sum is noticed without fail. What changes with every attempt has none: it is named here.
#[test]
fn a_flipped_bit_in_the_file_is_noticed_or_changes_a_token_the_attempts_or_a_time() {
    let (folder, contents) = closed();
    let file = read(&folder, "motia.db");
    let tokens = tokens(folder.path());

    let outcomes = of_all(sample(file.len() * 8, 2500), |bit| {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let looked = within_folder(&folder, "motia.db", &damaged, async |store, path| {
            Ok((self::contents(&store).await?, store.verify().await, self::tokens(path)))
        });
        match looked {
            Err(_) => "noticed at once",
            Ok((_, Err(_), _)) => "noticed by `verify`",
            Ok((found, Ok(()), with)) if found == contents && with == tokens => "identical",
            Ok((found, Ok(()), _)) if found == contents => "unnoticed: token",
            Ok((found, Ok(()), _)) => changed(&contents, &found)
                .unwrap_or_else(|| panic!("bit {bit} changes {contents:#?} to {found:#?}")),
        }
    });

    println!("flipped bits in a file of {} bytes: {outcomes:?}", file.len());
    let unnoticed = |name| outcomes.get(name).copied().unwrap_or_default();
    assert!(unnoticed("unnoticed: token") <= 12, "{outcomes:?}");
    assert!(unnoticed("unnoticed: attempts") <= 3, "{outcomes:?}");
    assert!(unnoticed("unnoticed: due_at") <= 3, "{outcomes:?}");
}

/// Which of the columns without a sum is all that tells the two apart, if it is one.
fn changed(contents: &Contents, found: &Contents) -> Option<&'static str> {
    /// What has a sum, the attempts, and when it is due.
    fn parts(line: &str) -> Option<(&str, &str, &str)> {
        let (rest, due) = line.strip_prefix("Delivery {")?.rsplit_once(", due: ")?;
        let (summed, attempts) = rest.rsplit_once(", attempts: ")?;
        Some((summed, attempts, due))
    }
    let gone: Vec<_> = contents.iter().filter(|line| !found.contains(line)).collect();
    let new: Vec<_> = found.iter().filter(|line| !contents.contains(line)).collect();
    let pairs = gone.iter().zip(&new).map(|(gone, new)| Some((parts(gone)?, parts(new)?)));
    let pairs: Vec<_> = pairs.collect::<Option<_>>()?;
    if gone.len() != new.len() || found.len() != contents.len() {
        return None;
    }
    if pairs.iter().all(|(was, is)| (was.0, was.2) == (is.0, is.2)) {
        return Some("unnoticed: attempts");
    }
    pairs.iter().all(|(was, is)| (was.0, was.1) == (is.0, is.1)).then_some("unnoticed: due_at")
}

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

/// Does something to each of a sample, and counts what it comes to.
fn of_all(
    sample: impl Iterator<Item = usize>,
    mut outcome: impl FnMut(usize) -> &'static str,
) -> BTreeMap<&'static str, usize> {
    let mut outcomes = BTreeMap::new();
    sample.for_each(|one| *outcomes.entry(outcome(one)).or_default() += 1);
    outcomes
}

/// About so many numbers below `end`, in order, spread over all bits of a byte.
fn sample(end: usize, count: usize) -> impl Iterator<Item = usize> {
    let step = (end / count).max(1) | 1;
    (0..end).step_by(step)
}

/// What a store keeps in a copy of a folder with one file exchanged.
fn contents_with(folder: &TempDir, name: &str, bytes: &[u8]) -> Result<Contents, StoreError> {
    within(folder, name, bytes, async |store| contents(&store).await)
}

/// Has a store opened in a copy of a folder with one file exchanged.
fn within<T>(
    folder: &TempDir,
    name: &str,
    bytes: &[u8],
    look: impl AsyncFnOnce(SqliteStore) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    within_folder(folder, name, bytes, async |store, _| look(store).await)
}

/// The same, with the path of the copy.
fn within_folder<T>(
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
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

async fn contents(store: &SqliteStore) -> Result<Contents, StoreError> {
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
fn pull_of(queue: QueueId) -> Pull {
    let (due_after, now) = ((Timestamp::MIN, 0), Timestamp::MAX);
    Pull { queue, after: 0, ranked_after: None, due_after, now, limit: 100 }
}

/// The tokens of all deliveries, which the store does not tell.
fn tokens(folder: &Path) -> Option<Vec<i64>> {
    const ALL: &str = "SELECT token FROM (SELECT id, token FROM delivery
        UNION ALL SELECT id, token FROM special) ORDER BY id";
    let db = Connection::open(folder.join("motia.db")).ok()?;
    let mut all = db.prepare(ALL).ok()?;
    all.query_map((), |row| row.get(0)).ok()?.collect::<Result<_, _>>().ok()
}

/// What a person, or a fault, does to the file while no store has it open.
fn by_hand(folder: &TempDir, sql: &str) {
    let db = Connection::open(folder.path().join("motia.db")).unwrap();
    assert!(db.execute(sql, ()).unwrap() > 0);
}

/// A store that was closed, and what it keeps.
fn closed() -> (TempDir, Contents) {
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
async fn live_on(store: &SqliteStore) {
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    for n in 1..=3 {
        store.commit(Batch::of(special(n, queue))).await.unwrap();
    }
    let ready = store.pull(pull_of(queue)).await.unwrap().ready;
    let of_lane: Vec<_> = ready.iter().filter(|found| found.lane.is_some()).collect();
    let end = Write::End {
        delivery: of_lane[0].id,
        ending: Ending::Cancelled,
        at: at(9),
        note: "by hand".into(),
    };
    let start = Write::Start { delivery: of_lane[1].id, attempt: 1, token: Token(1 << 40) };
    for write in [end, start] {
        store.commit(Batch::of(write)).await.unwrap();
    }
}

/// What a crash leaves of a store, and what it kept after each of its last transactions.
fn left_behind() -> (TempDir, Vec<Contents>) {
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
async fn live(store: &SqliteStore) -> Vec<Contents> {
    let queue = store.queues(&["ship"]).await.unwrap()[0];
    let mut history = vec![contents(store).await.unwrap()];
    let mut writes: Vec<_> = (0..4).flat_map(|n| [set(n), publish(n, queue, None)]).collect();
    writes.push(publish(8, queue, Some(at(60))));
    for write in writes {
        store.commit(Batch::of(write)).await.unwrap();
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

fn options() -> SqliteOptions {
    SqliteOptions { page_bytes: 512, ..SqliteOptions::default() }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn read(folder: &TempDir, name: &str) -> Vec<u8> {
    std::fs::read(Path::join(folder.path(), name)).unwrap()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + secs)
}

fn set(n: u32) -> Write {
    let value = JsonText::from_trusted(format!("\"{}\"", "v".repeat(40 * n as usize)));
    Write::Set { group: "orders".into(), key: format!("k{n}"), value, expires_at: Some(at(99)) }
}

fn publish(n: u32, queue: QueueId, due: Option<Timestamp>) -> Write {
    let payload = JsonText::from_trusted(format!("\"{}\"", "p".repeat(60 * n as usize)));
    let event = Event::new("order.placed".into(), payload, TraceContext::root(), at(0));
    let targets = [Target { due, ..queue.into() }].into();
    Write::Publish { event: Arc::new(event), targets }
}

fn special(n: u32, queue: QueueId) -> Write {
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

fn failure() -> Failure {
    Failure {
        attempt: 1,
        started_at: at(1),
        ended_at: at(2),
        error: "no answer".into(),
        class: None,
    }
}
