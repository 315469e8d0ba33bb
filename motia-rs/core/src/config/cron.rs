//! Cron steps: a handler that runs by the clock.

use std::{future::Future, marker::PhantomData, time::Duration};

use super::{About, about_builders, nothing_to_check, schedule::assert_schedule};
use crate::{
    context::Context,
    error::StepResult,
    registry::{CronStep, Definition, Kind},
    store::BoxFuture,
    topic::TopicSet,
};

/// The config of a cron step that emits the topics of `E`.
///
/// A local time that a clock change skips fires at the jump; one that comes twice fires once.
///
/// # Example: Monday mornings in Rome
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::{CatchUp, CronConfig, Overlap}, context::Context, error::StepResult};
/// const CONFIG: CronConfig = CronConfig::new("StateAuditJob", "0 9 * * MON")
///     .timezone("Europe/Rome")
///     .overlap(Overlap::Skip)
///     .catch_up(CatchUp::Last);
///
/// async fn handler(_ctx: Context) -> StepResult {
///     Ok(())
/// }
///
/// motia::step!(CONFIG, handler);
/// ```
///
/// # Example: a schedule that does not compile
/// ```compile_fail
/// # use motia_core::config::CronConfig;
/// const CONFIG: CronConfig = CronConfig::new("Nightly", "0 25 * * *"); // there is no hour 25
/// ```
pub struct CronConfig<E = ()> {
    about: About,
    options: CronOptions,
    types: PhantomData<fn() -> E>,
}

/// When a cron step runs.
#[derive(Debug, Clone, Copy)]
pub struct CronOptions {
    /// Five fields, six with seconds first, or a form such as `@daily`.
    pub schedule: &'static str,
    /// The IANA time zone that the schedule is read in.
    pub timezone: &'static str,
    /// What happens when a firing comes while the last one still runs.
    pub overlap: Overlap,
    /// What happens to firings that were missed.
    pub catch_up: CatchUp,
    /// How far back missed firings are looked for.
    pub catch_up_window: Duration,
    /// How long one run may take; `None`: as long as it likes.
    pub timeout: Option<Duration>,
    /// Topics it emits, named for the graph only, as `emit_raw` does.
    pub emits_raw: &'static [&'static str],
}

/// What happens when a firing comes while the last one still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Overlap {
    /// It is left out.
    Skip,
    /// It runs when the last one has ended; at most one waits.
    Queue,
    /// Both run.
    Allow,
}

/// What happens to firings that were missed while nobody ran the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CatchUp {
    /// They are left out.
    None,
    /// The last of them is made up for.
    Last,
    /// Each of them is made up for, at most so many, the latest.
    All(u16),
}

impl<E> CronConfig<E> {
    /// A step of this name and schedule: five fields, six with seconds first, or a form such as
    /// `@daily`. Read in UTC where nothing else is said.
    ///
    /// # Panics
    /// At compile time, when the name or the schedule cannot be.
    #[must_use]
    pub const fn new(name: &'static str, schedule: &'static str) -> Self {
        assert_schedule(schedule);
        let options = CronOptions {
            schedule,
            timezone: "UTC",
            overlap: Overlap::Skip,
            catch_up: CatchUp::None,
            catch_up_window: Duration::from_secs(24 * 60 * 60),
            timeout: None,
            emits_raw: &[],
        };
        Self { about: About::new(name), options, types: PhantomData }
    }

    about_builders!();
    nothing_to_check!();

    /// The IANA time zone that the schedule is read in, such as `Europe/Rome`. UTC where nothing is
    /// said.
    #[must_use]
    pub const fn timezone(mut self, timezone: &'static str) -> Self {
        self.options.timezone = timezone;
        self
    }

    /// What happens when a firing comes while the last one still runs: left out where nothing is
    /// said.
    #[must_use]
    pub const fn overlap(mut self, overlap: Overlap) -> Self {
        self.options.overlap = overlap;
        self
    }

    /// What happens to firings that were missed while nobody ran the app: left out where nothing is
    /// said.
    #[must_use]
    pub const fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.options.catch_up = catch_up;
        self
    }

    /// How far back missed firings are looked for: 24 hours where nothing is said.
    #[must_use]
    pub const fn catch_up_window(mut self, window: Duration) -> Self {
        self.options.catch_up_window = window;
        self
    }

    /// Ends a run that takes longer.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        assert!(!timeout.is_zero(), "a run needs some time");
        self.options.timeout = Some(timeout);
        self
    }

    /// Names topics that the handler emits with `emit_raw`, for the graph.
    #[must_use]
    pub const fn emits_raw(mut self, topics: &'static [&'static str]) -> Self {
        self.options.emits_raw = topics;
        self
    }

    /// Joins the config to its handler; [`step!`](crate::step!) calls it.
    pub fn bind<F, Fut>(self, handler: F) -> Definition
    where
        E: TopicSet,
        F: Fn(Context<E>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        let erased = move |ctx: Context| {
            let handler = handler.clone();
            Box::pin(async move { handler(ctx.narrow()).await }) as BoxFuture<'static, _>
        };
        Definition {
            about: self.about,
            emits: crate::registry::emits(E::topics(), self.options.emits_raw),
            subscribes: Vec::new(),
            kind: Kind::Cron(CronStep { options: self.options, handler: Box::new(erased) }),
        }
    }
}
