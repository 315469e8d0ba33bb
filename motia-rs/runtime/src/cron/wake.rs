//! The port that wakes the planner shortly before a firing, and its adapters.
//!
//! A wake-up need not be precise, and need not come at all: the planner keeps its own time for the
//! last seconds and looks at the clock by itself now and then.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::store::BoxFuture;
use tokio::sync::{Notify, OnceCell};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::clock::until;

/// Wakes the planner at an instant of the wall clock, or a few seconds before.
pub trait Wake: Send + Sync + 'static {
    /// Resolves near `at`, as seen from `now`. Dropping it calls the wake-up off.
    fn near(&self, at: Timestamp, now: Timestamp) -> BoxFuture<'_, ()>;

    /// Lets go of whatever wakes: the app shuts down.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Sleeps by tokio's clock, which a test can pause and move.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioWake;

impl Wake for TokioWake {
    fn near(&self, at: Timestamp, now: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(until(at, now)))
    }
}

/// Hands instants to tokio-cron-scheduler, which looks at the wall clock twice a second and so
/// notices when it was set, or when the machine slept.
///
/// The planner asks for one instant at a time, and for none that is closer than five seconds: the
/// scheduler reads instants as whole seconds, rings up to half a second late, loses what falls due
/// together, and may lose what falls due while it is being added. It starts with the first instant,
/// so an app without cron steps has none running.
#[derive(Default)]
pub struct SchedulerWake {
    scheduler: OnceCell<JobScheduler>,
}

/// How long before the firing the scheduler is to ring: more than it may be late.
const LEAD: Duration = Duration::from_secs(1);

impl SchedulerWake {
    /// A job that rings once, `ahead` from now.
    async fn ring(&self, ahead: Duration) -> Result<Arc<Notify>, JobSchedulerError> {
        let scheduler = self.scheduler.get_or_try_init(started).await?;
        let bell = Arc::new(Notify::new());
        let rung = bell.clone();
        let at = std::time::Instant::now() + ahead;
        let job = Job::new_one_shot_at_instant_async(at, move |_, _| {
            let bell = bell.clone();
            Box::pin(async move { bell.notify_one() })
        })?;
        scheduler.add(job).await?;
        Ok(rung)
    }
}

async fn started() -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler.start().await?;
    Ok(scheduler)
}

impl Wake for SchedulerWake {
    fn near(&self, at: Timestamp, now: Timestamp) -> BoxFuture<'_, ()> {
        let ahead = until(at, now).saturating_sub(LEAD);
        Box::pin(async move {
            match self.ring(ahead).await {
                Ok(rung) => rung.notified().await,
                Err(error) => {
                    tracing::warn!(%error, "the scheduler takes no instant; the planner looks by itself");
                    std::future::pending::<()>().await;
                }
            }
        })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(scheduler) = self.scheduler.get() else { return };
            if let Err(error) = scheduler.clone().shutdown().await {
                tracing::warn!(%error, "the scheduler does not stop");
            }
        })
    }
}

impl std::fmt::Debug for SchedulerWake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchedulerWake").field("started", &self.scheduler.initialized()).finish()
    }
}

#[cfg(test)]
mod tests {
    use motia_core::clock::Clock as _;

    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_scheduler_rings_before_the_firing_and_never_long_before() {
        let wake = SchedulerWake::default();
        let now = SystemClock.now();
        let at = now + Duration::from_millis(3500);

        tokio::time::timeout(Duration::from_secs(5), wake.near(at, now)).await.unwrap();
        let left = at.duration_since(SystemClock.now()).as_secs_f64();
        wake.stop().await;

        assert!((0.0..3.5).contains(&left), "{left} s were left");
    }

    #[tokio::test]
    async fn an_app_without_cron_steps_starts_no_scheduler() {
        let wake = SchedulerWake::default();

        wake.stop().await;

        assert!(!wake.scheduler.initialized());
    }
}
