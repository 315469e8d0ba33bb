//! Where rows go to.

use std::{io, io::Write as _};

use flows::background_jobs::{
    Code, JobError,
    data::{
        Analysis, Batch, DATA_SETS, DataRequest, Folder, Processing, ROWS, RowWriter, data_set,
        draft::Draft, reader::Format, row_key,
    },
};
use motia::prelude::*;

use super::source::is_of;

/// Where rows go to.
pub(super) enum Sink {
    /// Into a file.
    File(RowWriter),
    /// Into figures, and these into a file.
    Figures(Box<Analysis>, Draft),
    /// Into a data set, of which so many places are taken.
    DataSet { name: String, last: u64 },
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
            Processing::Import => Ok(Self::DataSet { name: data_set(to)?.to_owned(), last: 0 }),
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
                    let batch = write_rows(&mut writer, refine()).map_err(|e| fault(&e))?;
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
            Self::DataSet { name, mut last } => {
                let batch = ctx.blocking(refine).await?;
                let mut tx = ctx.transaction();
                for (_, row) in &batch.rows {
                    last += 1;
                    tx.set(ROWS, &row_key(&name, last), row);
                }
                tx.commit().await?;
                Ok((Self::DataSet { name, last }, batch))
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
            Self::DataSet { name, last } => {
                remove_behind(ctx, &name, last).await?;
                ctx.state.set(DATA_SETS, &name, &last).await?;
                Ok(None)
            }
        }
    }
}

/// Writes rows, and leaves out those that the file cannot take.
fn write_rows(writer: &mut RowWriter, batch: Batch) -> io::Result<Batch> {
    let Batch { rows, mut faults, filtered } = batch;
    let mut written = Vec::with_capacity(rows.len());
    for (place, row) in rows {
        match writer.write(&row)? {
            Ok(()) => written.push((place, row)),
            Err(fault) => faults.push((place, fault)),
        }
    }
    Ok(Batch { rows: written, faults, filtered })
}

/// Removes what an import of a longer file has left in a data set.
async fn remove_behind<E>(ctx: &Context<E>, name: &str, last: u64) -> Result<(), JobError> {
    loop {
        let page = ctx.state.group(ROWS).limit(1000).after(row_key(name, last)).await?;
        let mut tx = ctx.transaction();
        let mut left = 0;
        for (key, _) in page.items.iter().filter(|(key, _)| is_of(key, name)) {
            tx.delete(ROWS, key);
            left += 1;
        }
        if left == 0 {
            return Ok(());
        }
        tx.commit().await?;
    }
}

fn fault(error: &io::Error) -> JobError {
    Code::TemporaryFailure.because(format!("cannot write: {error}"))
}
