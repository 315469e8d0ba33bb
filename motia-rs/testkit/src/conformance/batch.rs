//! All or nothing.

use futures_util::future::join_all;
use motia_core::store::{
    Batch, CommitError, DeliveryId, Outcome, PageRequest, Require, Token, Write,
};

use super::{
    Subject,
    say::{
        assert_conflict, assert_superseded, at, batch, bury, delete, done, give_back, increment,
        json, publish, publish_for, purge, redrive, retry, set, set_until, start, version,
    },
};

/// There is nothing that could go wrong.
pub async fn an_empty_batch_is_kept(subject: Subject) {
    let committed = subject.try_commit(Batch::default()).await.unwrap();

    assert_eq!(committed.outcomes, []);
    assert_eq!(committed.durability, subject.store.capabilities().durability);
}

/// And what they have to say comes in the same order.
pub async fn writes_happen_in_their_order(subject: Subject) {
    let committed = subject
        .commit([
            set("a", "5"),
            increment("a", 1),
            delete("a"),
            increment("a", 2),
            Write::Clear { group: "orders".into() },
            set("b", "1"),
        ])
        .await;

    assert_eq!(
        committed.outcomes,
        [
            Outcome::Counted(6),
            Outcome::Removed(Some(json("6"))),
            Outcome::Counted(2),
            Outcome::Cleared(1),
        ]
    );
    assert_eq!(subject.value("a").await, None);
    assert_eq!(subject.value("b").await.as_deref(), Some("1"));
}

/// A batch cannot bring about what it requires.
pub async fn requirements_are_judged_before_any_write(subject: Subject) {
    subject.try_commit(batch([set("a", "1")]).requiring(version("a", None))).await.unwrap();

    let both = batch([delete("a"), set("b", "1")])
        .requiring(version("a", None))
        .requiring(version("b", None));

    assert_conflict(subject.try_commit(both).await);
    assert_eq!(subject.value("a").await.as_deref(), Some("1"));
}

/// Not even of the requirements that held, and nobody hears of it.
pub async fn a_requirement_that_fails_leaves_nothing_of_the_batch(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    subject.commit([set("a", "1"), start(ids[0], 1, 5)]).await;
    let writes = || {
        let clear = Write::Clear { group: "orders".into() };
        [set("b", "1"), publish("{}", &[queue]), clear, done(ids[0], 5)]
    };

    let conflict = batch(writes()).requiring(version("b", None)).requiring(version("a", None));
    assert_conflict(subject.try_commit(conflict).await);
    let held = Require::Held { delivery: ids[0], token: Token(4) };
    assert_superseded(subject.try_commit(batch(writes()).requiring(held)).await);

    assert_eq!(subject.value("a").await.as_deref(), Some("1"));
    assert_eq!(subject.value("b").await, None);
    assert_eq!(subject.ready(queue).await.len(), 1);
    assert_eq!(subject.heard(), []);
    subject.assert_depths_agree(at(0)).await;
}

/// Whatever the batch did before the write that was refused.
pub async fn a_write_refused_halfway_leaves_nothing_of_the_batch(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3", "4", "5"]).await;
    subject.commit([set("text", "\"x\""), set("n", "1"), set_until("old", "1", at(5))]).await;
    subject.commit(ids.iter().map(|id| start(*id, 1, 7))).await;
    subject.commit([bury(ids[3], 7, 1), bury(ids[4], 7, 1), retry(ids[2], 7, 1, at(3))]).await;
    subject.heard();
    let before = picture(&subject).await;

    let refusals =
        [increment("text", 1), done(ids[0], 6), done(ids[3], 7), redrive(ids[0]), purge(ids[1])];
    for refused in refusals {
        let writes = [
            set("new", "1"),
            set("n", "2"),
            increment("n", 1),
            delete("n"),
            Write::Expire { now: at(9), limit: 9 },
            Write::Clear { group: "orders".into() },
            publish("{}", &[queue]),
            publish_for(at(1), &[queue]),
            start(ids[0], 2, 9),
            retry(ids[0], 9, 2, at(1)),
            done(ids[1], 7),
            bury(ids[2], 9, 2),
            redrive(ids[3]),
            purge(ids[4]),
            set("text", "\"x\""),
            refused,
        ];
        let result = subject.try_commit(batch(writes)).await;

        assert!(result.is_err(), "{result:?}");
        assert_eq!(picture(&subject).await, before);
        assert_eq!(subject.heard(), []);
        subject.assert_depths_agree(at(0)).await;
    }
}

/// Those that were committed at the same moment.
pub async fn a_refused_batch_does_not_disturb_its_neighbours(subject: Subject) {
    let queue = subject.queue("ship").await;
    subject.commit([set("text", "\"x\"")]).await;

    let commits = (0..200).map(|n| {
        let key = format!("k{n}");
        subject.store.commit(match n % 4 {
            0 => batch([set(&key, "1"), increment("text", 1)]),
            1 => batch([set(&key, "1"), publish("{}", &[queue]), increment("text", 1)]),
            2 => batch([set(&key, "1")]).requiring(version("text", None)),
            _ => batch([set(&key, "1"), publish("{}", &[queue]), increment("n", 1)]),
        })
    });
    let commits: Vec<_> = commits.collect();
    let results = join_all(commits).await;

    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), n % 4 == 3, "{n}: {result:?}");
        assert_eq!(subject.value(&format!("k{n}")).await.is_some(), n % 4 == 3, "{n}");
    }
    assert_eq!(subject.value("n").await.as_deref(), Some("50"));
    assert_eq!(subject.ready(queue).await.len(), 50);
    assert_eq!(subject.heard().len(), 50);
    subject.assert_depths_agree(at(0)).await;
}

/// Nobody was given such an id, but anyone may make one up.
pub async fn an_id_that_no_delivery_has_is_refused_without_disturbing_neighbours(subject: Subject) {
    let queue = subject.queue("ship").await;
    let ids = [0, 1 << 47, 1 << 63, u64::MAX].map(|seq| DeliveryId { queue, seq });
    let started = ids.map(|id| batch([start(id, 1, 5)]));
    let held = |id| batch([]).requiring(Require::Held { delivery: id, token: Token(5) });
    let refused = ids.into_iter().flat_map(|id| {
        let settled =
            [done(id, 5), retry(id, 5, 1, at(1)), bury(id, 5, 1), give_back(id, 5, at(1))];
        let settled = settled.map(|write| batch([write]));
        settled.into_iter().chain([held(id), batch([redrive(id)]), batch([purge(id)])])
    });

    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    kept.extend(started.map(|started| subject.store.commit(started)));
    for refused in refused {
        kept.push(subject.store.commit(batch([publish("{}", &[queue])])));
        lost.push(subject.store.commit(refused));
    }
    let (kept, lost) = (join_all(kept).await, join_all(lost).await);

    for (n, result) in lost.iter().enumerate() {
        let as_expected = match n % 7 {
            ..5 => matches!(result, Err(CommitError::Superseded(_))),
            _ => matches!(result, Err(CommitError::NoSuchDeadLetter(_))),
        };
        assert!(as_expected, "{n}: {result:?}");
    }
    assert!(kept.iter().all(Result::is_ok), "{kept:?}");
    assert_eq!(subject.ready(queue).await.len(), lost.len());
    for id in ids {
        assert_eq!(subject.store.dead_letter(id).await.unwrap(), None);
    }
    subject.assert_depths_agree(at(0)).await;
}

/// Dropping the future does not take the batch back.
pub async fn a_commit_that_nobody_waits_for_happens(subject: Subject) {
    let queue = subject.queue("ship").await;

    drop(subject.store.commit(batch([set("a", "1"), publish("{}", &[queue])])));
    subject.commit([set("b", "1")]).await;

    assert_eq!(subject.value("a").await.as_deref(), Some("1"));
    assert_eq!(subject.ready(queue).await.len(), 1);
    assert_eq!(subject.heard().len(), 1);
}

/// The others are told of the conflict.
pub async fn of_many_who_require_the_same_version_one_wins(subject: Subject) {
    let commits: Vec<_> = (0..64)
        .map(|n| batch([set("a", &n.to_string())]).requiring(version("a", None)))
        .map(|batch| subject.store.commit(batch))
        .collect();

    let won = join_all(commits).await.into_iter().filter(Result::is_ok).count();

    assert_eq!(won, 1);
}

/// All that a store has to show, except for numbers that are given out anew.
async fn picture(subject: &Subject) -> String {
    let state = subject.store.page("orders", PageRequest::default(), at(0)).await.unwrap();
    let depths = subject.store.depths(at(0)).await.unwrap();
    let mut pulled = Vec::new();
    for depth in &depths {
        pulled.push(subject.pull(depth.id, at(100)).await);
    }
    format!("{state:?} {depths:?} {pulled:?} {:?}", subject.dead().await)
}
