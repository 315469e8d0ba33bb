//! Rows that are read, chosen, changed and written, a batch at a time; it can be stopped between two.

mod sink;
mod source;

use flows::background_jobs::{
    Job, JobError, PROGRESS, Urgency,
    data::{Batch, DataRequest, Folder, Processing, Stats},
    settings,
};
use motia::prelude::*;

use self::{sink::Sink, source::Source};

/// Progress is kept after so many batches.
const BATCHES_TOLD: u64 = 10;

/// Does what a data job asks for.
pub(super) async fn process<E>(job: &Job, ctx: &Context<E>) -> Result<Value, JobError> {
    let request: DataRequest = job.read_payload()?;
    run(&job.job_id, request, ctx).await
}

/// What a `data_export` job asks for: a data job with one thing less to say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    data_source: String,
    output_destination: String,
}

/// Writes a data set into a file.
pub(super) async fn export<E>(job: &Job, ctx: &Context<E>) -> Result<Value, JobError> {
    let Export { data_source, output_destination } = job.read_payload()?;
    let request = DataRequest {
        data_source,
        processing_type: Processing::Export,
        batch_size: 1000,
        output_destination,
        filters: Vec::new(),
        transformations: Vec::new(),
        user_id: None,
        priority: Urgency::default(),
    };
    run(&job.job_id, request, ctx).await
}

async fn run<E>(job: &str, request: DataRequest, ctx: &Context<E>) -> Result<Value, JobError> {
    let folder = settings::folder(ctx, settings::FILES);
    let (wanted, token) = (request.clone(), job.to_owned());
    let opened = ctx.blocking(move || -> Result<_, JobError> {
        let folder = Folder::open(&folder)?;
        Ok((Source::open(&wanted, &folder)?, Sink::open(&wanted, &folder, &token)?))
    });
    let (mut source, mut sink) = opened.await??;
    let mut stats = Stats::begun(ctx.now());

    loop {
        let (rest, batch) = source.read(ctx, request.batch_size).await?;
        let Some(batch) = batch else { break };
        source = rest;
        let written: Batch;
        (sink, written) = sink.write(ctx, batch, &request).await?;
        stats.count(&written);
        if stats.batches.is_multiple_of(BATCHES_TOLD) {
            ctx.state.set(PROGRESS, job, &json!(stats)).await?;
        }
    }

    let analysis = sink.keep(ctx).await?;
    let stats = stats.ended(ctx.now());
    ctx.state.set(PROGRESS, job, &json!(stats)).await?;
    let mut result = json!(stats);
    if let Some(analysis) = analysis {
        result["analysis"] = analysis;
    }
    Ok(result)
}
