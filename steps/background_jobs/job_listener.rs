//! Whoever wants to know what becomes of jobs.

use flows::background_jobs::BACKGROUND_JOBS;
use motia::prelude::*;

const CONFIG: NoopConfig = NoopConfig::new("JobListener")
    .description("Whoever wants to know what becomes of jobs")
    .subscribes(&[
        "job.started",
        "job.completed",
        "job.failed",
        "job.retry.scheduled",
        "process.timeout",
        "process.status.updated",
    ])
    .flows(&[BACKGROUND_JOBS]);

step!(CONFIG);
