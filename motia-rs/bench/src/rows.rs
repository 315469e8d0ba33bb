//! One file a kind of row.

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod start;

use crate::{rounds::Effort, table::Row};

/// A row's name and how to measure it.
type Measure = fn(&Effort) -> anyhow::Result<Row>;

const ROWS: [(&str, Measure); 10] = [
    ("hello", http::hello),
    ("validated post", http::validated_post),
    ("post with a durable emit", http::post_with_emit),
    ("1 to 1000 routes", http::thousand_routes),
    ("durable publish", events::durable_publish),
    ("durable pipeline, 64", events::durable_pipeline_64),
    ("durable pipeline, 256", events::durable_pipeline_256),
    ("volatile pipeline", events::volatile_pipeline),
    ("start", start::start),
    ("idle memory", start::idle_memory),
];

/// Starts a task of the benchmark's own.
#[expect(clippy::disallowed_methods, reason = "a benchmark waits for its own tasks")]
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

/// Measures the rows whose name contains `only`.
pub(crate) fn measure(effort: &Effort, only: Option<&str>) -> anyhow::Result<Vec<Row>> {
    let chosen = ROWS.iter().filter(|(name, _)| only.is_none_or(|part| name.contains(part)));
    let measured = chosen.map(|(name, measure)| {
        eprintln!("measuring: {name}");
        measure(effort)
    });
    let rows: Vec<_> = measured.collect::<anyhow::Result<_>>()?;
    let known = ROWS.map(|(name, _)| name).join(", ");
    anyhow::ensure!(!rows.is_empty(), "no row is called that; there are: {known}");
    Ok(rows)
}
