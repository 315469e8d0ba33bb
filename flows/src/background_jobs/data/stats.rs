//! What became of all rows of a data job.

use motia::prelude::*;

use super::Batch;

/// Batches with broken rows of which something is told.
const MOST_BATCHES_TOLD: usize = 10;
/// What is told of the broken rows of a batch.
const MOST_MESSAGES: usize = 3;

/// What became of all rows of a data job, so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// When the first was read.
    pub start_time: Timestamp,
    /// When the last was written.
    pub end_time: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration: Option<i64>,
    /// Rows read.
    pub total_records: u64,
    /// Rows written, or counted.
    pub processed_records: u64,
    /// Rows that no filter let through.
    pub filtered_records: u64,
    /// Rows that are broken.
    pub error_records: u64,
    /// Batches read.
    pub batches: u64,
    /// What is wrong with broken rows, of the first batches that had some.
    pub errors: Vec<BatchErrors>,
}

/// What is wrong with the broken rows of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchErrors {
    /// The batch, from 1.
    pub batch: u64,
    /// Its broken rows.
    pub records: usize,
    /// What is wrong with the first of them.
    pub messages: Vec<String>,
}

impl Stats {
    /// Nothing was read yet.
    #[must_use]
    pub fn begun(start_time: Timestamp) -> Self {
        Self {
            start_time,
            end_time: None,
            duration: None,
            total_records: 0,
            processed_records: 0,
            filtered_records: 0,
            error_records: 0,
            batches: 0,
            errors: Vec::new(),
        }
    }

    /// A batch was written.
    pub fn count(&mut self, batch: &Batch) {
        self.batches += 1;
        self.total_records += batch.read();
        self.processed_records += batch.rows.len() as u64;
        self.filtered_records += batch.filtered;
        self.error_records += batch.faults.len() as u64;
        if !batch.faults.is_empty() && self.errors.len() < MOST_BATCHES_TOLD {
            let told = |(place, fault): &(u64, String)| {
                let fault: String = fault.chars().take(200).collect();
                format!("row {place}: {fault}")
            };
            let messages = batch.faults.iter().take(MOST_MESSAGES).map(told).collect();
            let records = batch.faults.len();
            self.errors.push(BatchErrors { batch: self.batches, records, messages });
        }
    }

    /// The last batch was written.
    #[must_use]
    pub fn ended(self, now: Timestamp) -> Self {
        let duration = now.as_millisecond() - self.start_time.as_millisecond();
        Self { end_time: Some(now), duration: Some(duration), ..self }
    }
}
