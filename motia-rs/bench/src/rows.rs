//! One file a kind of row.

pub(crate) mod backlog;
mod class;
pub(crate) mod http;
mod latency;
mod pipeline;
mod produce;
mod publish;
mod seen;
pub(crate) mod start;

use anyhow::Context as _;

use crate::{rounds::Effort, table::Row};

/// How to measure a row, or several that belong together.
enum Measure {
    One(fn(&Effort) -> anyhow::Result<Row>),
    Many(fn(&Effort) -> anyhow::Result<Vec<Row>>),
}
use Measure::{Many, One};

impl Measure {
    fn measure(&self, effort: &Effort) -> anyhow::Result<Vec<Row>> {
        match self {
            One(measure) => measure(effort).map(|row| vec![row]),
            Many(measure) => measure(effort),
        }
    }
}

const ROWS: [(&str, Measure); 16] = [
    ("hello", One(http::hello)),
    ("validated post", One(http::validated_post)),
    ("post with a durable emit", One(http::post_with_emit)),
    ("1 to 1000 routes", One(http::thousand_routes)),
    ("durable publish, 64", One(publish::durable_64)),
    ("durable publish, 256", One(publish::durable_256)),
    ("durable pipeline, 64", One(pipeline::durable_64)),
    ("durable pipeline, 256", One(pipeline::durable_256)),
    ("volatile pipeline", One(pipeline::volatile)),
    ("hello, recorded", One(seen::recorded_hello)),
    ("pipeline, recorded", One(seen::recorded_pipeline)),
    ("post with a durable emit, followed", One(seen::followed)),
    ("emit to start", Many(latency::emit_to_start)),
    ("backlog", Many(backlog::million_waiting)),
    ("start", One(start::start)),
    ("idle memory", One(start::idle_memory)),
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
    let mut rows = Vec::new();
    for (name, measure) in
        ROWS.iter().filter(|(name, _)| only.is_none_or(|part| name.contains(part)))
    {
        eprintln!("measuring: {name}");
        rows.extend(measure.measure(effort)?);
    }
    anyhow::ensure!(!rows.is_empty(), "no row is called that; there are: {}", names());
    Ok(rows)
}

/// Measures what goes by this very name.
pub(crate) fn measure_one(effort: &Effort, name: &str) -> anyhow::Result<Vec<Row>> {
    let row = ROWS.iter().find(|(known, _)| *known == name);
    let (_, measure) =
        row.with_context(|| format!("no row is called that; there are: {}", names()))?;
    measure.measure(effort)
}

fn names() -> String {
    ROWS.map(|(name, _)| name).join(", ")
}
