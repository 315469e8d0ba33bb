//! Commits that may be answered sooner than they could be.

use futures_util::future::join_all;
use motia_core::store::{Batch, Durability};

use super::{
    Subject,
    say::{at, batch, publish, set},
};

const ALL: [Option<Durability>; 4] =
    [None, Some(Durability::Durable), Some(Durability::Relaxed), Some(Durability::Volatile)];

/// Never less than was asked for, as far as the store can at all, and never more than it can.
pub async fn a_commit_is_kept_as_well_as_was_asked_for(subject: Subject) {
    let best = subject.store.capabilities().durability;
    for durability in ALL {
        let asked = Batch { durability, ..batch([set("a", "1")]) };
        let kept = subject.try_commit(asked).await.unwrap().durability;

        let least = durability.unwrap_or(best).min(best);
        assert!((least..=best).contains(&kept), "{durability:?} became {kept}");
    }
}

/// In whatever company it was committed.
pub async fn what_may_be_kept_less_well_can_be_read_at_once(subject: Subject) {
    let queue = subject.queue("ship").await;
    let commits: Vec<_> = (0..200)
        .map(|n| {
            let writes = batch([set(&format!("k{n}"), "1"), publish("{}", &[queue])]);
            subject.store.commit(Batch { durability: ALL[n % 4], ..writes })
        })
        .collect();
    assert!(join_all(commits).await.iter().all(Result::is_ok));

    assert_eq!(subject.heard().len(), 200);
    assert_eq!(subject.ready(queue).await.len(), 200);
    for n in 0..200 {
        assert!(subject.value(&format!("k{n}")).await.is_some(), "{n}");
    }
    subject.assert_depths_agree(at(0)).await;
}

/// As closing says that everything is written down.
pub async fn what_may_be_kept_less_well_survives_a_proper_close(subject: Subject) {
    let relaxed = Batch { durability: Some(Durability::Relaxed), ..batch([set("a", "1")]) };
    subject.try_commit(relaxed).await.unwrap();

    let Some(subject) = subject.reopened().await else { return };

    assert_eq!(subject.value("a").await.as_deref(), Some("1"));
}
