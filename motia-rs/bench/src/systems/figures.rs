//! What came of the loads, and how it is shown.

use std::fs;

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::{Value, json};

use super::load::{CONNECTIONS, STEADY};
use crate::{
    rounds::millis,
    table::{figure, machine},
};

/// The accepting call may take so long at the median while all workers are busy, in milliseconds.
const GOAL: f64 = 10.0;

/// The figures of one system.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(super) system: &'static str,
    pub(super) what: &'static str,
    /// Jobs that were accepted in a second of the full load.
    pub(super) per_second: f64,
    /// The accepting call under the saturated load, in nanoseconds, sorted.
    pub(super) saturated: Vec<u64>,
    /// From the accepting call to the start under the steady load, in nanoseconds, sorted.
    pub(super) to_start: Vec<u64>,
    /// Jobs that ran at the end of the steady load.
    pub(super) steadily_ran: u64,
    /// Jobs that ran under the saturated load, at least.
    pub(super) ran: u64,
    /// Jobs that were not done at the end of the full load.
    pub(super) left: u64,
    /// Answers with another status than they should have.
    pub(super) strange: u64,
}

impl Figures {
    fn is_met(&self) -> bool {
        millis(&self.saturated, 0.50) < GOAL
    }

    /// For a report that programs read.
    pub(crate) fn json(&self) -> Value {
        let span =
            |sorted: &[u64]| json!({ "p50": millis(sorted, 0.50), "p99": millis(sorted, 0.99) });
        json!({
            "system": self.system,
            "what": self.what,
            "acceptedPerSecond": self.per_second,
            "callMillisWhileSaturated": span(&self.saturated),
            "ranWhileSaturated": self.ran,
            "acceptToStartMillis": span(&self.to_start),
            "met": self.is_met(),
            "otherAnswers": self.strange,
        })
    }
}

/// `2.1 / 9.8`: the median and the 99th of a hundred, in milliseconds.
fn span(sorted: &[u64]) -> String {
    format!("{:.2} / {:.2}", millis(sorted, 0.50), millis(sorted, 0.99))
}

/// Prints the table of the systems, with what it was measured on.
pub(crate) fn print(all: &[Figures]) {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    println!("{}; load average {load}\n", machine());
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "system",
        "accepted/s",
        "call, saturated, p50 / p99 ms",
        "accept to start, p50 / p99 ms",
        "goal",
        "met",
        "other answers",
        "how",
    ]);
    for one in all {
        let how = format!(
            "{}; while saturated {} ran at least; {} ran at the end of the steady load; {} not done \
             at the end of the full one",
            one.what,
            one.ran,
            one.steadily_ran,
            figure(one.left as f64)
        );
        table.add_row([
            one.system.to_owned(),
            figure(one.per_second),
            span(&one.saturated),
            span(&one.to_start),
            format!("call p50 < {GOAL:.0} ms"),
            if one.is_met() { "yes" } else { "NO" }.to_owned(),
            one.strange.to_string(),
            how,
        ]);
    }
    println!("{table}\n");
    println!(
        "The release binary; sqlite, WAL, synchronous=FULL, every commit synced; log at `warn`. \
         accepted/s: {CONNECTIONS} connections, each calls again when it is answered. The other two: \
         {STEADY} calls/s at instants set beforehand."
    );
}
