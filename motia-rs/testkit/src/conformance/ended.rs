//! Deliveries that are ended from outside, and the history of them.

use motia_core::store::{Arrival, DeliveryId, Ended, EndedFilter, Ending, Outcome, Write};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, cancel, done, end, hold, publish_event, redrive, retry,
        set, start, urgent,
    },
};

const ENDINGS: [Ending; 3] = [Ending::Cancelled, Ending::Expired, Ending::Superseded];

/// Whoever holds it, and wherever it lies.
pub async fn an_ended_delivery_is_gone_and_noted(subject: Subject) {
    let (queue, mut ids) = subject.queue_of(&["1", "2", "3", "4"]).await;
    let (_, lane) = subject.queue_in(&["A"]).await;
    subject.commit([start(ids[1], 2, 5), retry(ids[2], 5, 4, at(100)), hold(ids[3], 5, 1)]).await;
    subject.commit([retry(lane[0], 5, 1, at(100))]).await;
    ids.extend(lane);
    let events: Vec<_> = subject.waiting(&Default::default()).await;
    assert_eq!(events, ids);
    subject.heard();

    for (n, id) in ids.iter().enumerate() {
        let ending = ENDINGS[n % 3];
        let committed = subject.commit([end(*id, ending, n as i64)]).await;
        assert_eq!(committed.outcomes, [Outcome::Ended(true)]);
        assert_eq!(subject.heard(), [Arrival::Gone { id: *id, ending }]);
        subject.assert_depths_agree(at(0)).await;
    }

    let pulled = subject.pull(queue, at(1000)).await;
    assert_eq!((pulled.ready, pulled.due), (vec![], vec![]));
    let ended = all(&subject).await;
    let told: Vec<_> = ended.iter().map(|ended| (ended.id, ended.ending, ended.attempts)).collect();
    let attempts = [0, 2, 4, 0, 1];
    let expected = (0..5).rev().map(|n| (ids[n], ENDINGS[n % 3], attempts[n]));
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert!(ended.iter().all(|ended| ended.queue == "ship" && ended.note == "by hand"));
    assert_eq!((ended[0].at, ended[0].event.payload.as_str()), (at(4), "{}"));
}

/// The attempt may go on, but what it writes in the end is refused.
pub async fn an_attempt_at_an_ended_delivery_is_superseded(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([start(ids[0], 1, 5), cancel(ids[0])]).await;

    for settled in [done(ids[0], 5), retry(ids[0], 5, 1, at(1)), bury(ids[0], 5, 1)] {
        assert_superseded(subject.try_commit(batch([set("a", "1"), settled])).await);
    }
    subject.commit([start(ids[0], 2, 6)]).await;

    assert_eq!(subject.value("a").await, None);
    let left: Vec<_> = subject.ready(queue).await.iter().map(|found| found.id).collect();
    assert_eq!(left, [ids[1]]);
    assert_eq!(all(&subject).await[0].attempts, 1);
}

/// It is done, dead, or was ended already.
pub async fn what_is_settled_cannot_be_ended(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1", "2", "3"]).await;
    subject.commit([done(ids[0], 5), bury(ids[1], 5, 1), cancel(ids[2])]).await;
    subject.heard();
    let nobody = DeliveryId { seq: u64::MAX, ..ids[0] };

    for id in [ids[0], ids[1], ids[2], nobody, DeliveryId::default()] {
        let committed = subject.commit([end(id, Ending::Expired, 1)]).await;
        assert_eq!(committed.outcomes, [Outcome::Ended(false)]);
    }

    assert_eq!(subject.heard(), []);
    assert_eq!(all(&subject).await.len(), 1);
    assert_eq!(subject.dead().await.len(), 1);
    subject.commit([redrive(ids[1])]).await;
    let ended = subject.commit([cancel(ids[1])]).await;
    assert_eq!(ended.outcomes, [Outcome::Ended(true)]);
}

/// With all that the batch did besides.
pub async fn an_end_is_undone_with_its_batch(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([retry(ids[0], 5, 1, at(1))]).await;
    subject.commit([cancel(ids[1])]).await;
    subject.heard();

    let prune = Write::Prune { before: at(100), keep: 0, limit: 9 };
    let refused = subject.try_commit(batch([cancel(ids[0]), prune, done(ids[1], 9)])).await;

    assert_superseded(refused);
    assert_eq!(subject.heard(), []);
    assert_eq!(all(&subject).await.len(), 1);
    assert_eq!(subject.waiting(&Default::default()).await, [ids[0]]);
    subject.commit([bury(ids[0], 6, 2)]).await;
    assert_eq!(subject.dead().await[0].failures.len(), 2);
}

/// Whatever the order in which it was written down; those that ended together by sequence number.
pub async fn the_history_is_listed_last_end_first(subject: Subject) {
    let (_, ids) = subject.queue_of(&["0", "1", "2", "3", "4", "5"]).await;
    for (n, secs) in [(0, 5), (1, 9), (2, 5), (3, 1), (4, 5), (5, 9)] {
        subject.commit([end(ids[n], Ending::Cancelled, secs)]).await;
    }

    let listed: Vec<_> = all(&subject).await.into_iter().map(|ended| ended.id).collect();

    assert_eq!(listed, [5, 1, 4, 2, 0, 3].map(|n| ids[n]));
}

/// What is too old and what is too much, the oldest first.
pub async fn the_history_is_pruned_by_age_and_by_number(subject: Subject) {
    let (_, ids) = subject.queue_of(&["0", "1", "2", "3", "4", "5", "6", "7"]).await;
    let ends = ids.iter().zip(1..).map(|(id, secs)| end(*id, Ending::Expired, secs));
    subject.commit(ends).await;
    let prune = async |secs, keep, limit| {
        let committed = subject.commit([Write::Prune { before: at(secs), keep, limit }]).await;
        assert_eq!(subject.heard().len(), 0);
        committed.outcomes[0].clone()
    };
    subject.heard();

    assert_eq!(prune(0, 100, 100).await, Outcome::Cleared(0));
    assert_eq!(prune(3, 100, 100).await, Outcome::Cleared(2), "what ended then is kept");
    assert_eq!(prune(0, 5, 100).await, Outcome::Cleared(1));
    assert_eq!(prune(6, 4, 1).await, Outcome::Cleared(1));
    assert_eq!(prune(6, 0, 2).await, Outcome::Cleared(2));

    let left: Vec<_> = all(&subject).await.into_iter().map(|ended| ended.id).collect();
    assert_eq!(left, [ids[7], ids[6]]);
}

/// To the last detail.
pub async fn the_history_survives_reopening(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([publish_event(urgent("{}", 3, 7), &[queue])]).await;
    let urgent = subject.ready(queue).await[2].id;
    subject.commit([cancel(ids[0]), end(urgent, Ending::Superseded, 3)]).await;
    let before = all(&subject).await;

    let Some(subject) = subject.reopened().await else { return };

    assert_eq!(all(&subject).await, before);
    assert_eq!(before[1].event.priority.level(), 3);
}

async fn all(subject: &Subject) -> Vec<Ended> {
    subject.ended(&EndedFilter::default()).await
}
