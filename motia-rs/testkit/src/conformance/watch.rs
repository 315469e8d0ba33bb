//! Groups whose changes are told.

use std::collections::BTreeMap;

use motia_core::store::{Change, Snapshot, What, Write, change::watched};

use tokio::task::JoinSet;

use super::{
    Subject,
    say::{assert_conflict, at, batch, json, set, version},
};

fn group() -> String {
    watched("feed", "shop/1")
}

fn put(key: &str, value: &str) -> Write {
    Write::Set { group: group().into(), key: key.into(), value: json(value), expires_at: None }
}

fn put_until(key: &str, value: &str, secs: i64) -> Write {
    let (group, key, value) = (group().into(), key.into(), json(value));
    Write::Set { group, key, value, expires_at: Some(at(secs)) }
}

fn remove(key: &str) -> Write {
    Write::Delete { group: group().into(), key: key.into(), now: at(0) }
}

fn say(key: Option<&str>, event: &str) -> Write {
    Write::Send { group: group().into(), key: key.map(Into::into), event: json(event) }
}

fn count(key: &str) -> Write {
    Write::Increment { group: group().into(), key: key.into(), by: 1, now: at(0) }
}

async fn snapshot(subject: &Subject) -> Snapshot {
    subject.store.snapshot(&group(), None, 1000).await.unwrap()
}

fn told(changes: &[Change]) -> Vec<(Option<&str>, What)> {
    changes.iter().map(|change| (change.key.as_deref(), change.what.clone())).collect()
}

/// Created, then updated; whether it is set or counted on.
pub async fn what_becomes_of_an_entry_is_told_with_its_version(subject: Subject) {
    subject.commit([put("a", "1"), put("a", "2")]).await;
    subject.commit([count("n")]).await;
    subject.commit([count("n")]).await;

    let changes = subject.changes();

    let expected = [
        (Some("a"), What::Created(json("1"))),
        (Some("a"), What::Updated(json("2"))),
        (Some("n"), What::Created(json("1"))),
        (Some("n"), What::Updated(json("2"))),
    ];
    assert_eq!(told(&changes), expected);
    assert!(changes.iter().all(|change| *change.group == *group()));
    let kept = subject.store.get(&group(), "a", at(0)).await.unwrap().unwrap();
    assert_eq!(changes[1].seq, kept.version);
}

/// Deleted, cleared away, or removed after its end.
pub async fn what_goes_is_told_however_it_goes(subject: Subject) {
    let puts = [put("a", "1"), put_until("b", "2", 5), put_until("c", "3", -5), put("d", "4")];
    subject.commit(puts).await;
    subject.commit([put("e", "5")]).await;
    subject.changes();

    subject.commit([remove("a"), remove("a")]).await;
    subject.commit([Write::Expire { now: at(0), limit: 100 }]).await;
    subject.commit([remove("b"), Write::Clear { group: group().into() }]).await;
    subject.commit([put("a", "6")]).await;

    let changes = subject.changes();
    let gone = |key, value| (Some(key), What::Deleted(json(value)));
    let expected = [
        gone("a", "1"),
        gone("c", "3"),
        gone("b", "2"),
        gone("d", "4"),
        gone("e", "5"),
        (Some("a"), What::Created(json("6"))),
    ];
    assert_eq!(told(&changes), expected);
    assert!(changes.is_sorted_by(|one, next| one.seq < next.seq), "{changes:?}");
}

/// To a group, or about one of its entries.
pub async fn what_is_said_is_told_and_not_kept(subject: Subject) {
    subject.commit([say(None, "1"), put("a", "2"), say(Some("a"), "3")]).await;

    let changes = subject.changes();

    let expected = [
        (None, What::Sent(json("1"))),
        (Some("a"), What::Created(json("2"))),
        (Some("a"), What::Sent(json("3"))),
    ];
    assert_eq!(told(&changes), expected);
    assert!(changes.is_sorted_by(|one, next| one.seq < next.seq), "{changes:?}");
    assert_eq!(snapshot(&subject).await.items.len(), 1);
}

/// State is nobody's business.
pub async fn other_groups_are_not_told_of(subject: Subject) {
    subject.commit([set("a", "1"), Write::Clear { group: "orders".into() }]).await;

    assert_eq!(subject.changes(), []);
}

/// Neither at once nor with the next one.
pub async fn of_a_refused_batch_nothing_is_told(subject: Subject) {
    let mut late = batch([put("a", "1")]).requiring(version("a", Some(7)));
    assert_conflict(subject.try_commit(late.clone()).await);
    late.requires.clear();
    late.writes.push(Write::Set {
        group: group().into(),
        key: "n".into(),
        value: json("\"no number\""),
        expires_at: None,
    });
    late.writes.push(count("n"));
    subject.try_commit(late).await.unwrap_err();

    subject.commit([put("b", "1")]).await;

    assert_eq!(told(&subject.changes()), [(Some("b"), What::Created(json("1")))]);
    assert_eq!(snapshot(&subject).await.items.len(), 1);
}

/// Whoever takes them as they come sees what is kept.
pub async fn changes_of_many_committers_are_told_once_and_in_order(subject: Subject) {
    let mut committers = JoinSet::new();
    for committer in 0..8 {
        let store = subject.store.clone();
        committers.spawn(async move {
            for turn in 0..50 {
                let key = format!("{}", turn % 3);
                let write = if turn % 5 == 4 {
                    remove(&key)
                } else {
                    put(&key, &format!("{}", committer * 100 + turn))
                };
                store.commit(batch([write])).await.unwrap();
            }
        });
    }
    committers.join_all().await;

    let changes = subject.changes();
    assert!(changes.is_sorted_by(|one, next| one.seq < next.seq));
    assert_eq!(view(BTreeMap::new(), &changes), items(&snapshot(&subject).await));
}

/// So that nobody who sees his own write misses it.
pub async fn what_was_committed_was_told_before(subject: Subject) {
    for turn in 0..50 {
        subject.commit([put("a", &turn.to_string())]).await;
        assert_eq!(subject.changes().len(), 1, "in turn {turn}");
    }
}

/// At whatever moment it is taken: nothing is missing, and nothing comes twice.
pub async fn a_snapshot_and_what_follows_it_make_the_whole(subject: Subject) {
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let store = subject.store.clone();
        writers.spawn(async move {
            for turn in 0..60 {
                let key = format!("{}", (turn * 7 + writer) % 5);
                let write = if turn % 4 == 3 { remove(&key) } else { put(&key, &turn.to_string()) };
                store.commit(batch([write])).await.unwrap();
            }
        });
    }
    let mut snapshots = Vec::new();
    while writers.try_join_next().is_none() {
        snapshots.push(snapshot(&subject).await);
        tokio::task::yield_now().await;
    }
    writers.join_all().await;

    let (end, changes) = (items(&snapshot(&subject).await), subject.changes());
    for taken in snapshots {
        let until = changes.partition_point(|change| change.seq <= taken.seq);
        assert_eq!(view(BTreeMap::new(), &changes[..until]), items(&taken), "at {}", taken.seq);
        assert_eq!(view(items(&taken), &changes[until..]), end, "from {}", taken.seq);
    }
}

/// And tells that there is more; of one entry, it has that or none.
pub async fn a_snapshot_is_as_large_as_it_may_be(subject: Subject) {
    subject.commit([put("a", "1"), put("b", "2"), put_until("c", "3", -5)]).await;
    let taken = async |key, limit| subject.store.snapshot(&group(), key, limit).await.unwrap();

    let all = taken(None, 3).await;
    let some = taken(None, 2).await;

    let keys: Vec<_> = all.items.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        (keys, all.more),
        (vec!["a", "b", "c"], false),
        "what has ended is there until it goes"
    );
    assert_eq!((some.items.len(), some.more), (2, true));
    assert_eq!(taken(Some("b"), 1).await.items[0].1.value, json("2"));
    assert_eq!(taken(Some("x"), 1).await.items, []);
    assert_eq!(subject.store.snapshot(&watched("feed", "none"), None, 9).await.unwrap().items, []);
}

/// With no change in between it stands where it stood, or after it.
pub async fn a_snapshot_says_where_it_stands_after_reopening(subject: Subject) {
    subject.commit([put("a", "1")]).await;
    subject.commit([remove("a")]).await;
    let last = subject.changes().last().unwrap().seq;

    let Some(subject) = subject.reopened().await else { return };

    assert_eq!(snapshot(&subject).await.seq, last);
    subject.commit([put("a", "2")]).await;
    assert!(subject.changes()[0].seq > last);
}

fn items(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let items = snapshot.items.iter();
    items.map(|(key, entry)| (key.clone(), entry.value.as_str().to_owned())).collect()
}

/// What somebody sees who saw `seen` and then these changes.
fn view(mut seen: BTreeMap<String, String>, changes: &[Change]) -> BTreeMap<String, String> {
    for change in changes {
        let key = change.key.as_deref().unwrap().to_owned();
        let value = change.what.value().as_str().to_owned();
        match &change.what {
            What::Created(_) => assert_eq!(seen.insert(key, value), None),
            What::Updated(_) => assert!(seen.insert(key, value).is_some()),
            What::Deleted(_) => assert_eq!(seen.remove(&key), Some(value)),
            What::Sent(_) => {}
        }
    }
    seen
}
