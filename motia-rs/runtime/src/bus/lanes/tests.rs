//! What the lanes have in memory, seen from within.

use std::time::Duration;

use motia_core::{
    config::EventConfig,
    context::Context,
    event::Event,
    json::JsonText,
    registry::Kind,
    store::{DeliveryId, QueueId},
    trace::TraceContext,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;

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
