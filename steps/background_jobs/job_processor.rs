//! On `job.enqueued` and `job.retry`: does the job, and keeps what came of it.

use flows::background_jobs::{
    BACKGROUND_JOBS, JobDropped, ToDo,
    attempt::{self, Emits},
    failure::RETRY,
};
use motia::prelude::*;

use super::work;

// What goes wrong in a job is kept with the job, and is the scheduler's to try again. This policy is for
// what goes wrong around it: the process died, the work panicked, the store failed.
const CONFIG: EventConfig<ToDo, Emits> = EventConfig::new("JobProcessor")
    .description("Does jobs, the urgent ones first, and keeps what came of them")
    .retry(RETRY)
    .on_ended::<JobDropped>()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(to_do: ToDo, ctx: Context<Emits>) -> StepResult {
    let Some(record) = attempt::begin(to_do.job(), &ctx).await? else { return Ok(()) };

    let outcome = work::run(&record.job, &ctx).await;

    attempt::settle(&record, outcome, &ctx).await
}

step!(CONFIG, handler);
