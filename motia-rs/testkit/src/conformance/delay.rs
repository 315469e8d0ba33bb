//! Deliveries that wait for their time.

use jiff::{SignedDuration, Timestamp};
use motia_core::store::{Arrival, Pull, Write};

use super::{
    Subject,
    say::{at, bury, give_back, publish, publish_for, retry},
};

/// And not before; until then the store says when.
pub async fn a_delayed_delivery_is_pulled_when_it_is_due(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    subject.commit([publish_for(at(10), &[queue]), publish("{}", &[queue])]).await;

    let heard = subject.heard();
    let early = subject.pull(queue, at(9)).await;
    let late = subject.pull(queue, at(10)).await;

    let Arrival::Due { id, due } = heard[0] else { panic!("{heard:?}") };
    assert_eq!(due, at(10));
    assert_eq!((early.ready.len(), early.due.len(), early.next_due), (1, 0, Some(at(10))));
    assert_eq!((late.ready.len(), late.due.len(), late.next_due), (1, 1, None));
    assert_eq!((late.due[0].id, late.due[0].due, late.due[0].attempts), (id, Some(at(10)), 0));
}

/// The cursor tells them apart, also where a page ends among them.
pub async fn deliveries_due_together_are_pulled_page_by_page(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    let other = subject.queue("bill").await;
    subject.commit((0..7).map(|_| publish_for(at(5), &[other, queue]))).await;
    subject.commit([publish_for(at(6), &[queue])]).await;

    let mut seqs = Vec::new();
    let mut due_after = (Timestamp::MIN, 0);
    loop {
        let pull = Pull { queue, after: 0, ranked_after: None, due_after, now: at(5), limit: 3 };
        let page = subject.store.pull(pull).await.unwrap();
        seqs.extend(page.due.iter().map(|found| found.id.seq));
        let Some(last) = page.due.last() else {
            assert_eq!(page.next_due, Some(at(6)));
            break;
        };
        assert_eq!(page.next_due, Some(if seqs.len() < 7 { at(5) } else { at(6) }));
        due_after = (at(5), last.id.seq);
    }

    assert_eq!(seqs.len(), 7);
    assert!(seqs.is_sorted_by(|a, b| a < b));
}

/// Whatever the order in which they were published.
pub async fn delayed_deliveries_are_pulled_by_due_time(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    subject.commit([30, 10, 20, 10].map(|secs| publish_for(at(secs), &[queue]))).await;

    let dues: Vec<_> = subject.due(queue, at(25)).await.iter().map(|found| found.due).collect();

    assert_eq!(dues, [Some(at(10)), Some(at(10)), Some(at(20))]);
    assert_eq!(subject.pull(queue, at(25)).await.next_due, Some(at(30)));
}

/// To the microsecond: what is finer is cut off, whatever made the delivery wait.
pub async fn a_delivery_falls_due_when_it_was_heard_to(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let (queue, ids) = subject.queue_of(&["1", "2", "3"]).await;
    let now = at(1) + SignedDuration::from_nanos(2_345);
    let cut = at(1) + SignedDuration::from_nanos(2_000);
    subject.commit([bury(ids[2], 5, 1)]).await;

    let again = Write::Redrive { delivery: ids[2], now };
    let waits =
        [publish_for(now, &[queue]), retry(ids[0], 5, 1, now), give_back(ids[1], 5, now), again];
    for wait in waits {
        subject.commit([wait]).await;
        let heard = subject.heard();
        let [Arrival::Due { id, due }] = heard[..] else { panic!("{heard:?}") };

        assert_eq!(due, cut);
        let pulled = subject.due(queue, due).await;
        let found = pulled.iter().find(|found| found.id == id);
        assert_eq!(found.and_then(|found| found.due), Some(due));
    }
    assert_eq!(subject.due(queue, now).await.len(), 4);
    assert_eq!(subject.depth(queue, now).await.waiting, 4);
}

/// And is not in the way of the others meanwhile.
pub async fn a_delivery_may_wait_until_the_end_of_time(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    subject.commit([publish_for(Timestamp::MAX, &[queue]), publish_for(at(1), &[queue])]).await;

    let heard = subject.heard();
    let pulled = subject.pull(queue, at(1)).await;

    let Arrival::Due { due, .. } = heard[0] else { panic!("{heard:?}") };
    assert_eq!((pulled.due.len(), pulled.next_due), (1, Some(due)));
    assert_eq!(subject.due(queue, Timestamp::MAX).await.len(), 2);
}

/// Though nobody wrote anything when its time came.
pub async fn a_delayed_delivery_counts_as_waiting_once_due(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    subject.commit([publish_for(at(10), &[queue]), publish("{}", &[queue])]).await;

    let early = subject.depth(queue, at(9)).await;
    let late = subject.depth(queue, at(10)).await;

    assert_eq!((early.waiting, early.delayed), (1, 1));
    assert_eq!((late.waiting, late.delayed), (2, 0));
}
