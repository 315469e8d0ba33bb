//! Looking for deliveries, wherever they are.

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    event::{Event, EventId},
    store::{DeadFilter, DeliveryId, EndedFilter, Ending, PageRequest, Settlement, WaitingFilter},
    trace::TraceContext,
};

use super::{
    Subject,
    dead::listed,
    say::{
        at, cancel, done, end, hold, plain, publish, publish_event, publish_in, retry, settle,
        start,
    },
};

/// Running ones among them, and none twice.
pub async fn all_that_waits_is_listed_by_sequence_number(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    for _ in 0..4 {
        subject.commit([publish("{}", &queues)]).await;
    }
    let ids = subject.waiting(&WaitingFilter::default()).await;
    subject.commit([start(ids[0], 1, 5), retry(ids[2], 5, 1, at(100)), hold(ids[3], 5, 1)]).await;
    subject.commit([done(ids[5], 5)]).await;

    let listed = subject.waiting(&WaitingFilter::default()).await;

    let left = [0, 1, 2, 3, 4, 6, 7].map(|n| ids[n]);
    assert_eq!(listed, left);
    assert!(listed.iter().map(|id| id.seq).is_sorted_by(|a, b| a < b));
    let bill = WaitingFilter { queue: Some(queues[1]), ..WaitingFilter::default() };
    assert_eq!(subject.waiting(&bill).await, [1, 3, 7].map(|n| ids[n]));
    let held = WaitingFilter { held: true, ..bill };
    assert_eq!(subject.waiting(&held).await, [ids[3]]);
    let held_elsewhere = WaitingFilter { queue: Some(queues[0]), ..held };
    assert_eq!(subject.waiting(&held_elsewhere).await, []);
}

/// What is found is what lies there.
pub async fn what_waits_is_told_as_it_is_pulled(subject: Subject) {
    let (queue, ids) = subject.queue_in(&["A", "b", "C"]).await;
    subject.commit([start(ids[0], 2, 5), retry(ids[0], 5, 2, at(1))]).await;

    let listed = subject.store.waiting(&WaitingFilter::default(), PageRequest::default()).await;

    assert_eq!(listed.unwrap().items, subject.ready(queue).await);
}

/// All that is said has to apply.
pub async fn what_waits_is_found_by_each_of_its_marks(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let marked = |key: &str| Event { cancel_key: Some(key.into()), ..plain("{}") };
    let first = marked("k");
    let (event, trace) = (first.id, first.trace.trace_id);
    subject.commit([publish_event(first, &queues), publish_event(marked("k"), &queues)]).await;
    subject.commit([publish_event(marked("other"), &queues), publish("{}", &queues)]).await;
    subject.commit([publish_in("A", marked("k"), queues[0])]).await;
    subject.commit([publish_in("A", plain("{}"), queues[1])]).await;
    let ids = subject.waiting(&WaitingFilter::default()).await;
    // Somewhere else in the queue, and found all the same.
    subject
        .commit([retry(ids[0], 5, 1, at(9)), hold(ids[3], 5, 1), retry(ids[8], 5, 1, at(9))])
        .await;

    let all = WaitingFilter::default;
    let key = |key: &str| Some(key.to_owned());
    let expected: [(WaitingFilter, &[usize]); 13] = [
        (WaitingFilter { event: Some(event), ..all() }, &[0, 1]),
        (WaitingFilter { event: Some(event), queue: Some(queues[1]), ..all() }, &[1]),
        (WaitingFilter { event: Some(EventId::new(at(0))), ..all() }, &[]),
        (WaitingFilter { trace: Some(trace), ..all() }, &[0, 1]),
        (WaitingFilter { trace: Some(TraceContext::root().trace_id), ..all() }, &[]),
        (WaitingFilter { delivery: Some(ids[3]), ..all() }, &[3]),
        (WaitingFilter { delivery: Some(ids[3]), event: Some(event), ..all() }, &[]),
        (WaitingFilter { cancel_key: key("k"), ..all() }, &[0, 1, 2, 3, 8]),
        (WaitingFilter { cancel_key: key("k"), queue: Some(queues[1]), ..all() }, &[1, 3]),
        (WaitingFilter { cancel_key: key("nobody"), ..all() }, &[]),
        (WaitingFilter { lane: key("A"), ..all() }, &[8, 9]),
        (WaitingFilter { lane: key("A"), cancel_key: key("k"), ..all() }, &[8]),
        (WaitingFilter { held: true, cancel_key: key("k"), ..all() }, &[3]),
    ];
    for (filter, expected) in expected {
        let expected: Vec<_> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(subject.waiting(&filter).await, expected, "{filter:?}");
    }
    let nowhere = DeliveryId { queue: queues[1], ..ids[0] };
    let nowhere = WaitingFilter { delivery: Some(nowhere), ..all() };
    assert_eq!(subject.waiting(&nowhere).await, []);
}

/// And counted, by the same marks.
pub async fn dead_letters_are_found_by_each_of_their_marks(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let first = Event { topic: "order.paid".into(), ..plain("{}") };
    let (event, trace) = (first.id, first.trace.trace_id);
    subject.commit([publish_event(first, &queues), publish("{}", &queues)]).await;
    subject.commit([publish_in("A", plain("{}"), queues[0])]).await;
    let ids = subject.waiting(&WaitingFilter::default()).await;
    let dies = ids.iter().zip(["no money", "100% no", "no_money", "NO", "a% b_"]).zip(0..);
    let dies = dies.map(|((id, reason), secs)| {
        let at = at(secs) + SignedDuration::from_micros(1);
        settle(*id, 5, Settlement::Dead { reason: reason.into(), at, failure: None })
    });
    subject.commit(dies).await;

    let all = DeadFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let reason = |reason: &str| DeadFilter { reason: text(reason), ..all() };
    let micro = SignedDuration::from_micros(1);
    let nano = SignedDuration::from_nanos(1);
    let expected: [(DeadFilter, &[usize]); 18] = [
        (all(), &[0, 1, 2, 3, 4]),
        (DeadFilter::of("bill"), &[1, 3]),
        (DeadFilter { topic: text("order.paid"), ..all() }, &[0, 1]),
        (DeadFilter { topic: text("order.paid"), ..DeadFilter::of("bill") }, &[1]),
        (DeadFilter { topic: text("order"), ..all() }, &[]),
        (DeadFilter { event: Some(event), ..all() }, &[0, 1]),
        (DeadFilter { trace: Some(trace), ..DeadFilter::of("ship") }, &[0]),
        (DeadFilter { lane: text("A"), ..all() }, &[4]),
        (reason("no"), &[0, 1, 2]),
        (reason("%"), &[1, 4]),
        (reason("_"), &[2, 4]),
        (reason(""), &[0, 1, 2, 3, 4]),
        (DeadFilter { since: Some(at(3) + micro), ..all() }, &[3, 4]),
        (DeadFilter { since: Some(at(3) + micro + nano), ..all() }, &[4]),
        (DeadFilter { until: Some(at(3) + micro), ..all() }, &[0, 1, 2]),
        (DeadFilter { until: Some(at(3) + micro + nano), ..all() }, &[0, 1, 2, 3]),
        (
            DeadFilter { since: Some(Timestamp::MIN), until: Some(Timestamp::MAX), ..all() },
            &[0, 1, 2, 3, 4],
        ),
        (DeadFilter { since: Some(at(2)), until: Some(at(4)), ..reason("N") }, &[3]),
    ];
    for (filter, expected) in expected {
        let expected: Vec<_> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(listed(&*subject.store, &filter).await, expected, "{filter:?}");
    }
}

/// By queue, ending, delivery, event and trace.
pub async fn the_history_is_found_by_each_of_its_marks(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let first = plain("{}");
    let (event, trace) = (first.id, first.trace.trace_id);
    subject.commit([publish_event(first, &queues), publish("{}", &queues)]).await;
    let ids = subject.waiting(&WaitingFilter::default()).await;
    subject.commit([cancel(ids[0]), end(ids[1], Ending::Expired, 9)]).await;
    subject.commit([end(ids[2], Ending::Superseded, 9), end(ids[3], Ending::Expired, 9)]).await;

    let all = EndedFilter::default;
    let queue = |queue: &str| Some(queue.to_owned());
    let expected: [(EndedFilter, &[usize]); 9] = [
        (EndedFilter { queue: queue("bill"), ..all() }, &[3, 1]),
        (EndedFilter { queue: queue("nobody"), ..all() }, &[]),
        (EndedFilter { ending: Some(Ending::Expired), ..all() }, &[3, 1]),
        (EndedFilter { ending: Some(Ending::Superseded), queue: queue("ship"), ..all() }, &[2]),
        (EndedFilter { delivery: Some(ids[2]), ..all() }, &[2]),
        (EndedFilter { delivery: Some(DeliveryId { queue: queues[1], ..ids[2] }), ..all() }, &[]),
        (EndedFilter { event: Some(event), ..all() }, &[1, 0]),
        (EndedFilter { trace: Some(trace), ending: Some(Ending::Cancelled), ..all() }, &[0]),
        (EndedFilter { event: Some(EventId::new(at(0))), ..all() }, &[]),
    ];
    for (filter, expected) in expected {
        let found: Vec<_> = subject.ended(&filter).await.iter().map(|ended| ended.id).collect();
        let expected: Vec<_> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}
