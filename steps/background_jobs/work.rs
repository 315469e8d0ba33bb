//! The work itself, by the type of the job.

mod data;
mod email;
mod image;
mod post;
mod report;

use flows::background_jobs::{Code, Job, JobError};
use motia::prelude::*;

/// Does a job; gives what came of it.
pub(super) async fn run<E>(job: &Job, ctx: &Context<E>) -> Result<Value, JobError> {
    match job.kind.as_str() {
        "email" => email::send(job, ctx).await,
        "image_processing" => image::process(job, ctx).await,
        "data_export" => data::export(job, ctx).await,
        "report_generation" => report::generate(ctx).await,
        "data_processing" => data::process(job, ctx).await,
        other => Err(Code::UnknownType.because(format!(
            "no work is called `{other}`; known: email, image_processing, data_export, \
             report_generation, data_processing"
        ))),
    }
}
