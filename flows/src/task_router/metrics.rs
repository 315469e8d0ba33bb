//! What is counted of tasks.

use motia::prelude::*;

/// How long attempts take.
pub const DURATION: Histogram<1> =
    Histogram::new("task_execution_duration_seconds", "How long an attempt at an executor takes")
        .labels(["task"])
        .buckets(&[0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0]);
metric!(DURATION);

/// Attempts that worked out.
pub const SUCCEEDED: Counter<1> =
    Counter::new("task_executions_success_total", "Attempts that worked out").labels(["task"]);
metric!(SUCCEEDED);

/// Attempts that failed.
pub const FAILED: Counter<2> =
    Counter::new("task_executions_failure_total", "Attempts that failed, by what went wrong")
        .labels(["task", "reason"]);
metric!(FAILED);

/// Attempts that run.
pub const ACTIVE: Gauge = Gauge::new("task_executions_active", "Attempts that run now");
metric!(ACTIVE);

/// Counts an attempt as active until it is dropped.
#[derive(Debug)]
pub struct Active<E>(Context<E>);

impl<E> Active<E> {
    /// An attempt that begins.
    #[must_use]
    pub fn count(ctx: &Context<E>) -> Self {
        ctx.metrics.add(ACTIVE, [], 1);
        Self(ctx.clone())
    }
}

impl<E> Drop for Active<E> {
    fn drop(&mut self) {
        self.0.metrics.add(ACTIVE, [], -1);
    }
}

/// Counts how an attempt at a task ended after so long; `reason` is what went wrong, if it did.
pub fn ended<E>(ctx: &Context<E>, task_id: &str, took: Duration, reason: Option<&str>) {
    ctx.metrics.observe(DURATION, [task_id], took);
    match reason {
        None => ctx.metrics.inc(SUCCEEDED, [task_id]),
        Some(reason) => ctx.metrics.inc(FAILED, [task_id, reason]),
    }
}
