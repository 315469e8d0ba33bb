//! Deliveries that were given up.

use motia_core::store::{
    Arrival, CommitError, DeadFilter, DeliveryId, PageRequest, Settlement, Store,
};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, done, failure, publish, purge, redrive, retry, settle,
        start,
    },
};

/// To a person who has to decide what becomes of it.
pub async fn a_dead_letter_tells_what_happened(subject: Subject) {
    let (queue, ids) = subject.queue_of(&[r#"{"order":1}"#, "2"]).await;
    let event = subject.ready(queue).await[0].event.clone();
    subject.commit([start(ids[0], 1, 5), retry(ids[0], 5, 1, at(1))]).await;
    subject.commit([start(ids[0], 2, 6), bury(ids[0], 6, 2)]).await;
    let reason = || "not wanted".to_owned();
    let unwanted = Settlement::Dead { reason: reason(), at: at(8), failure: None };
    subject.commit([settle(ids[1], 7, unwanted)]).await;
    subject.heard();

    let letter = subject.store.dead_letter(ids[0]).await.unwrap().unwrap();
    assert_eq!((letter.id, letter.queue.as_str()), (ids[0], "ship"));
    assert_eq!(letter.event, *event);
    assert_eq!((letter.attempts, letter.reason.as_str()), (2, "too many attempts"));
    assert_eq!(letter.died_at, at(9));
    assert_eq!(letter.failures, [failure(1), failure(2)]);

    let other = subject.store.dead_letter(ids[1]).await.unwrap().unwrap();
    assert_eq!((other.attempts, other.reason, other.failures), (0, reason(), vec![]));
    let depth = subject.depth(queue, at(100)).await;
    assert_eq!((depth.waiting, depth.delayed, depth.dead), (0, 0, 2));
    assert_eq!(subject.pull(queue, at(100)).await.due, []);
}

/// Until it is done.
pub async fn what_waits_to_be_tried_again_tells_why(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1", "2"]).await;
    let failures = async || subject.store.failures(ids[0]).await.unwrap();
    assert_eq!(failures().await, []);

    subject.commit([start(ids[0], 1, 5), retry(ids[0], 5, 1, at(1))]).await;
    assert_eq!(failures().await, [failure(1)]);
    assert_eq!(subject.store.failures(ids[1]).await.unwrap(), [], "the other one did not fail");

    subject.commit([start(ids[0], 2, 6), bury(ids[0], 6, 2)]).await;
    assert_eq!(failures().await, [failure(1), failure(2)]);

    subject.commit([redrive(ids[0])]).await;
    assert_eq!(failures().await, [], "it begins anew");
    subject.commit([start(ids[0], 1, 7), retry(ids[0], 7, 1, at(1)), done(ids[0], 8)]).await;
    assert_eq!(failures().await, []);
    assert_eq!(subject.store.failures(DeliveryId { seq: u64::MAX, ..ids[0] }).await.unwrap(), []);
}

/// Of one queue or of all, in the order of their sequence numbers.
pub async fn dead_letters_are_listed_page_by_page(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    for _ in 0..5 {
        subject.commit([publish("{}", &queues)]).await;
    }
    let mut ids: Vec<_> = Vec::new();
    for queue in &queues {
        ids.extend(subject.ready(*queue).await.iter().map(|found| found.id));
    }
    // The youngest first, so that the order of dying is not that of the list.
    subject.commit(ids.iter().rev().map(|id| bury(*id, 1, 1))).await;
    ids.sort_by_key(|id| id.seq);
    let of_bill: Vec<_> = ids.iter().copied().filter(|id| id.queue == queues[1]).collect();

    assert_eq!(listed(&*subject.store, &DeadFilter::default()).await, ids);
    assert_eq!(listed(&*subject.store, &DeadFilter::of("bill")).await, of_bill);
    assert_eq!(listed(&*subject.store, &DeadFilter::of("nobody")).await, []);
}

/// And is heard, pulled and settled like any other.
pub async fn a_redriven_letter_waits_with_no_attempts_made(subject: Subject) {
    let (queue, ids) = subject.queue_of(&[r#"{"order":1}"#]).await;
    subject.commit([start(ids[0], 3, 5), bury(ids[0], 5, 3)]).await;

    subject.commit([redrive(ids[0])]).await;

    assert_eq!(subject.heard(), [Arrival::Due { id: ids[0], due: at(10) }]);
    assert_eq!(subject.dead().await, []);
    let back = subject.due(queue, at(10)).await;
    assert_eq!((back.len(), back[0].id, back[0].attempts), (1, ids[0], 0));
    assert_eq!(back[0].event.payload.as_str(), r#"{"order":1}"#);
    subject.assert_depths_agree(at(0)).await;

    subject.commit([start(ids[0], 1, 6), bury(ids[0], 6, 1)]).await;
    assert_eq!(subject.dead().await[0].failures, [failure(1)]);
    subject.commit([redrive(ids[0])]).await;
    subject.commit([done(ids[0], 7)]).await;
    subject.assert_depths_agree(at(0)).await;
}

/// Its attempt ended with the death of the delivery.
pub async fn a_straggler_cannot_settle_a_redriven_letter(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1"]).await;
    subject.commit([start(ids[0], 1, 5), bury(ids[0], 5, 1)]).await;
    assert_superseded(subject.try_commit(batch([done(ids[0], 5)])).await);

    subject.commit([redrive(ids[0])]).await;

    assert_superseded(subject.try_commit(batch([done(ids[0], 5)])).await);
    assert_superseded(subject.try_commit(batch([bury(ids[0], 5, 1)])).await);
}

/// With all that was noted of it.
pub async fn a_purged_letter_is_gone(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit(ids.iter().map(|id| bury(*id, 5, 1))).await;

    subject.commit([purge(ids[0])]).await;

    assert_eq!(subject.store.dead_letter(ids[0]).await.unwrap(), None);
    let left: Vec<_> = subject.dead().await.iter().map(|letter| letter.id).collect();
    assert_eq!(left, [ids[1]]);
    assert_eq!(subject.depth(queue, at(0)).await.dead, 1);
    assert_eq!(subject.heard(), []);
}

/// Also one that waits, or lies under this number in another queue.
pub async fn a_letter_that_is_not_there_is_refused(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1", "2"]).await;
    let other = subject.queue("bill").await;
    subject.commit([bury(ids[0], 5, 1)]).await;

    let elsewhere = DeliveryId { queue: other, ..ids[0] };
    for id in [ids[1], elsewhere] {
        for write in [redrive(id), purge(id)] {
            let refused = subject.try_commit(batch([write])).await;
            assert!(matches!(refused, Err(CommitError::NoSuchDeadLetter(_))), "{refused:?}");
        }
        assert_eq!(subject.store.dead_letter(id).await.unwrap(), None);
    }
    assert_eq!(subject.dead().await.len(), 1);
}

/// What is listed, after making sure that as much is counted.
pub(super) async fn listed(store: &dyn Store, filter: &DeadFilter) -> Vec<DeliveryId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::first(2);
    loop {
        let page = store.dead_letters(filter, request.clone()).await.unwrap();
        ids.extend(page.items.iter().map(|letter| letter.id));
        match page.next {
            Some(next) => request = request.after(Some(next)),
            None => break,
        }
    }
    assert_eq!(store.count_dead(filter).await.unwrap(), ids.len() as u64, "{filter:?}");
    ids
}
