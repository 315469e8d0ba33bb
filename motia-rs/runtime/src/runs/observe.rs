//! The beginning and the end of a run, as far as those are concerned who look at it later.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    context::{
        Notes, Run,
        notes::{Input, Noted, short},
    },
    error::{StepError, StepResult},
    redact::in_text,
    text::printable_lines,
};

use super::{RunOutcome, RunRecord, Runs};
use crate::{
    metrics::{Metrics, Outcome, StepMetrics},
    pulse::{Area, Pulse},
};

/// Counts and records the runs of all steps.
#[derive(Debug, Clone)]
pub(crate) struct Observers {
    pub(crate) metrics: Metrics,
    pub(crate) runs: Arc<Runs>,
    pub(crate) pulse: Arc<Pulse>,
}

impl Observers {
    /// Counts and records the runs of one step.
    pub(crate) fn of(&self, step: &'static str, kind: &'static str) -> Observer {
        let (metrics, runs) = (self.metrics.step(step, kind), self.runs.clone());
        Observer { metrics, runs, pulse: self.pulse.clone(), kind }
    }
}

/// Counts and records the runs of one step.
#[derive(Debug, Clone)]
pub(crate) struct Observer {
    metrics: StepMetrics,
    runs: Arc<Runs>,
    pulse: Arc<Pulse>,
    kind: &'static str,
}

impl Observer {
    /// What a run that begins now is to note down, if it is recorded; `input` is asked for only then.
    pub(crate) fn notes(
        &self,
        now: Timestamp,
        input: impl FnOnce() -> Option<Input>,
    ) -> Option<Box<Notes>> {
        self.runs.samples(now).then(|| Box::new(Notes::on(input())))
    }

    /// A run begins.
    pub(crate) fn began(&self) {
        self.metrics.running.inc();
        self.tell();
    }

    /// Tells those who look on of the step's own place: what waits for it, or when it fires next.
    fn tell(&self) {
        match self.kind {
            "event" => self.pulse.beat(Area::Queues),
            "cron" => self.pulse.beat(Area::Cron),
            _ => {}
        }
    }

    fn over(&self) {
        self.metrics.running.dec();
        self.pulse.beat(Area::Runs);
        self.tell();
    }

    /// A run ended with this result, and the status that an API step answered.
    pub(crate) fn ended<T>(
        &self,
        run: &Run,
        took: Duration,
        result: &StepResult<T>,
        status: impl FnOnce(&StepResult<T>) -> Option<u16>,
    ) {
        let counted = Outcome::of(result);
        self.metrics.ran(counted, took);
        let outcome = match counted {
            Outcome::ok => RunOutcome::Ok,
            Outcome::rejected => RunOutcome::Rejected,
            Outcome::postponed => RunOutcome::Postponed,
            Outcome::failed => RunOutcome::Failed,
        };
        crate::log::ended(run, outcome.name(), took);
        let is_recorded = run.notes.is_some();
        if is_recorded || (outcome.is_failure() && self.runs.samples_failure(run.engine.now())) {
            let error = result.as_ref().err().map(StepError::to_string);
            self.record(run, took, outcome, error, status(result));
        }
        self.over();
    }

    /// A run was broken off.
    pub(crate) fn broken_off(&self, run: &Run, took: Duration) {
        crate::log::ended(run, RunOutcome::Cancelled.name(), took);
        if run.notes.is_some() {
            self.record(run, took, RunOutcome::Cancelled, None, None);
        }
        self.over();
    }

    fn record(
        &self,
        run: &Run,
        took: Duration,
        outcome: RunOutcome,
        error: Option<String>,
        status: Option<u16>,
    ) {
        let now = run.engine.now();
        let (input, noted) = match &run.notes {
            Some(notes) => (notes.input.clone(), notes.noted()),
            None => (None, Noted::default()),
        };
        let record = RunRecord {
            id: 0,
            trace_id: run.trace.trace_id,
            span_id: run.trace.span_id,
            parent: run.trace.parent,
            step: run.step.into(),
            kind: self.kind.into(),
            attempt: run.attempt,
            events: run.deliveries.iter().map(|(event, _)| *event).collect(),
            started_at: now.checked_sub(took).unwrap_or(now),
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            outcome,
            status,
            error: error.map(|error| short(&printable_lines(&in_text(&error)))),
            input,
            is_bare: run.notes.is_none(),
            replay_of: run.notes.as_ref().and_then(|notes| notes.replay_of),
            noted,
        };
        self.runs.add(record, run.trace.sampled, now);
    }
}
