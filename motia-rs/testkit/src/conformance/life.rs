//! Closing, and opening again.

use futures_util::future::join_all;
use motia_core::store::{CommitError, StoreError};

use super::{
    Subject,
    say::{
        at, batch, bury, delete, done, failure, publish, publish_for, retry, set, set_until, start,
    },
};

/// And says why.
pub async fn a_closed_store_refuses_commits(subject: Subject) {
    subject.store.close().await.unwrap();

    let refused = subject.try_commit(batch([set("a", "1")])).await;

    assert!(matches!(refused, Err(CommitError::Store(StoreError::Closed))), "{refused:?}");
    let read = subject.store.get("orders", "a", at(0)).await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
}

/// As two paths of a shutdown may do.
pub async fn closing_twice_is_no_error(subject: Subject) {
    subject.store.close().await.unwrap();
    subject.store.close().await.unwrap();
}

/// Entries, deliveries, delays, attempts, dead letters and their failures.
pub async fn all_that_was_kept_survives_reopening(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3"]).await;
    subject.commit([set("a", "1"), set_until("b", "2", at(50))]).await;
    subject.commit([publish_for(at(20), &[queue])]).await;
    subject.commit([start(ids[0], 2, 5)]).await;
    subject.commit([start(ids[1], 1, 5), retry(ids[1], 5, 1, at(10))]).await;
    subject.commit([start(ids[2], 1, 5), bury(ids[2], 5, 1)]).await;
    let entry = subject.entry("a").await;
    let pulled = subject.pull(queue, at(100)).await;
    let dead = subject.dead().await;
    let depths = subject.store.depths(at(15)).await.unwrap();

    let Some(subject) = subject.reopened().await else { return };

    assert_eq!(subject.queue("ship").await, queue);
    assert_eq!(subject.entry("a").await, entry);
    assert_eq!(subject.entry("b").await.unwrap().expires_at, Some(at(50)));
    let found = subject.pull(queue, at(100)).await;
    assert_eq!((found.ready, found.due), (pulled.ready, pulled.due));
    assert_eq!(subject.dead().await, dead);
    assert_eq!(dead[0].failures, [failure(1)]);
    assert_eq!(subject.store.depths(at(15)).await.unwrap(), depths);
    assert_eq!(subject.heard(), [], "what waited before is pulled, not heard again");
}

/// Closing waits for them.
pub async fn commits_under_way_when_the_store_closes_are_kept(subject: Subject) {
    let queue = subject.queue("ship").await;
    let commits: Vec<_> =
        (0..500).map(|_| subject.store.commit(batch([publish("{}", &[queue])]))).collect();

    subject.store.close().await.unwrap();

    assert!(join_all(commits).await.iter().all(Result::is_ok));
    let Some(subject) = subject.reopened().await else { return };
    assert_eq!(subject.ready(queue).await.len(), 500);
    subject.assert_depths_agree(at(0)).await;
}

/// Nor are versions.
pub async fn numbers_and_tokens_are_not_used_twice_after_reopening(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit(ids.iter().map(|id| done(*id, 1))).await;
    subject.commit([set("a", "1")]).await;
    let version = subject.entry("a").await.unwrap().version;
    let epoch = subject.store.epoch();
    subject.commit([delete("a")]).await;

    let Some(subject) = subject.reopened().await else { return };

    assert!(subject.store.epoch() > epoch);
    subject.commit([publish("{}", &[queue]), set("a", "1")]).await;
    assert!(subject.ready(queue).await[0].id.seq > ids[1].seq);
    assert!(subject.entry("a").await.unwrap().version > version);
}
