//! Events on their way to steps.

use futures_util::future::join_all;
use jiff::Timestamp;
use motia_core::store::{Arrival, DeliveryId, Pull, QueueId};

use super::{
    Subject,
    say::{
        at, batch, bury, cancel, done, event, give_back, hold, publish, publish_event, publish_for,
        publish_in, purge, redrive, release, retry, start,
    },
};

/// However often it is asked for, and in whatever company.
pub async fn a_queue_keeps_its_number(subject: Subject) {
    let first = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let again = subject.store.queues(&["mail", "bill", "ship", "bill"]).await.unwrap();

    assert_ne!(first[0], first[1]);
    assert_eq!([again[1], again[2], again[3]], [first[1], first[0], first[1]]);
    assert!(!first.contains(&again[0]));
    let depths = subject.store.depths(at(0)).await.unwrap();
    let mut steps: Vec<_> = depths.iter().map(|depth| depth.queue.as_str()).collect();
    steps.sort_unstable();
    assert_eq!(steps, ["bill", "mail", "ship"]);
}

/// Each with a delivery of its own.
pub async fn an_event_reaches_the_queue_of_each_subscriber(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill", "mail"]).await.unwrap();
    let event = event(r#"{"order":1}"#);

    subject.commit([publish_event(event.clone(), &queues[..2])]).await;

    let heard = subject.heard();
    assert_eq!(heard.len(), 2);
    for (queue, arrival) in queues.iter().zip(&heard) {
        let pulled = subject.ready(*queue).await;
        assert_eq!(pulled.len(), 1);
        assert_eq!(pulled[0].event, event);
        assert_eq!((pulled[0].attempts, pulled[0].due), (0, None));
        assert_eq!(*arrival, Arrival::Ready(pulled[0].clone()));
    }
    assert_eq!(subject.ready(queues[2]).await, []);
}

/// It is simply not kept.
pub async fn an_event_that_nobody_hears_is_no_error(subject: Subject) {
    subject.commit([publish("{}", &[])]).await;

    assert_eq!(subject.heard(), []);
}

/// Rather than losing the event where nobody looks.
pub async fn a_queue_that_nobody_asked_for_takes_nothing(subject: Subject) {
    let queue = subject.queue("ship").await;

    for nowhere in [QueueId(0), QueueId(queue.0 + 1)] {
        let refused = subject.try_commit(batch([publish("{}", &[queue, nowhere])])).await;
        assert!(refused.is_err());
    }

    assert_eq!(subject.ready(queue).await, []);
    assert_eq!(subject.heard(), []);
}

/// The order in which one caller commits, whether or not he waits in between.
pub async fn sequence_numbers_rise_in_the_order_of_commits(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();

    let commits: Vec<_> = (0..300)
        .map(|n| subject.store.commit(batch([publish(&n.to_string(), &[queues[n % 2]])])))
        .collect();
    assert!(join_all(commits).await.iter().all(Result::is_ok));

    let heard = ready(subject.heard());
    let payloads: Vec<_> = heard.iter().map(|(_, payload)| payload.clone()).collect();
    assert!(heard.iter().map(|(id, _)| id.seq).is_sorted_by(|a, b| a < b));
    assert_eq!(payloads, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// 64 of them, each with its own order to be kept.
pub async fn arrivals_of_many_committers_are_heard_once_and_in_order(subject: Subject) {
    let queue = subject.queue("ship").await;
    let committer = |name: usize| {
        let store = subject.store.clone();
        async move {
            for n in 0..20 {
                store.commit(batch([publish(&format!("[{name},{n}]"), &[queue])])).await.unwrap();
            }
        }
    };

    let mut committers = tokio::task::JoinSet::new();
    for name in 0..64 {
        committers.spawn(committer(name));
    }
    committers.join_all().await;

    let heard = ready(subject.heard());
    assert_eq!(heard.len(), 64 * 20);
    assert!(heard.iter().map(|(id, _)| id.seq).is_sorted_by(|a, b| a < b));
    let mut next = [0; 64];
    for (_, payload) in &heard {
        let [name, n]: [usize; 2] = serde_json::from_str(payload).unwrap();
        assert_eq!(n, next[name]);
        next[name] += 1;
    }
    let pulled: Vec<_> = subject.ready(queue).await.iter().map(|found| found.id).collect();
    assert_eq!(pulled, heard.iter().map(|(id, _)| *id).collect::<Vec<_>>());
}

/// From the moment that the commit has resolved.
pub async fn what_was_heard_can_be_pulled(subject: Subject) {
    let queue = subject.queue("ship").await;
    for n in 1..50 {
        subject.commit([publish("{}", &[queue])]).await;
        assert_eq!(subject.ready(queue).await.len(), n);
    }
}

/// By rising sequence number, nothing twice and nothing of another queue.
pub async fn waiting_deliveries_are_pulled_page_by_page(subject: Subject) {
    let queues = subject.store.queues(&["first", "ship", "last"]).await.unwrap();
    for n in 0..10 {
        subject.commit([publish(&n.to_string(), &queues)]).await;
    }

    let mut payloads = Vec::new();
    let mut after = 0;
    loop {
        let due_after = (Timestamp::MIN, 0);
        let pull =
            Pull { queue: queues[1], after, ranked_after: None, due_after, now: at(0), limit: 4 };
        let page = subject.store.pull(pull).await.unwrap().ready;
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = last.id.seq;
        payloads.extend(page.iter().map(|found| found.event.payload.as_str().to_owned()));
    }

    assert_eq!(payloads, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    let beyond = Pull {
        queue: queues[1],
        after: u64::MAX,
        ranked_after: Some((Timestamp::MAX, u64::MAX)),
        due_after: (Timestamp::MAX, u64::MAX),
        now: at(0),
        limit: 4,
    };
    assert!(subject.store.pull(beyond).await.unwrap().ready.is_empty());
}

/// For good: a second settlement finds nothing.
pub async fn a_delivery_that_is_done_is_gone(subject: Subject) {
    let (queue, ids) = subject.queue_of(&["1", "2"]).await;

    subject.commit([start(ids[0], 1, 5)]).await;
    subject.commit([done(ids[0], 5)]).await;
    assert!(subject.try_commit(batch([done(ids[0], 5)])).await.is_err());

    let left: Vec<_> = subject.ready(queue).await.iter().map(|found| found.id).collect();
    assert_eq!(left, [ids[1]]);
    assert_eq!(subject.depth(queue, at(0)).await.waiting, 1);
    assert_eq!(subject.heard(), []);
}

/// Whatever happens to deliveries, and whether or not it was allowed.
pub async fn depths_agree_with_what_is_listed(subject: Subject) {
    let queues = subject.store.queues(&["ship", "bill"]).await.unwrap();
    let mut ids: Vec<DeliveryId> = Vec::new();
    // A fixed walk: a linear congruential generator after Knuth, MMIX.
    let mut dice: u64 = 42;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };

    for n in 0..800_u64 {
        let token = n + 1;
        let due = at(roll(20) as i64 - 10);
        let id = match ids.len() as u64 {
            0 => DeliveryId::default(),
            some => ids[roll(some) as usize],
        };
        let write = match roll(15) {
            0 | 1 => publish("{}", &queues),
            2 => publish_for(due, &queues[..1]),
            3 => publish_in("a", event("{}"), queues[0]),
            4 => publish_in("A", event("{}"), queues[1]),
            5 => start(id, 1, token),
            6 => done(id, token),
            7 => retry(id, token, 1, due),
            8 => bury(id, token, 1),
            9 => give_back(id, token, at(0)),
            10 => hold(id, token, 1),
            11 => release(id),
            12 => cancel(id),
            13 => redrive(id),
            _ => purge(id),
        };
        let _ = subject.try_commit(batch([write, publish("{}", &queues[1..])])).await;
        ids.extend(subject.heard().iter().map(|arrival| match arrival {
            Arrival::Ready(delivery) => delivery.id,
            Arrival::Due { id, .. } | Arrival::Back { id, .. } | Arrival::Gone { id, .. } => *id,
        }));

        if n % 20 == 0 {
            subject.assert_depths_agree(at(0)).await;
        }
    }
    subject.assert_depths_agree(at(0)).await;
}

/// Deliveries that were heard ready, with their payloads.
fn ready(heard: Vec<Arrival>) -> Vec<(DeliveryId, String)> {
    let ready = heard.into_iter().map(|arrival| match arrival {
        Arrival::Ready(delivery) => (delivery.id, delivery.event.payload.as_str().to_owned()),
        other => panic!("{other:?} was not published just so"),
    });
    ready.collect()
}
