//! Deliveries that are more or less urgent than others.

use jiff::Timestamp;
use motia_core::{
    event::Event,
    store::{Arrival, Delivery, Pull, QueueId, Target, Write},
};

use super::{
    Subject,
    say::{at, batch, bury, plain, publish, publish_event, publish_in, redrive, retry, urgent},
};

/// From the arrival to the dead letter and back.
pub async fn an_event_keeps_its_priority_its_end_and_its_key(subject: Subject) {
    let queue = subject.queue("ship").await;
    let event = Event {
        expires_at: Some(at(60)),
        cancel_key: Some("order 7".into()),
        ..urgent("{}", -9, 0)
    };
    subject.commit([publish_event(event.clone(), &[queue])]).await;

    let waits = subject.ready(queue).await.remove(0);
    subject.commit([retry(waits.id, 5, 1, at(1))]).await;
    let again = subject.due(queue, at(1)).await.remove(0);
    subject.commit([bury(waits.id, 6, 2)]).await;
    let letter = subject.store.dead_letter(waits.id).await.unwrap().unwrap();
    subject.commit([redrive(waits.id)]).await;
    let redriven = subject.due(queue, at(10)).await.remove(0);

    assert_eq!([&*waits.event, &*again.event, &*redriven.event], [&event; 3]);
    assert_eq!(letter.event, event);
}

/// Who does not ask for ranks gets all by sequence number.
pub async fn what_is_urgent_comes_among_the_others_or_by_rank(subject: Subject) {
    if !subject.store.capabilities().priorities {
        return;
    }
    let queue = subject.queue("ship").await;
    for event in [
        plain("0"),
        urgent("1", -1, 0),
        urgent("2", 5, 120),
        urgent("3", 1, 0),
        urgent("4", 9, 1000),
    ] {
        subject.commit([publish_event(event, &[queue])]).await;
    }

    let all = pull(&subject, queue, None, 10).await;
    assert_eq!(payloads(&all.0), ["0", "1", "2", "3", "4"]);
    assert_eq!(all.1, []);

    let by_rank = pull(&subject, queue, Some((Timestamp::MIN, 0)), 10).await;
    assert_eq!(payloads(&by_rank.0), ["0"]);
    assert_eq!(payloads(&by_rank.1), ["2", "3", "1", "4"]);
}

/// The cursor tells those apart that stand alike, also where a page ends among them.
pub async fn what_is_urgent_is_pulled_page_by_page(subject: Subject) {
    if !subject.store.capabilities().priorities {
        return;
    }
    let queue = subject.queue("ship").await;
    let other = subject.queue("bill").await;
    for n in 0..12 {
        // Three ranks, with events of other levels that stand alike.
        let (level, secs) = if n % 2 == 0 { (1, n % 3) } else { (2, n % 3 + 60) };
        let event = urgent(&n.to_string(), level, secs);
        subject.commit([publish_event(event, &[other, queue]), publish("0", &[queue])]).await;
    }

    for limit in [1, 3, 5, 12, 100] {
        let mut found = Vec::new();
        let mut after = (Timestamp::MIN, 0);
        loop {
            let (_, page) = pull(&subject, queue, Some(after), limit).await;
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = (last.event.rank(), last.id.seq);
            found.extend(page);
        }
        let order: Vec<_> = found.iter().map(|found| (found.event.rank(), found.id.seq)).collect();
        assert_eq!(order.len(), 12);
        assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    }
    let behind = (Timestamp::MAX, u64::MAX);
    assert_eq!(pull(&subject, queue, Some(behind), 5).await.1, []);
}

/// Whatever its priority, until then it is no rival of the others.
pub async fn what_waits_for_its_time_has_no_rank(subject: Subject) {
    if !subject.store.capabilities().priorities || !subject.store.capabilities().delay {
        return;
    }
    let queue = subject.queue("ship").await;
    let target = || Target { due: Some(at(10)), ..Target::from(queue) };
    let event = || urgent("{}", 5, 0).into();
    subject
        .commit([
            Write::Publish { event: event(), targets: [target()].into() },
            publish_event(event(), &[queue]),
            publish_in("A", event(), queue),
        ])
        .await;
    let (_, ranked) = pull(&subject, queue, Some((Timestamp::MIN, 0)), 9).await;
    assert_eq!(ranked.len(), 2);

    let again = ranked.iter().map(|found| retry(found.id, 5, 1, at(20)));
    subject.try_commit(batch(again)).await.unwrap();

    let (ready, ranked) = pull(&subject, queue, Some((Timestamp::MIN, 0)), 9).await;
    assert_eq!(ready, []);
    assert_eq!(ranked.len(), 1, "only the one of an ordered lane has its place still");
    assert_eq!(ranked[0].due, Some(at(20)));
    assert_eq!(subject.due(queue, at(20)).await.len(), 2);
}

/// As a queue starts them: what is urgent comes before what was emitted up to a minute earlier for each level.
pub async fn it_is_known_how_many_start_before_one_of_another_priority(subject: Subject) {
    if !subject.store.capabilities().priorities {
        return;
    }
    let queue = subject.queue("ship").await;
    for event in [urgent("0", 0, 0), urgent("1", 0, 50), urgent("2", 2, 130), urgent("3", -1, 0)] {
        subject.commit([publish_event(event, &[queue])]).await;
    }
    let heard = subject.heard();
    let id = |arrival: &Arrival| match arrival {
        Arrival::Ready(delivery) => delivery.id,
        other => panic!("{other:?}"),
    };
    let ids: Vec<_> = heard.iter().map(id).collect();

    let mut ahead = Vec::new();
    for id in ids {
        ahead.push(subject.store.ahead(id).await.unwrap());
    }

    assert_eq!(ahead, [0, 2, 1, 3], "first 0 s, then 130 s - 2 min, then 50 s, then 0 s + 1 min");
}

/// Ready ones and those by rank.
async fn pull(
    subject: &Subject,
    queue: QueueId,
    ranked_after: Option<(Timestamp, u64)>,
    limit: usize,
) -> (Vec<Delivery>, Vec<Delivery>) {
    let due_after = (Timestamp::MIN, 0);
    let pull = Pull { queue, after: 0, ranked_after, due_after, now: at(0), limit };
    let pulled = subject.store.pull(pull).await.unwrap();
    (pulled.ready, pulled.ranked)
}

fn payloads(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|found| found.event.payload.as_str()).collect()
}
