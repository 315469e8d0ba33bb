//! Deliveries that are held until somebody releases them.

use jiff::Timestamp;
use motia_core::store::{Arrival, WaitingFilter};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, cancel, done, failure, give_back, hold, publish,
        release, retry, start,
    },
};

/// However long one waits.
pub async fn a_held_delivery_does_not_fall_due(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([start(ids[0], 3, 5), hold(ids[0], 5, 3)]).await;

    assert_eq!(subject.heard(), [Arrival::Due { id: ids[0], due: Timestamp::MAX }]);
    let pulled = subject.pull(queue, Timestamp::MAX).await;
    assert_eq!((pulled.ready.len(), pulled.due, pulled.next_due), (1, vec![], None));
    let depth = subject.depth(queue, Timestamp::MAX).await;
    assert_eq!((depth.waiting, depth.delayed, depth.held), (1, 0, 1));
    let held = &subject.store.waiting(&only_held(), Default::default()).await.unwrap().items[0];
    assert_eq!((held.id, held.attempts, held.due), (ids[0], 2, Some(Timestamp::MAX)));
    subject.assert_depths_agree(at(0)).await;
}

/// In an ordered lane as well, where those behind it go on waiting.
pub async fn a_held_delivery_keeps_its_place_in_an_ordered_lane(subject: Subject) {
    if !subject.store.capabilities().lanes {
        return;
    }
    let (queue, ids) = subject.queue_in(&["A", "A"]).await;
    let back = |due| vec![Arrival::Back { id: ids[0], key: "A".into(), due }];

    subject.commit([start(ids[0], 1, 5), hold(ids[0], 5, 1)]).await;
    assert_eq!(subject.heard(), back(Some(Timestamp::MAX)));
    let lane = subject.lane(queue, "A").await;
    assert_eq!((lane[0].id, lane[0].due, lane[1].id), (ids[0], Some(Timestamp::MAX), ids[1]));
    let pulled = subject.pull(queue, Timestamp::MAX).await;
    assert_eq!((pulled.ready.len(), pulled.due, pulled.next_due), (2, vec![], None));
    let depth = subject.depth(queue, at(0)).await;
    assert_eq!((depth.waiting, depth.delayed, depth.held), (1, 0, 1));
    subject.assert_depths_agree(at(0)).await;

    subject.commit([release(ids[0])]).await;
    assert_eq!(subject.heard(), back(None));
    assert_eq!(subject.lane(queue, "A").await[0].due, None);
    subject.assert_depths_agree(at(0)).await;
    subject.commit([start(ids[0], 1, 6), done(ids[0], 6)]).await;
    subject.assert_depths_agree(at(0)).await;
}

/// As if the attempt had not been made.
pub async fn a_released_delivery_waits_again(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    subject.commit([start(ids[0], 1, 5), hold(ids[0], 5, 1)]).await;
    assert_superseded(subject.try_commit(batch([done(ids[0], 5)])).await);
    subject.heard();

    subject.commit([release(ids[0])]).await;

    assert_eq!(subject.heard(), [Arrival::Due { id: ids[0], due: at(10) }]);
    let due = subject.due(queue, at(10)).await;
    assert_eq!((due[0].id, due[0].attempts), (ids[0], 0));
    let depth = subject.depth(queue, at(10)).await;
    assert_eq!((depth.waiting, depth.held), (1, 0));
    assert_superseded(subject.try_commit(batch([done(ids[0], 5)])).await);
    subject.commit([start(ids[0], 1, 6), done(ids[0], 6)]).await;
}

/// It is no error, for somebody else may have been quicker.
pub async fn what_is_not_held_is_not_released(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3", "4"]).await;
    let (_, lane) = subject.queue_in(&["A"]).await;
    subject.commit([retry(ids[1], 5, 1, at(100)), bury(ids[2], 5, 1), done(ids[3], 5)]).await;
    subject.commit([retry(lane[0], 5, 1, at(100))]).await;
    let before = subject.pull(queue, at(1000)).await;
    subject.heard();

    let all = ids.iter().chain(&lane);
    let committed = subject.commit(all.map(|id| release(*id))).await;

    assert_eq!((committed.outcomes, subject.heard()), (vec![], vec![]));
    let after = subject.pull(queue, at(1000)).await;
    assert_eq!((after.ready, after.due), (before.ready, before.due));
    assert_eq!(subject.dead().await.len(), 1);
}

/// As long as the delivery is there; an attempt of the same number has the last word.
pub async fn the_failure_of_a_held_delivery_is_noted(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([retry(ids[0], 5, 1, at(1)), hold(ids[0], 6, 2)]).await;
    subject.commit([hold(ids[1], 6, 1), release(ids[1]), hold(ids[1], 7, 1)]).await;

    subject.commit([bury(ids[0], 7, 3), bury(ids[1], 8, 2)]).await;

    let dead = subject.dead().await;
    assert_eq!(dead[0].failures, [failure(1), failure(2), failure(3)]);
    assert_eq!(dead[1].failures, [failure(1), failure(2)]);
}

/// A held one can be ended, given up, done and given back like any other.
pub async fn a_held_delivery_can_be_settled(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3", "4"]).await;
    subject.commit(ids.iter().map(|id| hold(*id, 5, 1))).await;

    subject.commit([cancel(ids[0]), bury(ids[1], 6, 1)]).await;
    subject.commit([done(ids[2], 6), give_back(ids[3], 6, at(7))]).await;

    let depth = subject.depth(queue, at(7)).await;
    assert_eq!((depth.waiting, depth.held, depth.dead), (1, 0, 1));
    assert_eq!(subject.due(queue, at(7)).await[0].id, ids[3]);
    subject.assert_depths_agree(at(0)).await;
}

/// And is not pulled afterwards either.
pub async fn what_is_held_survives_reopening(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    let (_, lane) = subject.queue_in(&["A"]).await;
    subject.commit([hold(ids[0], 5, 1), hold(lane[0], 5, 1), publish("{}", &[queue])]).await;

    let Some(subject) = subject.reopened().await else { return };

    assert_eq!(subject.waiting(&only_held()).await, [ids[0], lane[0]]);
    let depth = subject.depth(queue, at(0)).await;
    assert_eq!((depth.waiting, depth.delayed, depth.held), (1, 0, 2));
    subject.commit([release(ids[0]), release(lane[0])]).await;
    subject.assert_depths_agree(at(20)).await;
    assert_eq!(subject.depth(queue, at(20)).await.waiting, 3);
}

fn only_held() -> WaitingFilter {
    WaitingFilter { held: true, ..WaitingFilter::default() }
}
