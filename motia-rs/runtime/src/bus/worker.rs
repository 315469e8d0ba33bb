//! Takes deliveries from a queue, runs the handler, settles.

use std::{
    collections::HashSet,
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use motia_core::{
    circuit::Verdict,
    context::{
        Context, Run,
        notes::{Input, LARGEST_INPUT},
    },
    error::StepResult,
    registry::Step,
    store::{Batch, Commit, Delivery, DeliveryId, Ending, Token, WaitingFilter, Write, every_page},
    trace::TraceContext,
};
use smallvec::SmallVec;

use super::{
    Queue, Shared, announce,
    at_work::Taken,
    debounced,
    settle::{self, Ended, Fate, dead},
};
use crate::invoke::{attempt, first_run};

/// Works until nothing may be taken.
pub(super) async fn run(queue: Arc<Queue>) {
    let mut handled = 0_u32;
    let mut spare = None;
    let mut next = queue.take();
    while let Some(taken) = next {
        if taken.spawned {
            // A handler that blocks this thread must not hold up what was spawned on it: tokio lets other
            // threads take any task from this one but the last that it spawned.
            queue.shared.tasks.spawn(async {});
        }
        let verdict;
        (verdict, spare) = work(&queue, &taken, spare).await;
        handled = handled.wrapping_add(1);
        if handled.is_multiple_of(32) {
            // Before the next is taken, for what was taken after it would be started first.
            tokio::task::yield_now().await;
        }
        let token = spare.as_ref().map_or_else(Arc::default, |run| run.cancelled.clone());
        next = queue.go_on(&taken, verdict, token);
    }
}

/// Works on what was taken, in a run that is `spare` if there is one; says what it showed of the step's
/// dependency, and gives the run back if it may serve once more, with its token.
async fn work(
    queue: &Arc<Queue>,
    taken: &Taken,
    spare: Option<Arc<Run>>,
) -> (Verdict, Option<Arc<Run>>) {
    let shared = &queue.shared;
    let Some(first) = taken.deliveries.first() else {
        return (Verdict::SaysNothing, None);
    };
    if let Some(verdict) = given_up(queue, taken).await {
        return (verdict, None);
    }

    let (number, token) = (first.attempts.saturating_add(1), shared.next_token());
    let recorded = is_recorded_first(queue, taken, token).await;
    let started_at = if recorded { shared.engine.now() } else { taken.at };
    let run = attempt_of(queue, taken, (number, token), started_at, spare);
    let lease = shared.watch.lease(queue, taken, (token, number), started_at);
    // What was cancelled before it was begun has no handler that may have done something.
    let begun = !taken.cancelled.is_cancelled();
    let result = if begun { handle(queue, taken, &run, recorded).await } else { None };
    drop(lease);

    let verdict = match result {
        Some(Ok(())) if run.is_settled() => Verdict::Worked,
        Some(Err(_)) if run.is_settled() => Verdict::SaysNothing,
        Some(result) => {
            // When it ended is asked for only where somebody is told.
            let at = if result.is_ok() { started_at } else { shared.engine.now() };
            let ended = Ended { number, token, started_at, at };
            let fates = settle::by_result(queue, &taken.deliveries, &ended, &result);
            let verdict = verdict(&result);
            drop(result);
            settle::each(queue, taken.place, token, &fates).await;
            verdict
        }
        None => {
            let (place, deliveries, at) = (taken.place, &taken.deliveries, shared.engine.now());
            // What was cancelled has ended in the store; its batch has not.
            if deliveries.len() > 1 || queue.ended(place).is_none() {
                let ids = deliveries.iter().map(|delivery| delivery.id);
                settle::each(queue, place, token, &settle::given_back(ids, at, begun)).await;
            }
            Verdict::SaysNothing
        }
    };
    // Nobody has the context any more.
    let unused = Arc::strong_count(&run) == 1 && !taken.cancelled.is_cancelled();
    (verdict, unused.then_some(run))
}

/// The batch that records the start of an attempt.
fn start(taken: &Taken, token: Token) -> Batch {
    let starts = taken.deliveries.iter().map(|delivery| Write::Start {
        delivery: delivery.id,
        attempt: delivery.attempts.saturating_add(1),
        token,
    });
    Batch { writes: starts.collect(), ..Batch::default() }
}

/// Records the start of an attempt with what is used by then of the rates; later starts say more.
fn record_with_rates(queue: &Queue, taken: &Taken, token: Token) -> Commit {
    let _in_order = queue.recording.lock();
    let mut batch = start(taken, token);
    batch.writes.extend(queue.rates_used(&taken.deliveries));
    queue.shared.store().commit(batch)
}

/// Records the start of an attempt before it starts, if that has to be; says whether it was.
async fn is_recorded_first(queue: &Queue, taken: &Taken, token: Token) -> bool {
    let shared = &queue.shared;
    if queue.is_rated() {
        // What was used of a rate is kept before anything starts: a restart gives no second helping.
        let record = || record_with_rates(queue, taken, token);
        settle::insist_on(shared, queue.step_name(), record).await;
        return true;
    }
    // What the process before this one may have died of does not start before it is counted.
    let inherited = taken.deliveries.iter().any(|delivery| shared.inherited(delivery, taken.at));
    if inherited {
        settle::insist(shared, queue.step_name(), || start(taken, token)).await;
    }
    inherited
}

/// Runs the handler; `None`: it was stopped before it ended.
async fn handle(
    queue: &Queue,
    taken: &Taken,
    run: &Arc<Run>,
    mut recorded: bool,
) -> Option<StepResult> {
    let step = queue.subscriber.event_step();
    let events = taken.deliveries.iter().map(|delivery| delivery.event.clone()).collect();
    let (observer, timeout) = (&queue.subscriber.observer, step.options.timeout);
    let handle = || (step.handler)(events, Context::new(run.clone()));
    let mut handled = pin!(attempt(observer, run, timeout, handle, |_| None));
    // The start is recorded, and that is not waited for, when the handler first waits for something:
    // one that ends at once is settled before a record could be kept.
    let handled_and_recorded = poll_fn(|task| {
        let polled = handled.as_mut().poll(task);
        if polled.is_pending() && !std::mem::replace(&mut recorded, true) {
            drop(queue.shared.store().commit(start(taken, run.token)));
        }
        polled
    });
    tokio::select! {
        biased;
        result = handled_and_recorded => return Some(result),
        () = taken.cancelled.cancelled() => {}
    }
    // A handler that asked to be told may clean up; its result is of no use any more.
    if queue.ended(taken.place).is_some() && run.heeds_cancel.load(Ordering::Acquire) {
        drop(tokio::time::timeout(queue.shared.cancel_grace, handled).await);
    }
    None
}

/// Ends what is not to be started at all; then gives what this showed of the step's dependency.
async fn given_up(queue: &Arc<Queue>, taken: &Taken) -> Option<Verdict> {
    let (shared, options) = (&queue.shared, &queue.subscriber.event_step().options);
    // What failed in a batch is tried alone, however few attempts there are.
    let least = if options.batch.is_some() { 2 } else { 1 };
    let most_attempts = options.most_attempts().max(least);
    let mut over = SmallVec::<[DeliveryId; 1]>::new();
    for delivery in &taken.deliveries {
        let unsettled = || shared.inherited(delivery, taken.at) || delivery.due.is_none();
        if taken.unrecorded || (delivery.attempts > 0 && unsettled()) {
            // An attempt may have been begun and never settled: the process died, perhaps after its
            // effect.
            shared.metrics.possible_duplicates.inc();
        }
        if let Some(expired) = expired(shared, delivery, options.ttl) {
            end_expired(shared.clone(), queue.subscriber.step.clone(), expired).await;
            over.push(delivery.id);
        } else if delivery.attempts >= most_attempts {
            let reason = why_given_up(shared, delivery).await;
            let (dead, token) = (dead(reason, shared.engine.now(), None), shared.next_token());
            let fate = Fate::of(queue, delivery, (token, delivery.attempts), dead);
            settle::each(queue, taken.place, token, &[fate]).await;
            over.push(delivery.id);
        }
    }
    if over.is_empty() {
        return None;
    }
    // The others of the batch make another.
    let others =
        taken.deliveries.iter().map(|delivery| delivery.id).filter(|id| !over.contains(id));
    let given_back = settle::given_back(others, shared.engine.now(), false);
    settle::each(queue, taken.place, shared.next_token(), &given_back).await;
    Some(Verdict::SaysNothing)
}

/// Why no attempt is made of a delivery that has had all of them: mostly because the process died in the
/// last one; but its step may have made more of them in an earlier program.
async fn why_given_up(shared: &Shared, delivery: &Delivery) -> String {
    let attempts = delivery.attempts;
    let failures = shared.store().failures(delivery.id).await.unwrap_or_default();
    match failures.last().filter(|last| last.attempt == attempts) {
        Some(last) => format!("failed {attempts} times, and no more are made: {}", last.error),
        None => format!("the process ended during attempt {attempts}, the last"),
    }
}

/// A delivery that is not worth starting any more.
pub(super) struct Expired {
    delivery: Delivery,
    at: Timestamp,
    note: String,
}

pub(super) fn expired(
    shared: &Shared,
    delivery: &Delivery,
    ttl: Option<Duration>,
) -> Option<Expired> {
    let event = &delivery.event;
    if ttl.is_none() && event.expires_at.is_none() {
        return None;
    }
    let of_step = ttl.and_then(|ttl| event.emitted_at.checked_add(ttl).ok());
    let end = event.expires_at.into_iter().chain(of_step).min()?;
    let at = shared.engine.now();
    let note = format!("it was worth starting until {end}");
    (at > end).then(|| Expired { delivery: delivery.clone(), at, note })
}

fn verdict(result: &StepResult) -> Verdict {
    match result {
        Ok(()) => Verdict::Worked,
        Err(error) if error.is_fatal() || error.postponed().is_some() => Verdict::SaysNothing,
        Err(_) => Verdict::Failed,
    }
}

/// The run of an attempt, in the place of a `spare` one that nobody else has: so not all threads count with
/// each attempt how many have the engine.
fn attempt_of(
    queue: &Queue,
    taken: &Taken,
    made: (u32, Token),
    started_at: Timestamp,
    spare: Option<Arc<Run>>,
) -> Arc<Run> {
    let step = &queue.subscriber.step;
    let mut run = spare.unwrap_or_else(|| {
        let (engine, cancelled) = (queue.shared.engine.clone(), taken.cancelled.clone());
        Arc::new(first_run(engine, step, TraceContext::root(), cancelled))
    });
    let Run {
        engine: _,
        step: _,
        flows: _,
        trace,
        attempt,
        possible_duplicate,
        token,
        deliveries,
        deadline,
        cancelled,
        heeds_cancel,
        settled,
        notes,
    } = Arc::get_mut(&mut run).expect("a spare run is nobody else's");

    if let Some(first) = taken.deliveries.first() {
        *trace = first.event.trace.child();
    }
    (*attempt, *token) = made;
    let begun_before = taken.deliveries.iter().any(|delivery| delivery.begun);
    *possible_duplicate = begun_before || taken.unrecorded;
    deliveries.clear();
    deliveries.extend(taken.deliveries.iter().map(|each| (each.event.id, each.id)));
    let timeout = queue.subscriber.event_step().options.timeout;
    *deadline = timeout.and_then(|timeout| started_at.checked_add(timeout).ok());
    *cancelled = taken.cancelled.clone();
    (*heeds_cancel, *settled) = (AtomicBool::new(false), AtomicBool::new(false));
    *notes = queue.subscriber.observer.notes(started_at, || Some(input(taken)));
    run
}

/// What is shown of the events to those who look at their run later.
fn input(taken: &Taken) -> Input {
    let payload = |delivery: &Delivery| delivery.event.payload.to_value();
    let input = match &*taken.deliveries {
        [one] if one.event.payload.len() <= LARGEST_INPUT => Input::of(&payload(one)),
        [one] => Input::left_out(&format!("{} bytes", one.event.payload.len())),
        several => Input::left_out(&format!("a batch of {} events", several.len())),
    };
    let topic = taken.deliveries.first().map(|first| first.event.topic.to_string());
    Input { topic, ..input }
}

/// Ends a delivery in the store that is not worth starting any more, and tells of it.
pub(super) async fn end_expired(shared: Arc<Shared>, step: Arc<Step>, expired: Expired) {
    let Expired { delivery, at, note } = expired;
    let how = (Ending::Expired, at, note.as_str());
    let end = announce::end(&shared.engine, Some(&step), &delivery, how);
    end_in_store(shared, end).await;
}

/// Ends a delivery in the store that was to be tried again, though a newer one of its key was started.
pub(super) async fn end_overtaken(shared: Arc<Shared>, delivery: DeliveryId, at: Timestamp) {
    end_in_store(shared, Batch::of(debounced::superseded(delivery, at))).await;
}

/// Ends what of a key waits to be tried again and is older than the delivery that is started, but for what
/// is `at_work`.
pub(super) async fn end_older(
    shared: Arc<Shared>,
    newer: DeliveryId,
    key: Arc<str>,
    at_work: HashSet<u64>,
) {
    let queue = Some(newer.queue);
    let filter = WaitingFilter { queue, lane: Some(key.to_string()), ..WaitingFilter::default() };
    let mut older = Vec::new();
    let read = |request| shared.store().waiting(&filter, request);
    let found = every_page(read, |waiting| {
        let waits = |one: &Delivery| one.begun && !at_work.contains(&one.id.seq);
        let again = waiting.into_iter().filter(waits).map(|one| one.id);
        older.extend(again.filter(|id| id.seq < newer.seq));
    });
    if let Err(error) = found.await {
        tracing::warn!(%error, "older events of a key are left to be tried again");
    }
    for delivery in older {
        end_overtaken(shared.clone(), delivery, shared.engine.now()).await;
    }
}

/// Ends a delivery in the store that waits there for nothing, as often as it takes.
pub(super) async fn end_in_store(shared: Arc<Shared>, end: Batch) {
    let kept = settle::insist(&shared, "an event that is not to be started", || end.clone()).await;
    if let Some(Ok(())) = kept {
        shared.metrics.emitted(&end.writes);
    }
}
