//! All that is counted, and what is measured when somebody asks, as OpenMetrics text.

use std::fmt::{Display, Write as _};

use motia_core::store::StoreError;

use crate::Runtime;

/// What the page ends with, as OpenMetrics asks.
const END: &str = "# EOF\n";

/// Writes the page.
///
/// # Errors
/// When the store cannot say how much waits.
pub async fn page(runtime: &Runtime) -> Result<String, StoreError> {
    let depths = runtime.store().depths(runtime.engine().now()).await?;

    let mut text = runtime.metrics().encode();
    text.truncate(text.trim_end_matches(END).len());
    let queues = |value: fn(&motia_core::store::Depth) -> u64| {
        depths.iter().map(move |depth| (depth.queue.as_str(), value(depth)))
    };
    gauge(&mut text, "motia_queue_waiting", "Deliveries that may run", queues(|it| it.waiting));
    gauge(&mut text, "motia_queue_delayed", "Deliveries not due yet", queues(|it| it.delayed));
    gauge(&mut text, "motia_queue_dead", "Dead letters", queues(|it| it.dead));
    gauge(&mut text, "motia_queue_running", "Attempts that run here", runtime.bus().running());
    runtime.store().figures().iter().for_each(|(name, value)| figure(&mut text, name, *value));
    text.push_str(END);
    Ok(text)
}

/// One measure of each step's queue. Step names have letters, digits, `-` and `_` only.
fn gauge<'s>(
    text: &mut String,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (&'s str, impl Display)>,
) {
    head(text, name, "gauge", help);
    for (step, value) in values {
        writeln!(text, "{name}{{step=\"{step}\"}} {value}").expect("writing to a string");
    }
}

/// What the figures of the stores mean, by name.
const FIGURES: [(&str, &str); 8] = [
    ("commits_total", "Batches that were kept"),
    ("commits_refused_total", "Batches whose condition did not hold"),
    ("commits_failed_total", "Batches lost to a failing disk, and told so"),
    ("transactions_total", "Transactions, each with the batches that waited at the time"),
    ("starts_skipped_total", "Starts that were not written since their attempt had ended by then"),
    ("wal_bytes", "Bytes of the write-ahead log in use"),
    ("checkpoints_total", "Checkpoints that ran"),
    ("checkpoints_blocked_total", "Checkpoints that failed or waited for a long read"),
];

/// One figure of the store; one that ends in `_total` only ever rises.
fn figure(text: &mut String, name: &str, value: f64) {
    let known = FIGURES.iter().find(|(known, _)| *known == name);
    let help = known.map_or("A figure of the store", |(_, help)| *help);
    match name.strip_suffix("_total") {
        Some(counted) => head(text, &format!("motia_store_{counted}"), "counter", help),
        None => head(text, &format!("motia_store_{name}"), "gauge", help),
    }
    writeln!(text, "motia_store_{name} {value}").expect("writing to a string");
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}").expect("writing to a string");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_what_it_is() {
        let mut text = String::new();
        figure(&mut text, "checkpoints_total", 3.0);
        figure(&mut text, "moons", 2.0);

        let expected = [
            "# HELP motia_store_checkpoints Checkpoints that ran.",
            "# TYPE motia_store_checkpoints counter",
            "motia_store_checkpoints_total 3",
            "# HELP motia_store_moons A figure of the store.",
            "# TYPE motia_store_moons gauge",
            "motia_store_moons 2",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
