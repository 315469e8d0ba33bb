//! Data jobs: rows that are read, chosen, changed and written, a batch at a time.
//!
//! # Layout
//! - [`folder`]: the folder that no path leads out of; [`draft`]: a file that appears whole or not at all
//! - [`reader`], [`writer`]: CSV and NDJSON; [`set`]: rows that are kept in the state
//! - [`filter`], [`transformation`]: which rows, and how changed; [`analysis`]: what is in them
//! - [`stats`]: what became of all rows

pub mod analysis;
pub mod draft;
pub mod filter;
pub mod folder;
pub mod reader;
pub mod set;
pub mod stats;
pub mod transformation;
pub mod writer;

use motia::prelude::*;
use serde_json::Map;

pub use analysis::Analysis;
pub use filter::Filter;
pub use folder::{DataFile, Folder};
pub use reader::RowReader;
pub use set::DataSet;
pub use stats::Stats;
pub use transformation::Transformation;
pub use writer::RowWriter;

use super::{Job, Urgency};

/// The type of jobs that process data.
pub const KIND: &str = "data_processing";

/// A data job makes two attempts, where nothing else is said.
pub const ATTEMPTS: u32 = 2;

/// A row: values by the names of their columns.
pub type Row = Map<String, Value>;

/// Rows are to be processed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataRequest {
    /// The file to read, `.csv`, `.ndjson` or `.jsonl`; of an export, the data set.
    #[schemars(length(min = 1, max = 512))]
    pub data_source: String,
    /// What is done.
    pub processing_type: Processing,
    /// So many rows at a time.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 10_000))]
    pub batch_size: usize,
    /// The file to write; of an import, the data set; of an analysis, a `.json` file.
    #[schemars(length(min = 1, max = 512))]
    pub output_destination: String,
    /// Only rows of which all of these are true.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub filters: Vec<Filter>,
    /// How each row is changed, one after the other.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub transformations: Vec<Transformation>,
    /// Who asks for it.
    pub user_id: Option<String>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Urgency,
}
topic!(DataRequest = "data.processing.requested");

const fn thousand() -> usize {
    1000
}

/// What is done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Processing {
    /// From file to file.
    Transform,
    /// From a file to figures.
    Analyze,
    /// From a data set to a file.
    Export,
    /// From a file to a data set.
    Import,
}

impl DataRequest {
    /// The job that does it.
    #[must_use]
    pub fn into_job(self, job_id: String) -> Job {
        let (priority, created_by) = (self.priority, self.user_id.clone());
        let Ok(Value::Object(payload)) = serde_json::to_value(self) else {
            unreachable!("a struct with text keys is a JSON object");
        };
        Job { job_id, priority, created_by, max_attempts: ATTEMPTS, ..Job::new(KIND, payload) }
    }
}

/// Rows of a batch, and what is wrong with others.
#[derive(Debug, Default)]
pub struct Batch {
    /// Rows with their places in the source, from 1.
    pub rows: Vec<(u64, Row)>,
    /// What is wrong with rows that are left out, by their places.
    pub faults: Vec<(u64, String)>,
    /// Rows that no filter let through.
    pub filtered: u64,
}

impl Batch {
    /// How many rows were read for it.
    #[must_use]
    pub fn read(&self) -> u64 {
        (self.rows.len() + self.faults.len()) as u64 + self.filtered
    }

    /// Leaves out the rows that a filter holds back, and changes the others.
    #[must_use]
    pub fn refined(self, filters: &[Filter], transformations: &[Transformation]) -> Self {
        let Self { rows, mut faults, mut filtered } = self;
        let mut refined = Vec::with_capacity(rows.len());
        for (place, row) in rows {
            if !filters.iter().all(|filter| filter.lets_through(&row)) {
                filtered += 1;
                continue;
            }
            match transformations.iter().try_fold(row, |row, change| change.apply(row)) {
                Ok(row) => refined.push((place, row)),
                Err(fault) => faults.push((place, fault)),
            }
        }
        Self { rows: refined, faults, filtered }
    }
}
