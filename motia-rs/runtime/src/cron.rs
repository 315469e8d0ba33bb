//! Cron steps: each fires at its time, once, whoever else is there to fire it.
//!
//! # Layout
//! - [`planner`]: one task that knows which step fires next, and sleeps until then
//! - [`wake`]: the port that wakes it shortly before; tokio-cron-scheduler is behind it
//! - [`job`]: one step at work: claims what is due, in order, and runs the handler
//! - [`desk`]: which firings find room while a run is under way
//! - [`missed`]: which of those that nobody was there for are made up for
//! - [`ledger`]: what the store keeps, so that a firing is made once
//!
//! # Promises
//! - A step fires within 50 ms of its time, and within what the store needs for its commit where that
//!   is more. A wake-up that is late or lost delays a firing and loses none.
//! - A firing is claimed in the store before it is made: no other instance makes it, and no restart
//!   makes it again. A process that ends during a run does not have it made a second time.
//! - Unless a step lets its runs overlap, one runs at a time, whichever instance it runs in. An
//!   instance that dies holds the others up for 15 s at most.
//! - A firing that is seen more than a minute late was missed: the step's catch-up decides.
//! - A clock that is set forward passes over firings, which were then missed. A clock that is set
//!   back by more than a minute has the schedule go on from the time it shows. The last firing that
//!   was made is known, and is not made again when its instant is the next to come again; where
//!   others come before it, they fire, and so does it. Set back by less, nothing fires again.
//! - A step that is new, or whose schedule was changed, has missed nothing.

mod desk;
mod job;
mod ledger;
mod missed;
mod planner;
pub mod wake;

use std::{collections::HashMap, fmt, sync::Arc};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use motia_core::{
    config::{CatchUp, Overlap},
    context::Engine,
    registry::{Kind, Step},
    schedule::{InvalidSchedule, Schedule},
    store::{StoreError, every_page},
    trace::{TraceContext, TraceId},
};
use parking_lot::Mutex;
use serde::Serialize;
pub use wake::{SchedulerWake, TokioWake, Wake};

use self::{
    desk::Desk,
    job::Job,
    ledger::{Claim, GROUP, Ledger, Record},
    planner::Planner,
};
use crate::{runs::observe::Observers, tasks::Tasks};

/// The cron steps of a running app.
pub struct Cron {
    jobs: Vec<Arc<Job>>,
    /// The instants up to which the jobs' firings were settled when they were read.
    settled: Vec<Timestamp>,
    engine: Arc<dyn Engine>,
    tasks: Tasks,
}

/// How it stands with a cron step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CronStatus {
    /// The step's name.
    pub step: &'static str,
    /// Its schedule, as it was written.
    pub schedule: &'static str,
    /// The time zone that the schedule is read in.
    pub timezone: &'static str,
    /// The next firing.
    pub next: Option<Timestamp>,
    /// The next firings, soonest first: [`Cron::UPCOMING`] of them.
    pub upcoming: Vec<Timestamp>,
    /// The last firing that was made, by any instance; a run that was asked for is none.
    pub last_fired: Option<Timestamp>,
    /// Whether a run is under way, in this instance or, where runs do not overlap, in any.
    pub running: bool,
    /// What happens when a firing comes while the last one still runs.
    pub overlap: Overlap,
    /// What happens to firings that were missed.
    pub catch_up: CatchUp,
}

/// The cron steps could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenCronError {
    /// A schedule cannot be; the boot check says so before.
    #[error("cron step `{step}`: {error}")]
    Schedule {
        /// The step's name.
        step: &'static str,
        /// What is wrong with it.
        error: InvalidSchedule,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run that was asked for does not come to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunNowError {
    /// There is no such cron step.
    #[error("there is no cron step `{step}`; there is {}", listed(known))]
    Unknown {
        /// What was asked for.
        step: String,
        /// The cron steps that there are.
        known: Vec<&'static str>,
    },
    /// The step runs, and its runs do not overlap.
    #[error("`{0}` runs already, and its runs do not overlap: try again when it has ended")]
    AlreadyRunning(&'static str),
    /// The app shuts down.
    #[error("the app shuts down and begins nothing new")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listed(known: &[&str]) -> String {
    if known.is_empty() { "none".into() } else { format!("`{}`", known.join("`, `")) }
}

impl Cron {
    /// How many firings ahead a [`CronStatus`] tells.
    pub const UPCOMING: usize = 5;

    /// Reads what the store keeps of the cron steps among `steps`; nothing fires yet.
    ///
    /// # Errors
    /// When a schedule cannot be read, or the store fails.
    pub(crate) async fn open(
        steps: &[Arc<Step>],
        engine: Arc<dyn Engine>,
        tasks: &Tasks,
        observers: &Observers,
    ) -> Result<Self, OpenCronError> {
        let instance: Arc<str> = format!("{:016x}", rand::random::<u64>()).into();
        let cron = steps.iter().filter(|step| matches!(step.kind, Kind::Cron(_)));
        let made = cron.map(|step| job(step, &engine, tasks, observers, &instance));
        let jobs: Vec<_> = made.collect::<Result<_, _>>()?;
        let settled = try_join_all(jobs.iter().map(|job| job.ledger.open())).await?;
        Ok(Self { jobs, settled, engine, tasks: tasks.clone() })
    }

    /// Makes up for what was missed, as each step says, and fires from now on, until the tasks stop.
    pub fn start(&self, wake: Arc<dyn Wake>) {
        if self.jobs.is_empty() {
            return;
        }
        let opened = self.jobs.iter().cloned().zip(self.settled.iter().copied());
        let planner = Planner::new(self.engine.clone(), wake, opened);
        self.tasks.spawn(planner.run(self.tasks.stopping().clone()));
    }

    /// How it stands with each cron step, in name order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<CronStatus>, StoreError> {
        let now = self.engine.now();
        let records = self.records(now).await?;
        Ok(self.jobs.iter().map(|job| job.status(records.get(job.name()), now)).collect())
    }

    /// Runs a step now, beside its schedule: its next firings and its last one stay what they are.
    /// Resolves when the run begins, or waits its turn, with the trace to follow it by.
    ///
    /// # Errors
    /// When there is no such cron step, when it runs and does not overlap, or at a shutdown.
    pub async fn run_now(&self, step: &str) -> Result<TraceId, RunNowError> {
        self.run_asked(step, "run now".to_owned()).await
    }

    /// The same in somebody's name, which the list of runs shows.
    ///
    /// # Errors
    /// As [`run_now`](Self::run_now).
    pub async fn run_now_by(&self, step: &str, by: &str) -> Result<TraceId, RunNowError> {
        self.run_asked(step, format!("run now by {by}")).await
    }

    async fn run_asked(&self, step: &str, why: String) -> Result<TraceId, RunNowError> {
        let Some(job) = self.jobs.iter().find(|job| job.name() == step) else {
            let known = self.jobs.iter().map(|job| job.name()).collect();
            return Err(RunNowError::Unknown { step: step.to_owned(), known });
        };
        let trace = TraceContext::root();
        match job.ask(trace, why).await? {
            Claim::Ours => Ok(trace.trace_id),
            Claim::Held => Err(RunNowError::AlreadyRunning(job.name())),
            Claim::Settled => Err(RunNowError::Stopping),
        }
    }

    async fn records(&self, now: Timestamp) -> Result<HashMap<String, Record>, StoreError> {
        let mut records = HashMap::new();
        let read = |request| self.engine.store().page(GROUP, request, now);
        every_page(read, |items| {
            let kept = items.into_iter();
            records
                .extend(kept.filter_map(|(step, entry)| Some((step, entry.value.decode().ok()?))));
        })
        .await?;
        Ok(records)
    }
}

fn job(
    step: &Arc<Step>,
    engine: &Arc<dyn Engine>,
    tasks: &Tasks,
    observers: &Observers,
    instance: &Arc<str>,
) -> Result<Arc<Job>, OpenCronError> {
    let Kind::Cron(cron) = &step.kind else { unreachable!("only cron steps are made into jobs") };
    let options = &cron.options;
    let schedule = Schedule::of(options)
        .map_err(|error| OpenCronError::Schedule { step: step.name(), error })?;
    let shared = engine.store().capabilities().multi_instance;
    let ledger = Ledger {
        engine: engine.clone(),
        step: step.name(),
        schedule: format!("{} {}", options.schedule, options.timezone),
        instance: instance.clone(),
        leased: shared && options.overlap != Overlap::Allow,
    };
    Ok(Arc::new(Job {
        step: step.clone(),
        schedule,
        ledger,
        engine: engine.clone(),
        tasks: tasks.clone(),
        observer: observers.of(step.name(), "cron"),
        desk: Mutex::new(Desk::default()),
    }))
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.jobs.iter().map(|job| job.name())).finish()
    }
}
