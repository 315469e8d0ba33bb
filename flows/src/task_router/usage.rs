//! What the app's process uses of the machine.

use std::fs;

use motia::prelude::*;

/// What the app's process uses, where the system tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Memory that is in use, in bytes.
    pub resident_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Files and connections that are open.
    pub open_files: Option<u64>,
    /// How many tasks of the machine wanted to run in the last minute, on average.
    pub load_average: Option<f64>,
}

/// What is used now.
#[must_use]
pub fn now() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let files = fs::read_dir("/proc/self/fd").ok();
    Usage {
        resident_bytes: number("VmRSS").map(|kib| kib * 1024),
        threads: number("Threads"),
        open_files: files.map(|files| files.count() as u64),
        load_average: load.split_whitespace().next().and_then(|first| first.parse().ok()),
    }
}
