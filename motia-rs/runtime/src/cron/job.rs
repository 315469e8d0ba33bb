//! One cron step at work: claims what is due, in order, and runs the handler.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    config::{Overlap, cron::CronOptions},
    context::{Context, Engine, Run, notes::Input},
    error::StepResult,
    registry::{CronStep, Kind, Step},
    schedule::Schedule,
    store::StoreError,
    trace::TraceContext,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Cron, CronStatus,
    desk::{Desk, Due, Next},
    ledger::{Claim, LEASE, Ledger, Record},
};
use crate::{
    bus::backoff::Backoff,
    invoke::{attempt, first_run},
    log::printable,
    runs::observe::Observer,
    tasks::Tasks,
};

/// One cron step at work.
pub(super) struct Job {
    pub(super) step: Arc<Step>,
    pub(super) schedule: Schedule,
    pub(super) ledger: Ledger,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) tasks: Tasks,
    pub(super) observer: Observer,
    pub(super) desk: Mutex<Desk>,
}

/// How long a store that fails is asked for a firing before the firing is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked again, and how often a firing that waits for another instance asks.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Job {
    pub(super) fn name(&self) -> &'static str {
        self.step.name()
    }

    pub(super) fn options(&self) -> &CronOptions {
        &self.cron().options
    }

    fn cron(&self) -> &CronStep {
        match &self.step.kind {
            Kind::Cron(cron) => cron,
            _ => unreachable!("a job is made of a cron step"),
        }
    }

    /// How it stands with the step at `now`, and by its record.
    pub(super) fn status(&self, record: Option<&Record>, now: Timestamp) -> CronStatus {
        let CronOptions { schedule, timezone, overlap, catch_up, .. } = *self.options();
        let upcoming = self.schedule.between(now, Timestamp::MAX).take(Cron::UPCOMING);
        let upcoming: Vec<_> = upcoming.collect();
        let lease = record.and_then(|record| record.lease.as_ref());
        let elsewhere = lease.is_some_and(|lease| self.ledger.is_foreign(lease, now));
        CronStatus {
            step: self.name(),
            schedule,
            timezone,
            next: upcoming.first().copied(),
            upcoming,
            last_fired: record.and_then(|record| record.last_fired),
            running: self.desk.lock().running > 0 || elsewhere,
            overlap,
            catch_up,
        }
    }

    /// Takes in firings that fell due, in order. Those that find the step running are left out, or
    /// wait, or run beside it, as the step says.
    pub(super) fn fall_due(self: &Arc<Self>, firings: Vec<Timestamp>) {
        let (left_out, begins) = self.desk.lock().put(firings, self.options().overlap);
        if let Some(first) = left_out.first() {
            self.say_left_out(*first, left_out.len());
        }
        if begins {
            self.tasks.spawn(self.clone().work());
        }
    }

    /// Takes in a run that somebody asked for, and says whether it comes to be: [`Claim::Held`] when
    /// the step runs already, [`Claim::Settled`] when the app shuts down.
    pub(super) async fn ask(
        self: &Arc<Self>,
        trace: TraceContext,
        why: String,
    ) -> Result<Claim, StoreError> {
        let overlap = self.options().overlap;
        let (tell, told) = oneshot::channel();
        match self.desk.lock().put_asked(Due::Asked(trace, why, tell), overlap) {
            None => return Ok(Claim::Held),
            Some(true) => self.tasks.spawn(self.clone().work()),
            Some(false) => {}
        }
        if overlap == Overlap::Queue {
            return Ok(Claim::Ours); // its turn comes, however long that takes
        }
        told.await.unwrap_or(Ok(Claim::Settled))
    }

    /// Works until nothing is due.
    async fn work(self: Arc<Self>) {
        loop {
            let next = self.desk.lock().next(self.tasks.stopping().is_cancelled());
            match next {
                Next::Run(Due::Firing(at)) => {
                    if matches!(self.claim(Some(at)).await, Ok(Claim::Ours)) {
                        let why = self.options().schedule.to_owned();
                        self.start(TraceContext::root(), why).await;
                    }
                }
                Next::Run(Due::Asked(trace, why, tell)) => {
                    let claim = self.claim(None).await;
                    let ours = matches!(claim, Ok(Claim::Ours));
                    drop(tell.send(claim)); // who asked may have gone
                    if ours {
                        self.start(trace, why).await;
                    }
                }
                Next::WindUp(passed) => {
                    if let Err(error) = self.ledger.release(passed).await {
                        tracing::warn!(step = self.name(), %error, "the end of a run is not kept");
                    }
                }
                Next::Done => return,
            }
        }
    }

    /// Asks the ledger for a firing, or for a run of none. Says so when it comes to nothing.
    async fn claim(&self, at: Option<Timestamp>) -> Result<Claim, StoreError> {
        let give_up = Instant::now() + PATIENCE;
        let waits = self.options().overlap == Overlap::Queue;
        loop {
            match self.ledger.claim(at).await {
                Ok(Claim::Held) if waits => {}
                Ok(claim) => {
                    self.desk.lock().leased |= self.ledger.leased && claim == Claim::Ours;
                    if let (Claim::Held, Some(at)) = (claim, at) {
                        self.say_left_out(at, 1);
                    }
                    return Ok(claim);
                }
                Err(error) if at.is_some() && Instant::now() < give_up => {
                    tracing::warn!(step = self.name(), %error, "a firing waits for the store");
                }
                Err(error) => {
                    tracing::error!(step = self.name(), %error, "not run: the store fails");
                    return Err(error);
                }
            }
            let pause = tokio::time::sleep(ASK_AGAIN);
            if self.tasks.stopping().run_until_cancelled(pause).await.is_none() {
                return Ok(Claim::Settled);
            }
        }
    }

    fn say_left_out(&self, firing: Timestamp, how_many: usize) {
        let step = self.name();
        tracing::warn!(step, %firing, how_many, "left out: the last run has not ended");
    }

    /// Runs the handler: to its end, or beside what comes next where the step allows it.
    async fn start(self: &Arc<Self>, trace: TraceContext, why: String) {
        self.desk.lock().running += 1;
        let run = self.clone().run(trace, why);
        if self.options().overlap == Overlap::Allow {
            self.tasks.spawn(run);
        } else {
            run.await;
        }
    }

    async fn run(self: Arc<Self>, trace: TraceContext, why: String) {
        let over = self.tasks.over();
        let cancelled = over.child_token();
        tokio::select! {
            biased;
            result = self.handled(trace, why, &cancelled) => self.say_ended(trace, result),
            () = over.cancelled() => {
                tracing::warn!(step = self.name(), "a run was broken off: the shutdown waits no longer");
            }
            () = self.keep_lease(&cancelled), if self.ledger.leased => {}
        }
        self.desk.lock().running -= 1;
    }

    /// Runs the handler; while a queue that it emits to is full, again and again until the next firing.
    async fn handled(
        &self,
        trace: TraceContext,
        why: String,
        cancelled: &CancellationToken,
    ) -> StepResult {
        let (cron, backoff) = (self.cron(), Backoff::default());
        let next = self.schedule.between(self.engine.now(), Timestamp::MAX).next();
        let mut again = false;
        loop {
            let first = self.first_attempt(trace, why.clone(), cancelled.clone());
            let run = Arc::new(Run { possible_duplicate: again, ..first });
            let handle = || (cron.handler)(Context::new(run.clone()));
            let result =
                attempt(&self.observer, &run, cron.options.timeout, handle, |_| None).await;
            let full = result.as_ref().err().filter(|error| error.is_full_queue());
            let Some((full, first)) = full.and_then(|error| Some((error, error.postponed()?)))
            else {
                return result;
            };

            let now = self.engine.now();
            let delay = backoff.delay(first, now, rand::random());
            let in_time = |next: Timestamp| now.checked_add(delay).is_ok_and(|then| then < next);
            if !next.is_none_or(in_time) {
                return result;
            }
            let (step, error) = (self.name(), printable(&full.to_string()));
            tracing::warn!(step, trace_id = %trace.trace_id, error, ?delay, "postponed");
            let pause = tokio::time::sleep(delay);
            if self.tasks.stopping().run_until_cancelled(pause).await.is_none() {
                return result;
            }
            again = true;
        }
    }

    fn first_attempt(&self, trace: TraceContext, why: String, cancelled: CancellationToken) -> Run {
        let input = || Input { request: Some(why), ..Input::of(&Value::Null) };
        let ends = |timeout| self.engine.now().checked_add(timeout).ok();
        Run {
            deadline: self.options().timeout.and_then(ends),
            notes: self.observer.notes(self.engine.now(), || Some(input())),
            ..first_run(self.engine.clone(), &self.step, trace, cancelled.into())
        }
    }

    /// Renews the lease for as long as it is polled. A run that lost its lease, or could not renew it
    /// in time, is asked to stop: another instance may run by now.
    async fn keep_lease(&self, cancelled: &CancellationToken) {
        let mut held = Instant::now();
        while !cancelled.is_cancelled() {
            tokio::time::sleep(LEASE / 3).await;
            match self.ledger.renew().await {
                Ok(true) => held = Instant::now(),
                Err(error) if held.elapsed() < LEASE => {
                    tracing::warn!(step = self.name(), %error, "a lease is not renewed");
                }
                Ok(false) | Err(_) => {
                    tracing::warn!(step = self.name(), "a run lost its lease and is asked to stop");
                    cancelled.cancel();
                }
            }
        }
        std::future::pending::<()>().await;
    }

    fn say_ended(&self, trace: TraceContext, result: StepResult) {
        let (step, trace_id) = (self.name(), trace.trace_id);
        match result {
            Ok(()) => tracing::debug!(step, %trace_id, "ran"),
            Err(error) => {
                let error = printable(&error.to_string());
                tracing::error!(step, %trace_id, error, "failed; the next firing is not affected");
            }
        }
    }
}
