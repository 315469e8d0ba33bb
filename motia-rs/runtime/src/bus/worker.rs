//! Takes deliveries one by one, runs the handler, settles.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use jiff::Timestamp;
use motia_core::{
    context::{Context, Run},
    error::{StepError, StepResult},
    store::{Batch, CommitError, Delivery, Failure, Settlement, Token, Write},
};

use super::Queue;
use crate::invoke::attempt;

/// Works until nothing is ready.
pub(super) async fn run(queue: Arc<Queue>) {
    let mut handled = 0_u32;
    while let Some(delivery) = queue.take() {
        work(&queue, &delivery).await;
        queue.done(&delivery);
        handled = handled.wrapping_add(1);
        if handled.is_multiple_of(32) {
            tokio::task::yield_now().await;
        }
    }
}

async fn work(queue: &Queue, delivery: &Delivery) {
    let shared = &queue.shared;
    let (number, token) = (delivery.attempts.saturating_add(1), shared.next_token());
    let most = queue.subscriber.event_step().options.retry.attempts.get();
    let inherited = delivery.due.unwrap_or(delivery.event.emitted_at) <= shared.started_at;
    if delivery.attempts > 0 && (inherited || delivery.due.is_none()) {
        // An attempt may have been begun and never settled: the process died, perhaps after its effect.
        shared.metrics.possible_duplicates.inc();
    }
    if number > most {
        let reason = format!("the process ended during attempt {}, the last", delivery.attempts);
        return settle(queue, delivery, token, dead(reason, shared.engine.now(), None)).await;
    }

    let start = Write::Start { delivery: delivery.id, attempt: number, token };
    let recorded = shared.store().commit(Batch::of(start));
    if inherited {
        // What the process before this one may have died of does not start before it is counted.
        // Otherwise the record is written at once and not waited for.
        drop(recorded.await);
    }

    let started_at = shared.engine.now();
    let run = Arc::new(attempt_of(queue, delivery, number, token, started_at));
    let handler = &queue.subscriber.event_step().handler;
    let timeout = queue.subscriber.event_step().options.timeout;
    let handled = attempt(&queue.subscriber.metrics, timeout, || {
        handler(delivery.event.clone(), Context::new(run.clone()))
    });
    let result = tokio::select! {
        biased;
        result = handled => result,
        () = shared.tasks.over().cancelled() => {
            let returned = Settlement::Return { now: shared.engine.now() };
            return settle(queue, delivery, token, returned).await;
        }
    };

    if !run.is_settled() {
        let ended = Ended { number, most, started_at, at: shared.engine.now() };
        settle(queue, delivery, token, ended.settlement(queue, result)).await;
    }
}

fn attempt_of(
    queue: &Queue,
    delivery: &Delivery,
    number: u32,
    token: Token,
    started_at: Timestamp,
) -> Run {
    let step = &queue.subscriber.step;
    let timeout = queue.subscriber.event_step().options.timeout;
    Run {
        engine: queue.shared.engine.clone(),
        step: step.name(),
        flows: step.about.flows,
        trace: delivery.event.trace.child(),
        attempt: number,
        token,
        delivery: Some((delivery.event.id, delivery.id)),
        deadline: timeout.and_then(|timeout| started_at.checked_add(timeout).ok()),
        cancelled: queue.shared.tasks.over().clone(),
        settled: AtomicBool::new(false),
    }
}

/// An attempt that ended by itself.
struct Ended {
    number: u32,
    most: u32,
    started_at: Timestamp,
    at: Timestamp,
}

impl Ended {
    fn settlement(&self, queue: &Queue, result: StepResult) -> Settlement {
        let Err(error) = result else { return Settlement::Done };
        let step = queue.step_name();
        let said = crate::log::printable(&told(&error));
        let failure = Failure {
            attempt: self.number,
            started_at: self.started_at,
            ended_at: self.at,
            error: said.clone(),
        };
        if error.is_fatal() {
            tracing::error!(
                step,
                attempt = self.number,
                error = said,
                "given up: cannot be helped"
            );
            return dead(format!("fatal: {said}"), self.at, Some(failure));
        }
        if self.number >= self.most {
            tracing::error!(
                step,
                attempt = self.number,
                error = said,
                "given up: the last attempt"
            );
            return dead(format!("failed {} times: {said}", self.number), self.at, Some(failure));
        }
        let retry = queue.subscriber.event_step().options.retry;
        let delay = retry.delay(self.number, rand::random());
        let delay = match error {
            StepError::RetryAfter(least, _) => delay.max(least),
            _ => delay,
        };
        tracing::warn!(step, attempt = self.number, error = said, ?delay, "to be tried again");
        Settlement::Retry { due: self.at.checked_add(delay).unwrap_or(Timestamp::MAX), failure }
    }
}

/// What an error says; its `Display` is the user's code too.
fn told(error: &StepError) -> String {
    catch_unwind(AssertUnwindSafe(|| error.to_string()))
        .unwrap_or_else(|_| "an error that panics when it is shown".to_owned())
}

fn dead(reason: String, at: Timestamp, failure: Option<Failure>) -> Settlement {
    Settlement::Dead { reason, at, failure }
}

/// Settles, as often as it takes: what a handler did must not be forgotten because a disk is full.
async fn settle(queue: &Queue, delivery: &Delivery, token: Token, settlement: Settlement) {
    let shared = &queue.shared;
    let died = matches!(settlement, Settlement::Dead { .. });
    let mut pause = Duration::from_millis(100);
    loop {
        let settlement = settlement.clone();
        let settle = Write::Settle { delivery: delivery.id, token, settlement };
        match shared.store().commit(Batch::of(settle)).await {
            Ok(_) => {
                if died {
                    shared.metrics.dead_letters.inc();
                }
                return;
            }
            Err(CommitError::Superseded(_)) => {
                shared.metrics.possible_duplicates.inc();
                tracing::warn!(
                    step = queue.step_name(),
                    delivery = %delivery.id,
                    "a result came too late and was refused"
                );
                return;
            }
            Err(error) => {
                tracing::error!(step = queue.step_name(), %error, "could not settle; trying again");
                let over = shared.tasks.over();
                if over.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}
