//! Deliveries that belong to a lane of their queue. A key in capitals is one of an ordered lane.

use std::sync::Arc;

use motia_core::store::{Arrival, DeliveryId, PullLane, Target, Write};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, done, event, give_back, hold, lane, publish,
        publish_in, redrive, retry, start,
    },
};

/// From the arrival to the dead letter.
pub async fn a_delivery_tells_its_lane(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let queue = subject.queue("ship").await;

    for key in ["a", "B", "größe 🐕", &"x".repeat(256)] {
        subject.commit([publish_in(key, event("{}"), queue)]).await;

        let heard = subject.heard();
        let [Arrival::Ready(delivery)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(delivery.lane, Some(lane(key)));
        assert_eq!(subject.ready(queue).await, std::slice::from_ref(delivery));
        subject.commit([start(delivery.id, 1, 5), bury(delivery.id, 5, 1)]).await;
        let letter = subject.store.dead_letter(delivery.id).await.unwrap().unwrap();
        assert_eq!(letter.key.as_deref(), Some(key));
        subject.commit([redrive(delivery.id), done(delivery.id, 7)]).await;
        subject.heard();
    }
}

/// By sequence number, and nothing of another lane or queue.
pub async fn a_lane_is_pulled_page_by_page(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["a", "b", "a", "a", "b", "a"]).await;
    let other = subject.queue("bill").await;
    subject.commit([publish_in("a", event("{}"), other), publish("{}", &[queue])]).await;

    let page = async |after| {
        let pull = PullLane { queue, key: "a".into(), after, due_by: None, limit: 2 };
        subject.store.pull_lane(pull).await.unwrap()
    };
    let mut seqs = Vec::new();
    let mut after = 0;
    loop {
        let page = page(after).await;
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = last.id.seq;
        seqs.extend(page.iter().map(|found| found.id));
    }

    assert_eq!(seqs, [ids[0], ids[2], ids[3], ids[5]]);
    assert_eq!(subject.lane(queue, "nobody").await, []);
    assert_eq!(subject.lane(queue, "A").await, []);
    assert_eq!(page(u64::MAX).await, []);
}

/// Whether it is to be tried again, given back, or was given up and redriven.
pub async fn a_delivery_keeps_its_place_in_an_ordered_lane(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["A", "A", "A", "A"]).await;
    let back = |id, due| vec![Arrival::Back { id, key: "A".into(), due }];

    subject.commit([start(ids[0], 1, 5), retry(ids[0], 5, 1, at(100))]).await;
    assert_eq!(subject.heard(), back(ids[0], Some(at(100))));
    subject.commit([start(ids[1], 1, 5), give_back(ids[1], 5, at(7))]).await;
    assert_eq!(subject.heard(), back(ids[1], None));
    subject.commit([start(ids[2], 1, 5), bury(ids[2], 5, 1)]).await;
    assert_eq!(subject.heard(), []);
    let without: Vec<_> = places(&subject.lane(queue, "A").await);
    subject.commit([redrive(ids[2])]).await;
    assert_eq!(subject.heard(), back(ids[2], None));

    let lane = subject.lane(queue, "A").await;
    assert_eq!(without, [ids[0], ids[1], ids[3]]);
    assert_eq!(places(&lane), ids);
    assert_eq!(lane, subject.ready(queue).await, "what waits in its place is among the undelayed");
    assert_eq!(lane.iter().map(|found| found.attempts).collect::<Vec<_>>(), [1, 0, 0, 0]);
    let dues: Vec<_> = lane.iter().map(|found| found.due).collect();
    assert_eq!(dues, [Some(at(100)), None, None, None]);
    let pulled = subject.pull(queue, at(1000)).await;
    assert_eq!((pulled.due, pulled.next_due), (vec![], None));
    let depth = subject.depth(queue, at(0)).await;
    assert_eq!((depth.waiting, depth.delayed), (4, 0));
    subject.assert_depths_agree(at(0)).await;

    for id in &ids[..3] {
        assert_superseded(subject.try_commit(batch([done(*id, 5)])).await);
    }
    subject.commit(ids.iter().map(|id| start(*id, 2, 9))).await;
    subject.commit(ids.iter().map(|id| done(*id, 9))).await;
    assert_eq!(subject.ready(queue).await, []);
    subject.assert_depths_agree(at(0)).await;
}

/// A failure that was noted in its place goes with the delivery, and not into the next letter.
pub async fn failures_in_an_ordered_lane_are_told_of_the_dead(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (_, ids) = subject.queue_in(&["A"]).await;
    subject.commit([start(ids[0], 1, 5), retry(ids[0], 5, 1, at(1))]).await;
    subject.commit([start(ids[0], 2, 6), give_back(ids[0], 6, at(2))]).await;
    subject.commit([start(ids[0], 2, 7), bury(ids[0], 7, 2)]).await;

    let attempts = async || {
        let letter = subject.store.dead_letter(ids[0]).await.unwrap().unwrap();
        letter.failures.iter().map(|failure| failure.attempt).collect::<Vec<_>>()
    };
    assert_eq!(attempts().await, [1, 2]);

    subject.commit([redrive(ids[0])]).await;
    subject.commit([start(ids[0], 1, 8), bury(ids[0], 8, 1)]).await;
    assert_eq!(attempts().await, [1]);
}

/// There is nothing to be kept in order.
pub async fn a_delivery_of_an_unordered_lane_waits_among_the_delayed(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["a", "a", "a"]).await;
    subject.commit([bury(ids[2], 5, 1)]).await;

    subject
        .commit([retry(ids[0], 5, 1, at(3)), give_back(ids[1], 5, at(7)), redrive(ids[2])])
        .await;

    let dues = [(ids[0], at(3)), (ids[1], at(7)), (ids[2], at(10))];
    assert_eq!(subject.heard(), dues.map(|(id, due)| Arrival::Due { id, due }));
    assert_eq!(subject.lane(queue, "a").await, []);
    let due = subject.due(queue, at(10)).await;
    assert_eq!(places(&due), ids);
    assert!(due.iter().all(|delivery| delivery.lane == Some(lane("a"))));
    subject.assert_depths_agree(at(0)).await;
}

/// By their numbers, among those that were never delayed; what is not due yet, or held, is not.
pub async fn what_has_fallen_due_is_pulled_with_its_lane(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["a", "a", "b", "a", "a", "a"]).await;
    subject.commit([retry(ids[0], 5, 1, at(30)), retry(ids[2], 5, 1, at(10))]).await;
    subject.commit([retry(ids[3], 5, 1, at(20)), hold(ids[5], 5, 1)]).await;
    let by = async |micros| places(&subject.lane_by(queue, "a", Some(at(micros))).await);

    assert_eq!(places(&subject.lane(queue, "a").await), [ids[1], ids[4]]);
    assert_eq!(by(19).await, [ids[1], ids[4]]);
    assert_eq!(by(20).await, [ids[1], ids[3], ids[4]]);
    assert_eq!(by(1_000).await, [ids[0], ids[1], ids[3], ids[4]]);
    let due_by = Some(at(1_000));
    let pull = PullLane { queue, key: "a".into(), after: ids[0].seq, due_by, limit: 2 };
    assert_eq!(places(&subject.store.pull_lane(pull).await.unwrap()), [ids[1], ids[3]]);
    assert_eq!(places(&subject.due(queue, at(20)).await), [ids[2], ids[3]], "and none is taken");
}

/// As if it had not been there before; from the first failure on it has its place.
pub async fn a_delayed_delivery_of_an_ordered_lane_is_pulled_when_it_is_due(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let queue = subject.queue("ship").await;
    let target = Target { queue, lane: Some(lane("A")), due: Some(at(10)) };
    let later = Write::Publish { event: event("{}"), targets: [target].into() };
    subject.commit([later, publish_in("A", event("{}"), queue)]).await;
    let heard = subject.heard();
    let [Arrival::Due { id, .. }, Arrival::Ready(second)] = &heard[..] else { panic!("{heard:?}") };

    assert_eq!(places(&subject.lane(queue, "A").await), [second.id]);
    assert_eq!(places(&subject.due(queue, at(10)).await), [*id]);
    assert_eq!(subject.pull(queue, at(9)).await.next_due, Some(at(10)));
    subject.assert_depths_agree(at(0)).await;

    subject.commit([start(*id, 1, 5), retry(*id, 5, 1, at(20))]).await;

    let back = Arrival::Back { id: *id, key: "A".into(), due: Some(at(20)) };
    assert_eq!(subject.heard(), [back]);
    assert_eq!(places(&subject.lane(queue, "A").await), [*id, second.id]);
    let pulled = subject.pull(queue, at(100)).await;
    assert_eq!((pulled.due, pulled.next_due), (vec![], None));
    subject.assert_depths_agree(at(0)).await;
}

/// In the lane, and without one in the queue.
pub async fn it_is_known_how_many_stand_before_a_delivery(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["A", "B", "A", "A"]).await;
    subject.commit([publish("{}", &[queue]), publish("{}", &[queue])]).await;
    let heard = subject.heard();
    let plain = heard.iter().map(|arrival| match arrival {
        Arrival::Ready(delivery) => delivery.id,
        other => panic!("{other:?}"),
    });
    let plain: Vec<_> = plain.collect();
    let ahead = async |id| subject.store.ahead(id).await.unwrap();

    assert_eq!([ahead(ids[0]).await, ahead(ids[1]).await, ahead(ids[3]).await], [0, 0, 2]);
    assert_eq!([ahead(plain[0]).await, ahead(plain[1]).await], [4, 5]);

    subject.commit([retry(ids[0], 5, 1, at(100)), retry(plain[0], 5, 1, at(100))]).await;
    assert_eq!(ahead(ids[3]).await, 2, "the first of the lane keeps its place");
    assert_eq!(ahead(plain[1]).await, 4, "and a plain one does not");

    subject.commit([done(ids[0], 7), done(ids[1], 7)]).await;
    assert_eq!([ahead(ids[3]).await, ahead(plain[1]).await], [1, 2]);
    assert_eq!(ahead(ids[0]).await, 0, "it is gone");
    assert_eq!(ahead(DeliveryId { seq: u64::MAX, ..ids[0] }).await, 0);
}

/// Also what lies in its place, delayed or given up.
pub async fn lanes_survive_reopening(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["A", "a", "A", "A"]).await;
    subject.commit([start(ids[0], 1, 5), retry(ids[0], 5, 1, at(100))]).await;
    subject.commit([retry(ids[1], 5, 1, at(100)), bury(ids[3], 5, 1)]).await;
    let pulled = subject.pull(queue, at(1000)).await;
    let depths = subject.store.depths(at(0)).await.unwrap();

    let Some(subject) = subject.reopened().await else { return };

    let found = subject.pull(queue, at(1000)).await;
    assert_eq!((found.ready, found.due), (pulled.ready, pulled.due));
    assert_eq!(subject.store.depths(at(0)).await.unwrap(), depths);
    subject.commit([redrive(ids[3])]).await;
    let key: Arc<str> = "A".into();
    assert_eq!(subject.heard(), [Arrival::Back { id: ids[3], key, due: None }]);
    assert_eq!(places(&subject.lane(queue, "A").await), [ids[0], ids[2], ids[3]]);
}

fn places(deliveries: &[motia_core::store::Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|found| found.id).collect()
}
