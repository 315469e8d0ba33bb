//! One attempt of a handler, whatever its kind: panics and timeouts end as errors, time is measured.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::Either;
use motia_core::{
    context::{Engine, Run},
    error::{StepError, StepResult},
    registry::Step,
    trace::TraceContext,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::runs::{current, observe::Observer};

/// The handler did not end well by itself.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// It panicked.
    #[error("the handler panicked: {0}")]
    Panicked(String),
    /// It took too long.
    #[error("the handler took longer than its timeout of {0:?}")]
    TimedOut(Duration),
    /// It took too long and blocked its thread.
    #[error("the handler took longer than its timeout of {0:?} and blocked its thread")]
    Blocked(Duration),
}

/// A first attempt of `step`, which should stop when `cancelled` says so.
pub fn first_run(
    engine: Arc<dyn Engine>,
    step: &Step,
    trace: TraceContext,
    cancelled: Arc<CancellationToken>,
) -> Run {
    Run { flows: step.about.flows, ..Run::stopped_by(engine, step.name(), trace, cancelled) }
}

/// Runs a handler's future to its end, or to the end of its time, and leaves a record of it. It is created
/// here too, so that a panic on the way to its first await is caught as well.
///
/// # Errors
/// The handler's own, or [`Interrupted`]: both are tried again.
pub(crate) async fn attempt<T, F>(
    observer: &Observer,
    run: &Arc<Run>,
    timeout: Option<Duration>,
    start: impl FnOnce() -> F,
    status: impl FnOnce(&StepResult<T>) -> Option<u16>,
) -> StepResult<T>
where
    F: Future<Output = StepResult<T>>,
{
    observer.began();
    let watch = Watch { observer, run, began: Instant::now() };
    let handler = pin!(Some(async { start().await }));
    let caught = Contained(handler);
    let caught = match run.notes {
        None => Either::Left(caught),
        Some(_) => Either::Right(current::within(run.clone(), caught)),
    };
    let ended = match timeout {
        None => Ok(caught.await),
        Some(limit) => tokio::time::timeout(limit, caught).await.map_err(|_| limit),
    };
    let result = match ended {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(StepError::retry(Interrupted::Panicked(panic))),
        Err(limit) => Err(StepError::retry(Interrupted::TimedOut(limit))),
    };
    watch.ended(&result, status);
    result
}

/// Sees the end of a run, also of one that is dropped before it.
struct Watch<'r> {
    observer: &'r Observer,
    run: &'r Run,
    began: Instant,
}

impl Watch<'_> {
    fn ended<T>(self, result: &StepResult<T>, status: impl FnOnce(&StepResult<T>) -> Option<u16>) {
        self.observer.ended(self.run, self.began.elapsed(), result, status);
        std::mem::forget(self); // it holds nothing but borrows
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.observer.broken_off(self.run, self.began.elapsed());
    }
}

/// A handler's future that takes nobody along when it panics: neither while it runs nor while it is
/// dropped, because it took too long or was cancelled.
struct Contained<'p, F>(Pin<&'p mut Option<F>>);

impl<F: Future> Future for Contained<'_, F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let handler = self.0.as_mut().as_pin_mut().expect("it is there until it is dropped");
        match catch_unwind(AssertUnwindSafe(|| handler.poll(task))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(said(&*panic))),
        }
    }
}

impl<F> Drop for Contained<'_, F> {
    fn drop(&mut self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.0.set(None))) {
            tracing::error!(panic = said(&*panic), "a handler panicked while it was dropped");
        }
    }
}

/// What a panic said, on one line.
fn said(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    message.lines().next().unwrap_or_default().to_owned()
}
