//! Why an event is not running.

use jiff::Timestamp;
use motia_core::{
    registry::Step,
    store::{
        DeadLetter, Delivery, DeliveryId, Ended, EndedFilter, PageRequest, Store, StoreError,
        WaitingFilter,
    },
};

use super::{
    Bus, Queue, kept,
    queue::Pause,
    reason::{Explanation, Reason},
    shelf::Shelf,
};
use crate::fit;

/// A delivery, wherever it is.
#[derive(Debug, Clone)]
pub enum Found {
    /// It waits or runs.
    Waiting(Delivery),
    /// It was given up.
    Dead(DeadLetter),
    /// It was neither handled nor given up.
    Ended(Ended),
}

/// Looks for a delivery; `None`: it was handled, or it is no longer in the history, or it never was.
///
/// # Errors
/// When the store cannot be read.
pub async fn find(store: &dyn Store, id: DeliveryId) -> Result<Option<Found>, StoreError> {
    let filter = WaitingFilter { delivery: Some(id), ..WaitingFilter::default() };
    if let Some(delivery) = store.waiting(&filter, PageRequest::first(1)).await?.items.pop() {
        return Ok(Some(Found::Waiting(delivery)));
    }
    if let Some(letter) = store.dead_letter(id).await? {
        return Ok(Some(Found::Dead(letter)));
    }
    let filter = EndedFilter { delivery: Some(id), ..EndedFilter::default() };
    let ended = store.ended(&filter, PageRequest::first(1)).await?.items.pop();
    Ok(ended.map(Found::Ended))
}

impl Bus {
    /// What is known of a delivery; `None`: nothing, it was handled long ago or never was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn explain(&self, id: DeliveryId) -> Result<Option<Explanation>, StoreError> {
        Ok(match find(&**self.shared.store(), id).await? {
            Some(found) => Some(self.explain_found(&found).await?),
            None => None,
        })
    }

    /// What is known of a delivery that was found.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn explain_found(&self, found: &Found) -> Result<Explanation, StoreError> {
        let Found::Waiting(delivery) = found else { return Ok(settled(found)) };
        let Some(queue) = self.queues.get(&delivery.id.queue) else {
            return Ok(Explanation::Waiting { reasons: vec![Reason::Orphaned] });
        };
        let ahead = self.shared.store().ahead(delivery.id).await?;
        Ok(queue.explain(delivery, ahead, self.shared.engine.now()))
    }

    /// Whether an attempt of a delivery runs.
    #[must_use]
    pub fn is_running(&self, id: DeliveryId) -> bool {
        self.queues.get(&id.queue).is_some_and(|queue| {
            let inner = queue.inner.lock();
            inner.at_work.iter().any(|attempt| attempt.has(id.seq))
        })
    }
}

/// What the store alone knows of a delivery that was found, while the app is at rest. Without a step,
/// its step is gone.
///
/// # Errors
/// When the store cannot be read.
pub async fn at_rest(
    store: &dyn Store,
    step: Option<&Step>,
    found: &Found,
    now: Timestamp,
) -> Result<Explanation, StoreError> {
    let Found::Waiting(delivery) = found else { return Ok(settled(found)) };
    let mut reasons = vec![Reason::AtRest];
    let Some((step, event_step)) = step.and_then(|step| Some((step, step.event()?))) else {
        reasons.push(Reason::Orphaned);
        return Ok(Explanation::Waiting { reasons });
    };
    let waits = waits_for(step, delivery, now);
    let in_time = waits.is_empty();
    reasons.extend(waits);
    if let Some(Pause { by, since }) = kept::paused(store, step.name(), now).await? {
        reasons.push(Reason::Paused { by, since });
    }
    if let Some(breaker) = event_step.options.circuit_breaker
        && let Some(state) = kept::circuit(store, breaker.name, now).await?
        && state.keeps_out(now)
    {
        reasons.push(Reason::CircuitOpen { name: breaker.name.into(), state });
    }
    reasons.extend(behind(delivery, store.ahead(delivery.id).await?, in_time));
    Ok(Explanation::Waiting { reasons })
}

impl Queue {
    fn explain(&self, delivery: &Delivery, ahead: u64, now: Timestamp) -> Explanation {
        let inner = self.inner.lock();
        if let Some(attempt) = inner.at_work.iter().find(|attempt| attempt.has(delivery.id.seq)) {
            return Explanation::Running { attempt: attempt.number, since: attempt.since };
        }

        let mut reasons = waits_for(&self.subscriber.step, delivery, now);
        if let [Reason::Delayed { until } | Reason::Retrying { until, .. }] = reasons[..]
            && let Some(why) = self.postponed.why(delivery.id.seq)
        {
            reasons = vec![Reason::Postponed { until, why }];
        }
        let in_time = reasons.is_empty();
        reasons.extend(self.all_closed(&inner, now));
        if !self.shared.slots.are_free() {
            reasons.push(Reason::ProcessBusy { running: self.shared.slots.limit });
        }
        match (&inner.shelf, &delivery.lane) {
            (Shelf::Lanes(lanes), Some(_)) => {
                reasons.extend(behind(delivery, ahead, in_time));
                reasons.extend(lanes.reasons(delivery, now));
            }
            _ => {
                let running = inner.running as u64;
                reasons.extend(behind(delivery, ahead.saturating_sub(running), in_time));
            }
        }
        if reasons.is_empty() {
            reasons.push(Reason::Next);
        }
        Explanation::Waiting { reasons }
    }
}

/// What is known of what does not wait.
fn settled(found: &Found) -> Explanation {
    match found {
        Found::Waiting(_) => Explanation::Waiting { reasons: Vec::new() },
        Found::Dead(letter) => Explanation::Dead { reason: letter.reason.clone() },
        Found::Ended(ended) => {
            let (at, note) = (ended.at, ended.note.clone());
            Explanation::Ended { ending: ended.ending, at, note }
        }
    }
}

/// The time that a delivery waits for.
fn waits_for(step: &Step, delivery: &Delivery, now: Timestamp) -> Vec<Reason> {
    match delivery.due {
        Some(due) if due == Timestamp::MAX => {
            vec![Reason::Held { error: fit::fits(step, delivery).err() }]
        }
        Some(until) if until > now && delivery.attempts > 0 => {
            vec![Reason::Retrying { until, attempts: delivery.attempts }]
        }
        Some(until) if until > now => vec![Reason::Delayed { until }],
        _ => Vec::new(),
    }
}

/// Those that come before a delivery. One that waits for a time takes its place only then; one that is
/// to be tried again in an ordered lane has kept it.
fn behind(delivery: &Delivery, ahead: u64, in_time: bool) -> Option<Reason> {
    let ordered = delivery.lane.as_ref().is_some_and(|lane| lane.ordered);
    let in_place = in_time || ordered && delivery.attempts > 0;
    if ahead == 0 || !in_place {
        return None;
    }
    Some(match &delivery.lane {
        Some(lane) => Reason::BehindInKey { key: lane.key.to_string(), ahead },
        None => Reason::Behind { ahead },
    })
}
