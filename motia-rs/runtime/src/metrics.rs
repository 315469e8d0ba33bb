//! What is counted, in Prometheus' terms.
//!
//! # Layout
//! - [`Metrics`]: what the framework counts; [`own`]: what the app does
//! - [`mod@page`]: all of it as text

pub mod own;
pub mod page;

use std::{borrow::Cow, sync::Arc, time::Duration};

use motia_core::{error::StepResult, store::Write};
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// All metrics of one app. There is no global: two apps in one process count apart.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    runs: Family<RunLabels, Counter>,
    running: Family<StepLabels, Gauge>,
    seconds: Family<StepLabels, Histogram, fn() -> Histogram>,
    emitted: Family<TopicLabels, Counter>,
    /// Attempts that may have had their effect before, or whose result came too late.
    pub possible_duplicates: Counter,
    /// Deliveries that were given up.
    pub dead_letters: Counter,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// Well.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    ok,
    /// The caller was blamed.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    rejected,
    /// It was not the time for it yet, which costs no attempt.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    postponed,
    /// Badly.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    failed,
}

impl Outcome {
    /// How a result counts.
    pub fn of<T>(result: &StepResult<T>) -> Self {
        match result {
            Ok(_) => Self::ok,
            Err(error) if error.is_rejection() => Self::rejected,
            Err(error) if error.postponed().is_some() => Self::postponed,
            Err(_) => Self::failed,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    step: &'static str,
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TopicLabels {
    topic: &'static str,
}

/// The counters of one step, looked up once.
#[derive(Debug, Clone)]
pub struct StepMetrics {
    ok: Counter,
    rejected: Counter,
    postponed: Counter,
    failed: Counter,
    /// Runs under way.
    pub(crate) running: Gauge,
    seconds: Histogram,
}

/// What was counted of one step since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounts {
    /// Runs that ended, however they did.
    pub runs: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Runs under way.
    pub running: u64,
}

impl StepMetrics {
    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> StepCounts {
        let failed = self.failed.get();
        let others = self.ok.get() + self.rejected.get() + self.postponed.get();
        let running = u64::try_from(self.running.get()).unwrap_or_default();
        StepCounts { runs: others + failed, failed, running }
    }

    /// Counts a run.
    pub fn ran(&self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::ok => self.ok.inc(),
            Outcome::rejected => self.rejected.inc(),
            Outcome::postponed => self.postponed.inc(),
            Outcome::failed => self.failed.inc(),
        };
        self.seconds.observe(took.as_secs_f64());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            runs: Family::default(),
            running: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_1, 4.0, 10))
            }),
            emitted: Family::default(),
            possible_duplicates: Counter::default(),
            dead_letters: Counter::default(),
        };
        metrics.register(|registry| {
            registry.register("motia_step_runs", "Runs of a step's handler", metrics.runs.clone());
            registry.register(
                "motia_step_running",
                "Runs of a step's handler under way",
                metrics.running.clone(),
            );
            registry.register(
                "motia_step_run_seconds",
                "How long a run of a step's handler took",
                metrics.seconds.clone(),
            );
            registry.register(
                "motia_events_emitted",
                "Events emitted on a topic",
                metrics.emitted.clone(),
            );
            registry.register(
                "possible_duplicate",
                "Attempts that may have had their effect before, or whose result came too late",
                metrics.possible_duplicates.clone(),
            );
            registry.register(
                "motia_dead_letters",
                "Deliveries that were given up",
                metrics.dead_letters.clone(),
            );
        });
        metrics
    }
}

impl Metrics {
    /// Adds metrics of one's own.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock());
    }

    /// The counters of a step.
    #[must_use]
    pub fn step(&self, step: &'static str, kind: &'static str) -> StepMetrics {
        let count = |outcome| self.runs.get_or_create(&RunLabels { step, kind, outcome }).clone();
        StepMetrics {
            ok: count(Outcome::ok),
            rejected: count(Outcome::rejected),
            postponed: count(Outcome::postponed),
            failed: count(Outcome::failed),
            running: self.running.get_or_create(&StepLabels { step, kind }).clone(),
            seconds: self.seconds.get_or_create(&StepLabels { step, kind }).clone(),
        }
    }

    /// The counter of a topic.
    #[must_use]
    pub fn topic(&self, topic: &'static str) -> Counter {
        self.emitted.get_or_create(&TopicLabels { topic }).clone()
    }

    /// Counts what of these writes is an event, by its topic.
    pub(crate) fn emitted<'w>(&self, writes: impl IntoIterator<Item = &'w Write>) {
        for write in writes {
            if let Write::Publish { event, .. } = write
                && let Cow::Borrowed(topic) = event.topic
            {
                self.topic(topic).inc();
            }
        }
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry.lock())
            .expect("writing to a string does not fail");
        text
    }
}
