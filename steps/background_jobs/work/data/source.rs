//! Where rows come from.

use flows::background_jobs::{
    Code, JobError,
    data::{
        Batch, DATA_SETS, DataFile, DataRequest, Folder, Processing, ROWS, RowReader, data_set,
        row_key,
    },
};
use motia::prelude::*;

/// Where rows come from.
pub(super) enum Source {
    /// A file.
    File(Box<RowReader<DataFile>>),
    /// A data set, and the key that was read last.
    DataSet { name: String, after: String, place: u64 },
}

impl Source {
    /// Opens what the request names.
    pub(super) fn open(request: &DataRequest, folder: &Folder) -> Result<Self, JobError> {
        let from = request.data_source.as_str();
        if request.processing_type == Processing::Export {
            let name = data_set(from)?.to_owned();
            return Ok(Self::DataSet { after: row_key(&name, 0), name, place: 0 });
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
            Self::DataSet { name, mut after, mut place } => {
                let page = ctx.state.group(ROWS).limit(size).after(after.clone()).await?;
                let mut batch = Batch::default();
                for (key, row) in page.items {
                    if !is_of(&key, &name) {
                        break;
                    }
                    place += 1;
                    batch.rows.push((place, row));
                    after = key;
                }
                if place == 0 && ctx.state.get(DATA_SETS, &name).await?.is_none() {
                    let fault = format!("no data set is called `{name}`: import it first");
                    return Err(Code::SourceNotFound.because(fault));
                }
                let batch = (batch.read() > 0).then_some(batch);
                Ok((Self::DataSet { name, after, place }, batch))
            }
        }
    }
}

/// Whether a row belongs to a data set, by its key.
pub(super) fn is_of(key: &str, data_set: &str) -> bool {
    key.strip_prefix(data_set).is_some_and(|rest| rest.starts_with('/'))
}
