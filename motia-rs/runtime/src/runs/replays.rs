//! Which events were sent again with the input of a run, so that whatever handles them is shown as a replay.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use motia_core::{
    event::EventId,
    json::JsonText,
    store::{PageRequest, Store, StoreError, Write},
};

/// The state group that they are kept in: the run by the event.
const KEPT_IN: &str = "__motia.replays";

/// As many are known: 10,000. Older ones are then shown as any other run.
const MOST: usize = 10_000;

/// The runs that events repeat.
#[derive(Debug, Default)]
pub(super) struct Replays {
    of: HashMap<EventId, u64>,
    oldest_first: VecDeque<EventId>,
}

impl Replays {
    pub(super) fn add(&mut self, event: EventId, of: u64) {
        if self.of.insert(event, of).is_none() {
            self.oldest_first.push_back(event);
        }
        while self.oldest_first.len() > MOST {
            let Some(oldest) = self.oldest_first.pop_front() else { break };
            self.of.remove(&oldest);
        }
    }

    /// The run that the first of these events repeats that repeats one.
    pub(super) fn of_any(&self, events: &[EventId]) -> Option<u64> {
        if self.of.is_empty() {
            return None;
        }
        events.iter().find_map(|event| self.of.get(event).copied())
    }
}

/// Keeps that an event repeats a run.
pub(super) fn kept(event: EventId, of: u64, expires_at: Option<Timestamp>) -> Write {
    let value = JsonText::encode(&of).expect("a number is JSON");
    Write::Set { group: KEPT_IN.into(), key: event.to_string(), value, expires_at }
}

/// Reads what was kept.
pub(super) async fn read(
    store: &dyn Store,
    now: Timestamp,
) -> Result<Vec<(EventId, u64)>, StoreError> {
    let (mut known, mut request) = (Vec::new(), PageRequest::first(PageRequest::MAX));
    loop {
        let page = store.page(KEPT_IN, request, now).await?;
        known.extend(
            page.items.iter().filter_map(|(event, entry)| {
                Some((event.parse().ok()?, entry.value.decode().ok()?))
            }),
        );
        match page.next {
            Some(next) => request = PageRequest { after: Some(next), limit: PageRequest::MAX },
            None => return Ok(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many() {
        let event = |n: usize| EventId::from_bytes((n as u128).to_be_bytes());
        let mut replays = Replays::default();

        (0..=MOST).for_each(|n| replays.add(event(n), n as u64));

        assert_eq!(replays.of_any(&[event(0)]), None);
        assert_eq!(replays.of_any(&[event(0), event(1)]), Some(1));
    }
}
