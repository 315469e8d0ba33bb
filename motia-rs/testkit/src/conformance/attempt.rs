//! Attempts, and who may end them.

use futures_util::future::join_all;
use jiff::SignedDuration;
use motia_core::store::{Arrival, Require, Token};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, done, failure, give_back, give_back_untouched, hold,
        postpone, publish, redrive, release, retry, set, start, version,
    },
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Before the attempt has ended, so that one that kills the process counts too.
pub async fn a_start_is_recorded(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;

    subject.commit([start(ids[0], 1, 5)]).await;
    assert_eq!(subject.ready(queue).await[0].attempts, 1);
    subject.commit([start(ids[0], 2, 6)]).await;

    assert_eq!(subject.ready(queue).await[0].attempts, 2);
    assert_eq!(subject.heard(), []);
    assert_eq!(subject.depth(queue, at(0)).await.waiting, 1, "a running delivery waits");
}

/// Nor does one of a delivery that is gone; neither is an error.
pub async fn a_start_under_a_superseded_token_changes_nothing(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([start(ids[0], 2, 6)]).await;
    subject.commit([done(ids[1], 6)]).await;

    subject.commit([start(ids[0], 1, 5), start(ids[1], 1, 7)]).await;

    assert_eq!(subject.ready(queue).await.len(), 1);
    assert_eq!(subject.ready(queue).await[0].attempts, 2);
    subject.commit([done(ids[0], 6)]).await;
}

/// However it would have ended the delivery.
pub async fn a_straggler_is_refused_and_writes_nothing(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    subject.commit([start(ids[0], 1, 5)]).await;
    subject.commit([start(ids[0], 2, 6)]).await;

    let late = [
        done(ids[0], 5),
        retry(ids[0], 5, 1, at(1)),
        bury(ids[0], 5, 1),
        give_back(ids[0], 5, at(1)),
    ];
    for settlement in late {
        let alone = batch([settlement.clone()]);
        assert_superseded(subject.try_commit(alone).await);
        let after = batch([set("a", "1"), publish("{}", &[queue]), settlement.clone()]);
        assert_superseded(subject.try_commit(after).await);
        let before = batch([settlement, set("a", "1"), publish("{}", &[queue])]);
        assert_superseded(subject.try_commit(before).await);
    }

    assert_eq!(subject.value("a").await, None);
    let left = subject.ready(queue).await;
    assert_eq!((left.len(), left[0].attempts), (1, 2));
    assert_eq!(subject.dead().await, []);
    assert_eq!(subject.heard(), []);
    subject.commit([done(ids[0], 6)]).await;
}

/// An attempt that failed or was given back holds the delivery no longer.
pub async fn an_attempt_ends_once(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;
    subject.commit([start(ids[0], 1, 5), start(ids[1], 3, 5)]).await;
    subject.commit([retry(ids[0], 5, 1, at(1)), give_back(ids[1], 5, at(1))]).await;

    for id in &ids {
        assert_superseded(subject.try_commit(batch([done(*id, 5)])).await);
        assert_superseded(subject.try_commit(batch([give_back(*id, 5, at(1))])).await);
    }

    let waiting = subject.due(queue, at(1)).await;
    let attempts: Vec<_> = waiting.iter().map(|delivery| delivery.attempts).collect();
    assert_eq!(attempts, [1, 2]);
    subject.commit([start(ids[0], 2, 6), done(ids[0], 6), done(ids[1], 6)]).await;
}

/// By the attempt that asks.
pub async fn only_a_held_delivery_lets_a_batch_through(subject: Subject) {
    let (_, ids) = subject.queue_of(&["1"]).await;
    subject.commit([start(ids[0], 1, 5)]).await;
    let held = |token| {
        let held = Require::Held { delivery: ids[0], token: Token(token) };
        batch([set("a", &token.to_string())]).requiring(held)
    };

    assert_superseded(subject.try_commit(held(4)).await);
    subject.try_commit(held(5)).await.unwrap();
    subject.try_commit(held(6)).await.unwrap();
    subject.commit([done(ids[0], 5)]).await;
    assert_superseded(subject.try_commit(held(7)).await);

    assert_eq!(subject.value("a").await.as_deref(), Some("6"));
}

/// As often as it fails, and it is heard each time.
pub async fn a_failed_attempt_is_tried_again_when_due(subject: Subject) {
    if !subject.store.capabilities().delay {
        return;
    }
    let (queue, ids) = subject.queue_of(&[r#"{"order":1}"#]).await;

    for attempt in 1..=3 {
        let (token, due) = (u64::from(attempt) * 10, at(i64::from(attempt) * 100));
        subject.commit([start(ids[0], attempt, token)]).await;
        subject.commit([retry(ids[0], token, attempt, due)]).await;

        assert_eq!(subject.heard(), [Arrival::Due { id: ids[0], due }]);
        assert_eq!(subject.ready(queue).await, []);
        assert_eq!(subject.due(queue, due - SECOND).await, []);
        let again = &subject.due(queue, due).await[0];
        assert_eq!((again.id, again.attempts, again.due), (ids[0], attempt, Some(due)));
        assert_eq!(again.event.payload.as_str(), r#"{"order":1}"#);
    }
    subject.commit([start(ids[0], 4, 40)]).await;
    subject.commit([done(ids[0], 40)]).await;
    subject.assert_depths_agree(at(0)).await;
    assert_eq!(subject.due(queue, at(1000)).await, []);
}

/// It waits as if it had not been started, from the instant on.
pub async fn a_delivery_given_back_has_made_no_attempt(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3"]).await;
    subject.commit([start(ids[0], 1, 5)]).await;
    subject.commit([start(ids[1], 2, 5)]).await;

    // The third was never recorded as started: nothing is taken off.
    subject.commit(ids.iter().map(|id| give_back(*id, 5, at(7)))).await;

    let heard = subject.heard();
    assert_eq!(
        heard,
        ids.iter().map(|id| Arrival::Due { id: *id, due: at(7) }).collect::<Vec<_>>()
    );
    let attempts: Vec<_> =
        subject.due(queue, at(7)).await.iter().map(|found| found.attempts).collect();
    assert_eq!(attempts, [0, 1, 0]);
    assert_eq!(subject.depth(queue, at(7)).await.waiting, 3);
}

/// It waits for its time, in its place if its lane is ordered, as if it had not been started.
pub async fn a_postponed_delivery_has_made_no_attempt_and_waits_for_its_time(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    subject.commit([start(ids[0], 1, 5), postpone(ids[0], 5, at(7))]).await;

    assert_eq!(subject.heard(), [Arrival::Due { id: ids[0], due: at(7) }]);
    assert_eq!(subject.due(queue, at(6)).await, []);
    assert_eq!(subject.due(queue, at(7)).await[0].attempts, 0);
    assert_superseded(subject.try_commit(batch([done(ids[0], 5)])).await);
    subject.assert_depths_agree(at(0)).await;

    if subject.store.capabilities().lanes {
        let (_, ids) = subject.queue_in(&["A"]).await;
        subject.commit([start(ids[0], 1, 6), postpone(ids[0], 6, at(7))]).await;
        let back = Arrival::Back { id: ids[0], key: "A".into(), due: Some(at(7)) };
        assert_eq!(subject.heard(), [back]);
    }
}

/// The effects of a step and its acknowledgement are one.
pub async fn state_events_and_settlement_happen_together(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1"]).await;
    let next = subject.queue("bill").await;
    subject.commit([start(ids[0], 1, 5)]).await;
    let effects = || batch([set("a", "1"), publish("{}", &[next]), done(ids[0], 5)]);

    subject.try_commit(effects()).await.unwrap();
    assert_superseded(subject.try_commit(effects()).await);

    assert_eq!(subject.value("a").await.as_deref(), Some("1"));
    assert_eq!(subject.ready(queue).await, []);
    assert_eq!(subject.ready(next).await.len(), 1);
    assert_eq!(subject.heard().len(), 1);
}

/// A store may leave out a start whose attempt ends in the same breath, never one that still counts.
pub async fn starts_and_settlements_sent_together_come_out_right(subject: Subject) {
    let payloads = vec!["{}"; 60];
    let (queue, ids) = subject.queue_of(&payloads).await;

    let commits: Vec<_> = ids
        .iter()
        .enumerate()
        .flat_map(|(n, id)| {
            let end = match n % 4 {
                0 => batch([done(*id, 5)]),
                1 => batch([retry(*id, 5, 1, at(1))]),
                2 => batch([done(*id, 4)]),
                _ => batch([done(*id, 5)]).requiring(version("a", Some(1))),
            };
            [batch([start(*id, 1, 5)]), end]
        })
        .map(|batch| subject.store.commit(batch))
        .collect();
    let results = join_all(commits).await;

    let kept: Vec<_> = results.iter().skip(1).step_by(2).map(Result::is_ok).collect();
    assert_eq!(kept, (0..60).map(|n| n % 4 < 2).collect::<Vec<_>>());
    let ready = subject.ready(queue).await;
    assert_eq!(ready.len(), 30);
    assert!(ready.iter().all(|found| found.attempts == 1));
    let due = subject.due(queue, at(1)).await;
    assert_eq!(due.len(), 15);
    assert!(due.iter().all(|found| found.attempts == failure(1).attempt));
    subject.assert_depths_agree(at(0)).await;
}

/// However its attempt ended, also one whose start was never recorded, and one that was given up.
pub async fn a_delivery_that_was_begun_says_so(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3", "4", "5", "6"]).await;
    subject.commit([start(ids[0], 1, 5), start(ids[3], 1, 5)]).await;
    subject.commit([retry(ids[1], 5, 1, at(1)), postpone(ids[2], 5, at(1))]).await;
    subject.commit([give_back_untouched(ids[3], 5, at(1)), give_back(ids[4], 5, at(1))]).await;
    subject.commit([bury(ids[5], 5, 1), redrive(ids[5])]).await;

    let begun: Vec<_> = subject.ready(queue).await.iter().map(|found| found.begun).collect();
    assert_eq!(begun, [true]);
    let due = subject.due(queue, at(100)).await;
    assert_eq!(due.len(), 5);
    assert!(due.iter().all(|found| found.begun), "{due:?}");
}

/// One that was given back or held before its attempt had begun; but what was begun once stays so.
pub async fn a_delivery_that_was_not_begun_does_not_say_that_it_was(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2", "3", "4"]).await;
    let untouched = ids[1..3].iter().map(|id| give_back_untouched(*id, 5, at(1)));
    subject.commit(untouched.chain([hold(ids[3], 5, 1), release(ids[3])])).await;
    subject.commit([give_back(ids[2], 6, at(1)), give_back_untouched(ids[2], 7, at(1))]).await;

    assert!(!subject.ready(queue).await[0].begun);
    let due = subject.due(queue, at(100)).await;
    let begun = |id| due.iter().find(|found| found.id == id).map(|found| found.begun);
    assert_eq!([ids[1], ids[2], ids[3]].map(begun), [Some(false), Some(true), Some(false)]);
}
