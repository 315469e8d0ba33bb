//! Many events that are published together: a store may keep them together, and nobody can tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{Delivery, DeliveryId, Pull, QueueId, WaitingFilter, Write},
};

use super::{
    Subject,
    say::{
        assert_superseded, at, batch, bury, cancel, done, give_back, give_back_untouched, hold,
        json, plain, postpone, publish, publish_event, redrive, release, retry, start, urgent,
        version,
    },
};

/// The payload of the `n`th: one in some is long.
fn payload(n: usize) -> String {
    let long = if n.is_multiple_of(97) { 20_000 } else { n % 50 };
    format!("[{n},\"é {}\"]", "x".repeat(long))
}

/// On one of two topics, at an instant of its own.
fn event(n: usize) -> Event {
    let topic = if n.is_multiple_of(3) { "order.placed" } else { "order.paid" };
    let payload = payload(n);
    Event { topic: topic.into(), emitted_at: at(n as i64 % 7), ..plain(&payload) }
}

/// So many, published by one batch into two queues, with something else in between.
async fn published(subject: &Subject, count: usize) -> ([QueueId; 2], Vec<Event>) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let events: Vec<_> = (0..count).map(event).collect();
    let publish = |(n, event): (usize, &Event)| {
        let queues = if n.is_multiple_of(5) { &queues[..] } else { &queues[..1] };
        publish_event(event.clone(), queues)
    };
    subject.commit(events.iter().enumerate().map(publish)).await;
    subject.heard();
    ([queues[0], queues[1]], events)
}

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

/// In their order, each once, as they were emitted.
pub async fn what_is_published_together_is_pulled_page_by_page(subject: Subject) {
    let ([ship, bill], events) = published(&subject, 1500).await;

    for limit in [1, 7, 100, 1499, 1500, 4000] {
        // A page of one costs as much as a page of a hundred.
        let most = if limit == 1 { 40 } else { usize::MAX };
        let mut found: Vec<Delivery> = Vec::new();
        while found.len() < most {
            let after = found.last().map_or(0, |last| last.id.seq);
            let (due_after, now) = ((Timestamp::MIN, 0), at(0));
            let pull = Pull { queue: ship, after, ranked_after: None, due_after, now, limit };
            let page = subject.store.pull(pull).await.unwrap().ready;
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            found.extend(page);
        }
        assert_eq!(found.len(), most.min(1500));
        assert!(ids(&found).is_sorted_by(|one, next| one < next));
        let as_emitted = found.iter().zip(&events).all(|(found, event)| {
            let found = &found.event;
            let same = (&found.topic, &found.payload, found.id, found.emitted_at)
                == (&event.topic, &event.payload, event.id, event.emitted_at);
            same && found.trace == event.trace
        });
        assert!(as_emitted, "pages of {limit}");
    }
    assert_eq!(subject.ready(bill).await.len(), 300);
    subject.assert_counted(&[(ship, 1500), (bill, 300)]).await;
}

/// Whatever happens to one leaves the others as they are.
pub async fn what_is_published_together_ends_each_in_its_own_way(subject: Subject) {
    let ([ship, _], _) = published(&subject, 80).await;
    let all = subject.ready(ship).await;
    let id = |n: usize| all[n].id;
    let mut gone = BTreeSet::new();
    // In no order, and several to a batch.
    for round in 0..8 {
        let n = |kind: usize| (kind * 8 + round * 3 % 8) % 80;
        subject.commit([start(id(n(0)), 1, 5)]).await;
        subject.commit([done(id(n(0)), 5), done(id(n(1)), 5)]).await;
        subject.commit([retry(id(n(2)), 5, 1, at(60)), postpone(id(n(3)), 5, at(60))]).await;
        subject.commit([bury(id(n(4)), 5, 1), cancel(id(n(5)))]).await;
        subject.commit([hold(id(n(6)), 5, 1), give_back(id(n(7)), 5, at(60))]).await;
        subject.commit([start(id(n(8)), 3, 6), release(id(n(9)))]).await;
        gone.extend((0..8).map(|kind| id(n(kind))));
        subject.assert_depths_agree(at(0)).await;
    }

    let left = subject.ready(ship).await;
    assert!(left.iter().all(|found| !gone.contains(&found.id)));
    assert_eq!(left.len() + gone.len(), 80);
    let attempts: BTreeMap<_, usize> = left.iter().fold(BTreeMap::new(), |mut counts, found| {
        *counts.entry((found.attempts, found.begun)).or_default() += 1;
        counts
    });
    assert_eq!(attempts, [((0, false), 8), ((3, true), 8)].into());
    let due = subject.due(ship, at(100)).await;
    let of = |attempts| due.iter().filter(|found| found.attempts == attempts).count();
    assert_eq!((due.len(), of(1), of(0)), (24, 8, 16));
    assert_eq!(subject.dead().await.len(), 8);

    let letter = subject.dead().await[0].id;
    subject.commit([redrive(letter)]).await;
    subject.assert_depths_agree(at(100)).await;
    // What is done is done, and a straggler holds nothing.
    assert_superseded(subject.try_commit(batch([done(id(8), 9)])).await);
    let begun = left.iter().find(|found| found.begun).unwrap();
    assert_superseded(subject.try_commit(batch([done(begun.id, 5)])).await);
    subject.commit([done(begun.id, 6)]).await;
}

/// Also where the batch was refused after it had settled some of them.
pub async fn what_is_published_together_stays_if_a_batch_is_refused(subject: Subject) {
    let ([ship, _], _) = published(&subject, 40).await;
    let all = subject.ready(ship).await;
    let id = |n: usize| all[n].id;
    subject.commit([start(id(3), 1, 9)]).await;
    let before = subject.ready(ship).await;
    let never = || version("a", Some(1));

    // The last write is that of a straggler.
    let halfway: [fn(DeliveryId) -> Write; 4] = [
        |id| done(id, 5),
        |id| retry(id, 5, 1, at(9)),
        |id| bury(id, 5, 1),
        |id| give_back_untouched(id, 5, at(9)),
    ];
    for write in halfway {
        let refused = batch([write(id(1)), publish("1", &[ship]), cancel(id(2)), done(id(3), 8)]);
        subject.try_commit(refused).await.unwrap_err();
        subject.try_commit(batch([write(id(1))]).requiring(never())).await.unwrap_err();
        subject.try_commit(batch([write(id(3)), done(id(1), 5)])).await.unwrap_err();
        assert_eq!(subject.ready(ship).await, before);
        subject.assert_depths_agree(at(0)).await;
    }

    subject.commit([done(id(1), 5), done(id(3), 9)]).await;
    assert_eq!(subject.ready(ship).await.len(), 38);
}

/// As each would be that was published alone.
pub async fn what_is_published_together_is_found_by_its_marks(subject: Subject) {
    let ([ship, bill], events) = published(&subject, 60).await;
    let (all, of_bill) = (subject.ready(ship).await, subject.ready(bill).await);
    subject
        .commit([done(all[7].id, 5), start(all[9].id, 2, 5), retry(all[11].id, 5, 1, at(9))])
        .await;

    let every = WaitingFilter::default;
    let found = async |filter: WaitingFilter| subject.waiting(&filter).await;
    assert_eq!(found(every()).await.len(), 60 - 1 + 12);
    assert_eq!(found(WaitingFilter { queue: Some(bill), ..every() }).await, ids(&of_bill));
    let [fifth, seventh] = [5, 7].map(|n| WaitingFilter { event: Some(events[n].id), ..every() });
    let mut twice = [all[5].id, of_bill[1].id];
    twice.sort_by_key(|id| id.seq);
    assert_eq!(found(fifth).await, twice);
    assert_eq!(found(seventh).await, []);
    for n in [9, 11] {
        let trace = WaitingFilter { trace: Some(events[n].trace.trace_id), ..every() };
        assert_eq!(found(trace).await, [all[n].id]);
        let one = WaitingFilter { delivery: Some(all[n].id), ..every() };
        let [told] = &subject.store.waiting(&one, Default::default()).await.unwrap().items[..]
        else {
            panic!("{n} is not found alone");
        };
        assert_eq!((told.event.id, told.attempts > 0), (events[n].id, true));
    }
    let gone = WaitingFilter { delivery: Some(all[7].id), ..every() };
    assert_eq!(found(gone).await, []);
    let keyed = WaitingFilter { cancel_key: Some("k".into()), ..every() };
    assert_eq!(found(keyed).await, []);
}

/// Some of them done, one with another priority among them.
pub async fn it_is_known_how_many_of_them_start_before_one(subject: Subject) {
    let ([ship, _], _) = published(&subject, 50).await;
    let all = subject.ready(ship).await;
    subject.commit([done(all[2].id, 5), done(all[30].id, 5)]).await;

    for (n, ahead) in [(0, 0), (1, 1), (3, 2), (29, 28), (31, 29), (49, 47)] {
        assert_eq!(subject.store.ahead(all[n].id).await.unwrap(), ahead, "of {n}");
    }
    if subject.store.capabilities().priorities {
        // It ranks as if it had been emitted four seconds after the first.
        subject.commit([publish_event(urgent("{}", 1, 64), &[ship])]).await;
        let urgent = subject.ready(ship).await.last().unwrap().id;
        // Before it start those before the first that was emitted later, which is the sixth; one is done.
        assert_eq!(subject.store.ahead(urgent).await.unwrap(), 4);
    }
}

/// With what was done, begun and moved.
pub async fn what_is_published_together_survives_reopening(subject: Subject) {
    let ([ship, bill], _) = published(&subject, 1200).await;
    let all = subject.ready(ship).await;
    let settled = all.iter().step_by(2).take(400).map(|found| done(found.id, 5));
    subject.commit(settled).await;
    subject.commit([start(all[1].id, 1, 5), retry(all[3].id, 5, 1, at(9))]).await;
    // All of one run of them.
    subject.commit(all[1000..].iter().map(|found| done(found.id, 5))).await;
    let before = [subject.pull(ship, at(50)).await, subject.pull(bill, at(50)).await];
    let depths = subject.store.depths(at(0)).await.unwrap();

    let Some(subject) = subject.reopened().await else { return };

    for (queue, before) in [ship, bill].into_iter().zip(before) {
        let found = subject.pull(queue, at(50)).await;
        assert_eq!((found.ready, found.due), (before.ready, before.due));
    }
    assert_eq!(subject.store.depths(at(0)).await.unwrap(), depths);
    subject.commit([publish("{}", &[ship])]).await;
    assert!(subject.ready(ship).await.last().unwrap().id > all[1199].id, "numbers go on");
    assert_superseded(subject.try_commit(batch([done(all[0].id, 9)])).await);
    subject.commit([done(all[1].id, 5)]).await;
}

/// They make a list, whatever is in them.
pub async fn any_json_is_kept_as_it_was_published(subject: Subject) {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let payloads =
        ["null", "1e400", "\"\\u0000,]\\\"\"", "{\"a\":[{}],\"a\":\"]\"}", "-0.0", "\"\"", &deep];
    let queue = subject.queue("ship").await;
    let writes = (0..40).map(|n| {
        let event = Event { payload: json(payloads[n % payloads.len()]), ..plain("0") };
        publish_event(event, &[queue])
    });
    subject.commit(writes).await;

    let found = subject.ready(queue).await;
    let found = found.iter().map(|found| found.event.payload.as_str());
    assert!(found.eq((0..40).map(|n| payloads[n % payloads.len()])));
}
