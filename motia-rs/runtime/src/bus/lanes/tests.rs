//! What the lanes have in memory, seen from within.

use std::time::Duration;

use motia_core::{
    config::EventConfig,
    context::Context,
    event::Event,
    json::JsonText,
    registry::Kind,
    store::{DeliveryId, Pulled, QueueId},
    trace::TraceContext,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::shelf::{Found, LaneRead, Read},
    *,
};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tick {}
motia_core::topic!(Tick = "tick");

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

/// Lanes of a config, over a store in which nothing waits.
fn lanes(config: EventConfig<Tick>) -> Lanes {
    let definition = config.bind(|_: Tick, _: Context| async { Ok(()) });
    let Kind::Event(step) = definition.kind else { panic!("it is an event step") };
    let mut lanes = Lanes::new(8, &step);
    lanes.spilled = false;
    lanes
}

fn delivery(seq: u64) -> Delivery {
    let payload = JsonText::from_trusted("{}");
    let event = Event::new("tick".into(), payload, TraceContext::root(), now());
    Delivery {
        id: DeliveryId { queue: QueueId(1), seq },
        event: Arc::new(event),
        lane: Some(Key { key: "k".into(), ordered: false }),
        attempts: 0,
        begun: false,
        due: None,
    }
}

const KEYED: EventConfig<Tick> = EventConfig::new("Step").key(|_| "k".to_owned());

#[test]
fn what_newer_ones_took_the_place_of_is_forgotten_once_it_has_ended() {
    let mut lanes = lanes(KEYED.debounce(Duration::from_secs(1)));
    for seq in 1..=9 {
        lanes.arrived(Arrival::Ready(delivery(seq)), now());
    }
    let superseded = lanes.take_superseded();
    assert_eq!((superseded.len(), lanes.count, lanes.held.len()), (8, 1, 9));

    for id in superseded {
        assert_eq!(lanes.forget(id.delivery.seq, now()), Gone::Waited);
    }

    assert_eq!((lanes.count, lanes.held.len()), (1, 1));
}

#[test]
fn what_is_dropped_is_not_read_again_and_forgotten_once_it_has_ended() {
    let mut lanes = lanes(KEYED);
    lanes.arrived(Arrival::Ready(delivery(1)), now());

    lanes.drop_first(now());
    lanes.admit(delivery(1), now());
    assert_eq!((lanes.open(), lanes.count, lanes.held.len()), (0, 0, 1));

    lanes.forget(1, now());
    assert!(lanes.held.is_empty() && lanes.lanes.is_empty());
}

#[test]
fn what_failed_before_a_newer_one_was_started_is_not_tried_again_where_it_falls_due_before_it_is_ended()
 {
    let (queue, later) = (QueueId(1), now() + Duration::from_secs(2));
    let older = Delivery { attempts: 1, begun: true, due: Some(later), ..delivery(1) };
    let mut lanes = lanes(KEYED.debounce(Duration::from_secs(1)));
    lanes.loaded = 1;
    lanes.arrived(Arrival::Ready(delivery(2)), now());
    lanes.arrived(Arrival::Due { id: older.id, due: later }, now());
    lanes.woken(later);
    let newer = lanes.take(later).unwrap();
    let key = lanes.ends_older(&newer);
    lanes.done(&newer, later);

    let Some(Read::Page { pull, tail }) = lanes.begin_reading(queue, later) else { panic!() };
    let pulled = Pulled { due: vec![older.clone()], ..Pulled::default() };
    lanes.read(Found::Page { pull, tail, pulled }, later);
    assert_eq!((lanes.open(), lanes.take_overtaken()), (0, vec![older.id]));

    lanes.forget(1, later);
    lanes.ended_older(&key, later);
    assert!(lanes.held.is_empty() && lanes.lanes.is_empty());
}

const HOUR: Duration = Duration::from_secs(3600);

/// The first of as many keys, all of which wait for an hour to be tried again.
fn failed(seq: u64) -> Delivery {
    let lane = Some(Key { key: seq.to_string().into(), ordered: true });
    let due = Some(now() + HOUR);
    Delivery { lane, attempts: 1, begun: true, due, ..delivery(seq) }
}

/// Reads as long as there is something to be read, of a store in which these wait.
fn read_on(lanes: &mut Lanes, waiting: &[Delivery], now: Timestamp) {
    lanes.woken(now);
    while lanes.wants(|| now) {
        let Some(Read::Lanes(wanted, _)) = lanes.begin_reading(QueueId(1), now) else { return };
        let found = |read: LaneRead| {
            let waits = |one: &&Delivery| key_of(one) == read.key && one.id.seq > read.after;
            let found: Vec<_> = waiting.iter().filter(waits).take(read.limit).cloned().collect();
            (read, found)
        };
        lanes.read(Found::Lanes(wanted.into_iter().map(found).collect()), now);
        lanes.woken(now);
    }
}

#[test]
fn of_very_many_keys_that_wait_to_be_tried_again_no_more_than_a_window_is_awake() {
    let mut lanes = lanes(KEYED.fifo(|_| "k".to_owned()));
    let waiting: Vec<_> = (1..=500).map(failed).collect();
    for one in &waiting {
        let (id, key, due) = (one.id, key_of(one), one.due);
        lanes.arrived(Arrival::Back { id, key, due }, now());
        assert!(lanes.lanes.len() <= 8);
    }
    read_on(&mut lanes, &waiting, now());
    assert_eq!((lanes.lanes.len(), lanes.asleep.len(), lanes.held.len()), (0, 500, 0));
    assert!(lanes.heads.is_empty() && lanes.parked.is_empty() && lanes.thirsty.is_empty());
    assert_eq!(lanes.woken(now()), Some(now() + HOUR));

    let (mut tried, later) = (Vec::new(), now() + HOUR);
    loop {
        read_on(&mut lanes, &waiting, later);
        assert!(lanes.lanes.len() <= 16, "{}", lanes.lanes.len());
        let Some(next) = lanes.take(later) else { break };
        tried.push(next.id.seq);
        lanes.done(&next, later);
    }

    tried.sort_unstable();
    assert!(tried.into_iter().eq(1..=500));
    assert_eq!((lanes.lanes.len(), lanes.asleep.len()), (0, 0));
}

#[test]
fn a_lane_that_sleeps_leaves_what_comes_to_the_store_and_wakes_when_its_first_delivery_ends() {
    let mut lanes = lanes(KEYED.fifo(|_| "k".to_owned()));
    let (first, next) = (failed(1), Delivery { id: delivery(9).id, ..failed(1) });
    let next = Delivery { attempts: 0, due: None, ..next };
    let id = first.id;
    lanes.arrived(Arrival::Back { id, key: key_of(&first), due: first.due }, now());
    read_on(&mut lanes, &[first], now());
    lanes.arrived(Arrival::Ready(next.clone()), now());
    assert_eq!((lanes.lanes.len(), lanes.asleep.len(), lanes.count), (0, 1, 0));

    assert_eq!(lanes.forget(1, now()), Gone::Unknown);
    read_on(&mut lanes, std::slice::from_ref(&next), now());

    assert_eq!(lanes.take(now()).map(|taken| taken.id), Some(next.id));
}
