//! How the jobs are that run: how many, of which types, for how long.

use std::collections::BTreeMap;

use motia::{
    context::{State, StateError},
    prelude::*,
};

use super::shelf::{self, Placed, RUNNING};

/// The last report, under [`LATEST`].
pub const HEALTH: StateGroup<HealthReport> = StateGroup::new("process-health");
/// The key of the last report.
pub const LATEST: &str = "latest";

/// How the jobs are that run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthReport {
    /// Jobs that run.
    pub total_running: u64,
    /// The same, by type.
    pub by_type: BTreeMap<String, OfType>,
    /// How long they have run on average, in milliseconds.
    pub average_runtime: f64,
    /// The one that has run longest.
    pub longest_running: Option<Running>,
    /// When this was so.
    pub timestamp: Timestamp,
}

/// Jobs of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfType {
    /// How many run.
    pub count: u64,
    /// How long all of them together, in milliseconds.
    pub total_runtime: i64,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Since when.
    pub started_at: Timestamp,
    /// For how long, in milliseconds.
    pub runtime: i64,
}

/// How the jobs are that run now.
///
/// # Errors
/// When they cannot be read.
pub async fn census(state: &State, now: Timestamp) -> Result<HealthReport, StateError> {
    let mut report = HealthReport::at(now);
    let mut after = None;
    loop {
        let (running, next) = shelf::page(state, RUNNING, now, after).await?;
        running.iter().for_each(|job| report.count(job));
        let Some(key) = next else { return Ok(report) };
        after = Some(key);
    }
}

impl HealthReport {
    /// Nothing runs.
    #[must_use]
    pub fn at(timestamp: Timestamp) -> Self {
        let (by_type, longest_running) = (BTreeMap::new(), None);
        Self { total_running: 0, by_type, average_runtime: 0.0, longest_running, timestamp }
    }

    /// Counts a job that runs.
    pub fn count(&mut self, placed: &Placed) {
        let runtime = self.timestamp.as_millisecond() - placed.at.as_millisecond();
        let of_type = self.by_type.entry(placed.kind.clone()).or_default();
        of_type.count += 1;
        of_type.total_runtime += runtime;
        self.total_running += 1;
        self.average_runtime += (runtime as f64 - self.average_runtime) / self.total_running as f64;
        if self.longest_running.as_ref().is_none_or(|longest| longest.runtime < runtime) {
            let (job_id, kind) = (placed.job_id.clone(), placed.kind.clone());
            self.longest_running = Some(Running { job_id, kind, started_at: placed.at, runtime });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_jobs_are_counted_by_type_and_the_oldest_is_named() {
        let placed = |kind: &str, second| Placed {
            job_id: format!("{kind}-{second}"),
            kind: kind.into(),
            at: Timestamp::constant(second, 0),
        };
        let mut report = HealthReport::at(Timestamp::constant(100, 0));

        for job in [placed("email", 90), placed("email", 70), placed("image_processing", 80)] {
            report.count(&job);
        }

        assert_eq!((report.total_running, report.average_runtime), (3, 20_000.0));
        assert_eq!(report.by_type["email"], OfType { count: 2, total_runtime: 40_000 });
        assert_eq!(report.longest_running.unwrap().job_id, "email-70");
    }
}
