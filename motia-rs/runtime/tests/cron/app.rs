//! A runtime over a memory store whose clock tells what the test says, and whose steps take notes.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use motia_core::{
    clock::Clock,
    config::cron::CronConfig,
    context::Context,
    error::StepResult,
    registry::{Definition, Registry},
    store::Store,
};
use motia_runtime::{Runtime, Settings, clock::TokioClock, cron::TokioWake};
use motia_store::MemoryStore;
use parking_lot::Mutex;

/// What the steps took down: who ran, and when.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<(String, Timestamp)>>>);

impl Notes {
    pub(crate) fn take_down(&self, ctx: &Context) {
        self.0.lock().push((ctx.step().to_owned(), ctx.now()));
    }

    /// When anything ran, to the second, as `format` says.
    pub(crate) fn times(&self, format: &str) -> Vec<String> {
        self.0.lock().iter().map(|(_, at)| at.strftime(format).to_string()).collect()
    }

    pub(crate) fn of(&self, step: &str) -> Vec<Timestamp> {
        self.0.lock().iter().filter(|(name, _)| name == step).map(|(_, at)| *at).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// A handler that takes down its start and then takes so long.
    pub(crate) fn lasting(
        &self,
        run: Duration,
    ) -> impl Fn(Context) -> std::pin::Pin<Box<dyn Future<Output = StepResult> + Send>>
    + Clone
    + Send
    + Sync
    + 'static {
        let notes = self.clone();
        move |ctx: Context| {
            let notes = notes.clone();
            Box::pin(async move {
                notes.take_down(&ctx);
                if !run.is_zero() {
                    tokio::time::sleep(run).await;
                }
                Ok(())
            })
        }
    }

    /// A step that takes down its start and then takes so long.
    pub(crate) fn step(&self, config: CronConfig, run: Duration) -> Definition {
        config.bind(self.lasting(run))
    }
}

/// Follows tokio's paused clock, and can be set.
pub(crate) struct WallClock {
    course: TokioClock,
    set_by_ms: AtomicI64,
}

impl WallClock {
    pub(crate) fn reading(now: &str) -> Arc<Self> {
        let course = TokioClock::starting_at(at(now));
        Arc::new(Self { course, set_by_ms: AtomicI64::new(0) })
    }

    pub(crate) fn set_by(&self, by: SignedDuration) {
        self.set_by_ms.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        self.course.now() + SignedDuration::from_millis(self.set_by_ms.load(Ordering::SeqCst))
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) async fn start(
    steps: impl IntoIterator<Item = Definition>,
    store: &Arc<impl Store>,
    clock: &Arc<impl Clock>,
) -> Runtime {
    let steps = steps.into_iter().map(|step| (step, motia_core::source!()));
    let registry = Registry::of(steps, []);
    let (clock, wake) = (clock.clone(), Arc::new(TokioWake));
    Runtime::start(registry, store.clone(), clock, wake, &[], Settings::default()).await.unwrap()
}

/// A runtime over an empty store of its own.
pub(crate) async fn fresh(step: Definition, now: &str) -> (Runtime, Arc<WallClock>) {
    let (store, clock) = (Arc::new(MemoryStore::new()), WallClock::reading(now));
    (start([step], &store, &clock).await, clock)
}

/// Lets time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}
