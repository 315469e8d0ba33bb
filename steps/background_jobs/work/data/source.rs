//! Where rows come from.

use flows::background_jobs::{
    JobError,
    data::{Batch, DataFile, DataRequest, DataSet, Folder, Processing, RowReader},
};
use motia::prelude::*;

/// Where rows come from.
pub(super) enum Source {
    /// A file.
    File(Box<RowReader<DataFile>>),
    /// A data set.
    DataSet(DataSet),
}

impl Source {
    /// Opens what the request names.
    pub(super) fn open(request: &DataRequest, folder: &Folder) -> Result<Self, JobError> {
        let from = request.data_source.as_str();
        if request.processing_type == Processing::Export {
            return Ok(Self::DataSet(DataSet::named(from)?));
        }
        Ok(Self::File(Box::new(RowReader::new(from, folder.read(from)?)?)))
    }

    /// The next rows, and what comes behind them.
    pub(super) async fn read<E>(
        self,
        ctx: &Context<E>,
        size: usize,
    ) -> Result<(Self, Option<Batch>), JobError> {
        match self {
            Self::File(mut reader) => {
                let read = ctx.blocking(move || -> Result<_, JobError> {
                    let batch = reader.batch(size)?;
                    Ok((Self::File(reader), batch))
                });
                read.await?
            }
            Self::DataSet(set) => {
                let (set, batch) = set.read(ctx, size).await?;
                Ok((Self::DataSet(set), batch))
            }
        }
    }
}
