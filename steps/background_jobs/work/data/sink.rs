//! Where rows go to.

use std::{io, io::Write as _};

use flows::background_jobs::{
    Code, JobError,
    data::{
        Analysis, Batch, DataRequest, DataSet, Folder, Processing, RowWriter, draft::Draft,
        reader::Format,
    },
};
use motia::prelude::*;

/// Where rows go to.
pub(super) enum Sink {
    /// Into a file.
    File(RowWriter),
    /// Into figures, and these into a file.
    Figures(Box<Analysis>, Draft),
    /// Into a data set.
    DataSet(DataSet),
}

impl Sink {
    /// Opens what the request names. Nothing appears there before [`keep`](Self::keep), except of an
    /// import, whose batches appear one by one.
    pub(super) fn open(
        request: &DataRequest,
        folder: &Folder,
        token: &str,
    ) -> Result<Self, JobError> {
        let to = request.output_destination.as_str();
        match request.processing_type {
            Processing::Transform | Processing::Export => {
                let format = Format::of(to)?;
                Ok(Self::File(RowWriter::new(format, folder.draft(to, token)?)))
            }
            Processing::Analyze if !to.ends_with(".json") => {
                Err(Code::UnsupportedFormat
                    .because(format!("figures go into a `.json`, not `{to}`")))
            }
            Processing::Analyze => Ok(Self::Figures(Box::default(), folder.draft(to, token)?)),
            Processing::Import => Ok(Self::DataSet(DataSet::named(to)?)),
        }
    }

    /// Refines and writes rows; gives back those that were written.
    pub(super) async fn write<E>(
        self,
        ctx: &Context<E>,
        batch: Batch,
        request: &DataRequest,
    ) -> Result<(Self, Batch), JobError> {
        let (filters, changes) = (request.filters.clone(), request.transformations.clone());
        let refine = move || batch.refined(&filters, &changes);
        match self {
            Self::File(mut writer) => {
                let write = ctx.blocking(move || -> Result<_, JobError> {
                    let batch = writer.write_all(refine()).map_err(|e| fault(&e))?;
                    Ok((Self::File(writer), batch))
                });
                write.await?
            }
            Self::Figures(mut analysis, draft) => {
                let count = ctx.blocking(move || {
                    let batch = refine();
                    batch.rows.iter().for_each(|(_, row)| analysis.count(row));
                    (Self::Figures(analysis, draft), batch)
                });
                Ok(count.await?)
            }
            Self::DataSet(set) => {
                let batch = ctx.blocking(refine).await?;
                Ok((Self::DataSet(set.write(ctx, &batch).await?), batch))
            }
        }
    }

    /// Makes what was written appear; gives the figures, if it was these.
    pub(super) async fn keep<E>(self, ctx: &Context<E>) -> Result<Option<Value>, JobError> {
        match self {
            Self::File(writer) => {
                ctx.blocking(move || writer.keep()).await?.map_err(|e| fault(&e))?;
                Ok(None)
            }
            Self::Figures(analysis, mut draft) => {
                let report = analysis.report();
                let text = report.to_string();
                let kept = ctx
                    .blocking(move || draft.write_all(text.as_bytes()).and_then(|()| draft.keep()));
                kept.await?.map_err(|e| fault(&e))?;
                Ok(Some(report))
            }
            Self::DataSet(set) => {
                set.end(ctx).await?;
                Ok(None)
            }
        }
    }
}

fn fault(error: &io::Error) -> JobError {
    Code::TemporaryFailure.because(format!("cannot write: {error}"))
}
