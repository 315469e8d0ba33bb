use motia_core::{
    config::limit::RateLimit,
    event::Event,
    json::JsonText,
    store::{DeliveryId, Lane as Key, QueueId},
    trace::TraceContext,
};

use super::*;

const RULES: Rules = Rules {
    fifo: true,
    limits: Limits { per_key: Some(1), rate: None },
    said: None,
    debounce: None,
    prefetch: 2,
};

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

fn delivery(seq: u64) -> Delivery {
    let payload = JsonText::from_trusted("{}");
    let event = Event::new("t".into(), payload, TraceContext::root(), now());
    Delivery {
        id: DeliveryId { queue: QueueId(1), seq },
        event: Arc::new(event),
        lane: Some(Key { key: "k".into(), ordered: true }),
        attempts: 0,
        begun: false,
        due: None,
    }
}

fn read(after: u64, upto: u64) -> LaneRead {
    LaneRead { key: "k".into(), after, limit: 2, upto }
}

#[test]
fn what_a_full_lane_passes_over_is_read_when_its_turn_comes() {
    let mut lane = Lane::default();
    lane.insert(&RULES, delivery(1), None);
    lane.insert(&RULES, delivery(2), None);
    assert!(lane.passes_over(&RULES, &delivery(3)));
    lane.pass_over(3);

    lane.take();
    lane.take();
    lane.running = 0;

    assert_eq!(lane.stand(&RULES, None, false, now()), Stand::Thirsty(2));
    assert!(lane.was_read(&read(2, 3), 3, true));
    lane.insert(&RULES, delivery(3), None);
    assert!(matches!(lane.stand(&RULES, None, false, now()), Stand::Open((_, 3))));
}

#[test]
fn what_waits_in_the_store_for_its_rate_says_so() {
    let rate = RateLimit::every(std::time::Duration::from_secs(60));
    let limits = Limits { per_key: None, rate: Some(rate) };
    let rules = Rules { fifo: false, limits, ..RULES };
    let used = rate.take(None, now()).unwrap();
    let mut lane = Lane::default();
    lane.insert(&rules, delivery(1), None);

    lane.shed();

    let reasons = lane.reasons(&rules, Some(used), &"k".into(), &delivery(1), now());
    assert!(matches!(reasons[..], [Reason::KeyRateLimited { .. }]), "{reasons:?}");
}

#[test]
fn what_was_passed_over_while_the_store_was_read_is_read_next() {
    let mut lane = Lane::default();
    lane.pass_over(3);
    lane.pass_over(4);

    assert!(lane.was_read(&read(2, 3), 3, true));

    assert_eq!(lane.stand(&RULES, None, false, now()), Stand::Thirsty(3));
}

#[test]
fn nothing_starts_before_what_came_back_to_an_earlier_place() {
    let mut lane = Lane::default();
    lane.insert(&RULES, delivery(7), None);

    lane.read_again(4, 5);

    assert_eq!(lane.stand(&RULES, None, false, now()), Stand::Thirsty(4));
    // A page that was read before it came back does not have it.
    assert!(!lane.was_read(&read(4, 5), 7, true));
    assert_eq!(lane.stand(&RULES, None, false, now()), Stand::Thirsty(4));
    assert!(lane.was_read(&read(4, 5), 7, true));
    lane.insert(&RULES, delivery(5), None);
    assert!(matches!(lane.stand(&RULES, None, false, now()), Stand::Open((_, 5))));
}

#[test]
fn what_was_being_read_of_a_lane_when_it_woke_up_is_read_again() {
    let mut lane = Lane::default();
    lane.wake(4, true);
    assert_eq!(lane.stand(&RULES, None, false, now()), Stand::Thirsty(4));

    assert!(!lane.was_read(&read(4, 5), 7, true));
    assert!(lane.was_read(&read(4, 5), 5, true));

    lane.wake(4, false);
    assert!(lane.was_read(&read(4, 5), 5, true));
}
