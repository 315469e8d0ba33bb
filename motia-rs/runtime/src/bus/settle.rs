//! Ends attempts: what became of them is kept, as often as it takes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use motia_core::{
    error::{StepError, StepResult},
    input::Undecodable,
    redact::in_text,
    store::{Batch, Commit, CommitError, Delivery, DeliveryId, Failure, Settlement, Token, Write},
};

use smallvec::SmallVec;

use super::{Queue, Shared, announce, at_work::Place};
use crate::pulse::Area;

/// How long to wait before trying again what could not be kept; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An attempt that ended by itself.
pub(super) struct Ended {
    pub(super) number: u32,
    pub(super) token: Token,
    pub(super) started_at: Timestamp,
    pub(super) at: Timestamp,
}

/// What becomes of a delivery.
pub(super) struct Fate {
    pub(super) delivery: DeliveryId,
    settlement: Settlement,
    /// What is emitted in the same commit, where somebody is to be told that it was given up.
    announcement: Option<Box<Write>>,
}
/// What becomes of the deliveries of an attempt.
pub(super) type Fates = SmallVec<[Fate; 1]>;

/// What becomes of all deliveries of an attempt by its result.
pub(super) fn by_result(
    queue: &Queue,
    deliveries: &[Delivery],
    ended: &Ended,
    result: &StepResult,
) -> Fates {
    let together = deliveries.len() > 1;
    let fate = |delivery: &Delivery| match result {
        Ok(()) => Settlement::Done,
        Err(error) if error.postponed().is_some() => ended.settlement(queue, delivery, error),
        // Each is tried again alone, and shows then whether it is the bad one.
        Err(error) if together => {
            Settlement::Retry { due: ended.at, failure: ended.failure(delivery, error) }
        }
        Err(error) => ended.settlement(queue, delivery, error),
    };
    let made = (ended.token, ended.number);
    deliveries.iter().map(|delivery| Fate::of(queue, delivery, made, fate(delivery))).collect()
}

/// All deliveries are given back, as if they had not been started; `begun`: their handler was.
pub(super) fn given_back(
    deliveries: impl Iterator<Item = DeliveryId>,
    now: Timestamp,
    begun: bool,
) -> Fates {
    let settlement = || Settlement::Return { now, begun };
    let fate = |delivery| Fate { delivery, settlement: settlement(), announcement: None };
    deliveries.map(fate).collect()
}

impl Fate {
    /// The fate of a delivery after so many attempts, the last of this token.
    pub(super) fn of(
        queue: &Queue,
        delivery: &Delivery,
        attempts: (Token, u32),
        settlement: Settlement,
    ) -> Self {
        let announcement = match &settlement {
            Settlement::Dead { reason, .. } => {
                announcement(queue, delivery, attempts, reason).map(Box::new)
            }
            _ => None,
        };
        Self { delivery: delivery.id, settlement, announcement }
    }

    /// Tells of it once it is kept.
    pub(super) fn settled(&self, queue: &Queue) {
        let (metrics, pulse) = (&queue.shared.metrics, &queue.shared.pulse);
        if let Settlement::Dead { .. } = self.settlement {
            metrics.dead_letters.inc();
            metrics.emitted(self.announcement.as_deref());
            pulse.beat(Area::Dead);
        } else {
            pulse.beat(Area::Queues);
        }
    }
}

/// The batch that settles deliveries.
pub(super) fn batch(fates: &[Fate], token: Token) -> Batch {
    let mut writes = Vec::with_capacity(fates.len());
    for Fate { delivery, settlement, announcement } in fates {
        let (delivery, settlement) = (*delivery, settlement.clone());
        writes.push(Write::Settle { delivery, token, settlement });
        writes.extend(announcement.as_deref().cloned());
    }
    Batch { writes, ..Batch::default() }
}

/// What is to be emitted of a delivery that is given up, if its step says so.
fn announcement(
    queue: &Queue,
    delivery: &Delivery,
    attempts: (Token, u32),
    reason: &str,
) -> Option<Write> {
    let on_dead = queue.subscriber.event_step().on_dead?;
    announce::announcement(&queue.shared.engine, queue.step_name(), delivery, attempts, |run| {
        on_dead.write(run, &delivery.event, attempts.1, reason)
    })
}

/// Settles deliveries, all of a batch in one commit; where somebody else has ended some of them meanwhile,
/// one by one, so that these do not keep the others.
pub(super) async fn each(queue: &Queue, place: Place, token: Token, fates: &[Fate]) {
    if let [fate] = fates {
        return one(queue, place, token, fate).await;
    }
    match insist(&queue.shared, queue.step_name(), || batch(fates, token)).await {
        Some(Ok(())) => fates.iter().for_each(|fate| fate.settled(queue)),
        Some(Err(_)) => {
            join_all(fates.iter().map(|fate| one(queue, place, token, fate))).await;
        }
        None => {}
    }
}

async fn one(queue: &Queue, place: Place, token: Token, fate: &Fate) {
    let step = queue.step_name();
    match insist(&queue.shared, step, || batch(std::slice::from_ref(fate), token)).await {
        Some(Ok(())) => fate.settled(queue),
        Some(Err(delivery)) if queue.ended(place).is_none() => {
            queue.shared.metrics.possible_duplicates.inc();
            tracing::warn!(step, %delivery, "a result came too late and was refused");
        }
        _ => {}
    }
}

/// Commits as often as it takes: what a handler did must not be forgotten because a disk is full.
/// Gives the delivery that was taken over, if it was; `None` when the app is over.
pub(super) async fn insist(
    shared: &Shared,
    what: &str,
    batch: impl Fn() -> Batch,
) -> Option<Result<(), DeliveryId>> {
    insist_on(shared, what, || shared.depths.commit_settlement(shared.store(), batch())).await
}

/// The same for what is committed in a way of its own.
pub(super) async fn insist_on(
    shared: &Shared,
    what: &str,
    commit: impl Fn() -> Commit,
) -> Option<Result<(), DeliveryId>> {
    let mut pause = FIRST_PAUSE;
    loop {
        match commit().await {
            Ok(_) => return Some(Ok(())),
            Err(CommitError::Superseded(delivery)) => return Some(Err(delivery)),
            Err(error) => tracing::error!(what, %error, "could not be kept; trying again"),
        }
        shared.tasks.over().run_until_cancelled(tokio::time::sleep(pause)).await?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Ended {
    fn failure(&self, delivery: &Delivery, error: &StepError) -> Box<Failure> {
        Box::new(Failure {
            attempt: delivery.attempts.saturating_add(1),
            started_at: self.started_at,
            ended_at: self.at,
            error: crate::log::printable(&in_text(&told(error))),
            class: error.class().map(str::to_owned),
        })
    }

    pub(super) fn settlement(
        &self,
        queue: &Queue,
        delivery: &Delivery,
        error: &StepError,
    ) -> Settlement {
        let (step, attempt, trace_id) =
            (queue.step_name(), self.number, delivery.event.trace.trace_id);
        let failure = self.failure(delivery, error);
        let said = failure.error.clone();
        if is_misfit(error) {
            tracing::error!(step, %trace_id, delivery = %delivery.id, error = said, "held: it does not fit");
            return Settlement::Hold { failure };
        }
        if let Some(delay) = error.postponed() {
            let spread = || queue.backoff.delay(delay, self.at, rand::random());
            let delay = if error.is_full_queue() { spread() } else { delay };
            queue.postponed.note(delivery.id.seq, &said);
            tracing::debug!(step, %trace_id, attempt, why = said, ?delay, "postponed");
            let due = self.at.checked_add(delay).unwrap_or(Timestamp::MAX);
            return Settlement::Postpone { due };
        }
        queue.postponed.forget(delivery.id.seq);
        if error.is_fatal() {
            tracing::error!(step, %trace_id, attempt, error = said, "given up: cannot be helped");
            return dead(format!("fatal: {said}"), self.at, Some(failure));
        }
        let retry = queue.subscriber.event_step().options.retry_of(error.class());
        if attempt >= retry.attempts.get() {
            tracing::error!(step, %trace_id, attempt, error = said, "given up: the last attempt");
            return dead(format!("failed {attempt} times: {said}"), self.at, Some(failure));
        }
        let delay = retry.delay(attempt, rand::random());
        let delay = error.least_delay().map_or(delay, |least| delay.max(least));
        tracing::warn!(step, %trace_id, attempt, error = said, ?delay, "to be tried again");
        Settlement::Retry { due: self.at.checked_add(delay).unwrap_or(Timestamp::MAX), failure }
    }
}

/// Whether the payload did not fit the step's input: nothing is lost by waiting for a program that
/// it fits.
fn is_misfit(error: &StepError) -> bool {
    matches!(error, StepError::Fatal(error) if error.is::<Undecodable>())
}

/// What an error says; its `Display` is the user's code too.
fn told(error: &StepError) -> String {
    catch_unwind(AssertUnwindSafe(|| error.to_string()))
        .unwrap_or_else(|_| "an error that panics when it is shown".to_owned())
}

pub(super) fn dead(reason: String, at: Timestamp, failure: Option<Box<Failure>>) -> Settlement {
    Settlement::Dead { reason, at, failure }
}
