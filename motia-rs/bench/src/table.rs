//! How the table is shown.

use std::{fs, path::Path};

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

/// One row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ours: f64,
    pub(crate) limit: Option<f64>,
    pub(crate) unit: &'static str,
    pub(crate) ratio: Option<f64>,
    pub(crate) goal: Goal,
    pub(crate) met: bool,
    /// Store, fsync policy, payload and load.
    pub(crate) how: &'static str,
}

/// What a row should reach.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Goal {
    RatioAtLeast(f64),
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub(crate) fn is_met(self, ours: f64, ratio: Option<f64>) -> bool {
        match self {
            Self::RatioAtLeast(least) => ratio.is_some_and(|ratio| ratio >= least),
            Self::AtLeast(least) => ours >= least,
            Self::AtMost(most) => ours <= most,
        }
    }

    fn show(self) -> String {
        match self {
            Self::RatioAtLeast(least) => format!("ratio ≥ {least:.2}"),
            Self::AtLeast(least) => format!("≥ {}", figure(least)),
            Self::AtMost(most) => format!("≤ {}", figure(most)),
        }
    }
}

pub(crate) fn print(rows: &[Row]) {
    println!("{}\n", machine());
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["row", "ours", "limit", "ratio", "goal", "met", "how"]);
    for row in rows {
        table.add_row([
            row.name.to_owned(),
            format!("{} {}", figure(row.ours), row.unit),
            row.limit.map(figure).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.goal.show(),
            if row.met { "yes" } else { "NO" }.to_owned(),
            row.how.to_owned(),
        ]);
    }
    println!("{table}");
}

pub(crate) fn write_json(rows: &[Row], file: &Path) -> anyhow::Result<()> {
    let report = serde_json::json!({ "machine": machine(), "rows": rows });
    Ok(fs::write(file, serde_json::to_string_pretty(&report)?)?)
}

/// `127,700` or `0.84`.
fn figure(figure: f64) -> String {
    if figure < 100.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{figure:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {model}; load generator on the same cores; mimalloc on both sides")
}
