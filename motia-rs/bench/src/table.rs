//! How the table is shown.

use std::{borrow::Cow, fs, path::Path};

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::{rounds::Compared, systems::Figures};

/// One row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: Cow<'static, str>,
    pub(crate) ours: f64,
    pub(crate) limit: Option<f64>,
    pub(crate) unit: &'static str,
    pub(crate) ratio: Option<f64>,
    pub(crate) goal: Goal,
    pub(crate) met: bool,
    /// Store, fsync policy, payload and load.
    pub(crate) how: Cow<'static, str>,
}

/// What a row should reach.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Goal {
    RatioAtLeast(f64),
    AtLeast(f64),
    AtMost(f64),
    /// Shown for what it tells.
    Open,
}

impl Row {
    fn verdict(&self) -> &'static str {
        match (self.goal, self.met) {
            (Goal::Open, _) => "–",
            (_, true) => "yes",
            (_, false) => "NO",
        }
    }

    /// A row of our own figure alone.
    pub(crate) fn alone(
        name: impl Into<Cow<'static, str>>,
        ours: f64,
        unit: &'static str,
        goal: Goal,
        how: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (name, how, met) = (name.into(), how.into(), goal.is_met(ours, None));
        Self { name, ours, limit: None, unit, ratio: None, goal, met, how }
    }

    /// A row of both sides.
    pub(crate) fn compared(
        name: impl Into<Cow<'static, str>>,
        compared: Compared,
        unit: &'static str,
        goal: Goal,
        how: impl Into<Cow<'static, str>>,
    ) -> Self {
        let Compared { ours, limit, ratio } = compared;
        let (name, how, met) = (name.into(), how.into(), goal.is_met(ours, Some(ratio)));
        Self { name, ours, limit: Some(limit), unit, ratio: Some(ratio), goal, met, how }
    }
}

impl Goal {
    fn is_met(self, ours: f64, ratio: Option<f64>) -> bool {
        match self {
            Self::RatioAtLeast(least) => ratio.is_some_and(|ratio| ratio >= least),
            Self::AtLeast(least) => ours >= least,
            Self::AtMost(most) => ours <= most,
            Self::Open => true,
        }
    }

    fn show(self) -> String {
        match self {
            Self::RatioAtLeast(least) => format!("ratio ≥ {least:.2}"),
            Self::AtLeast(least) => format!("≥ {}", figure(least)),
            Self::AtMost(most) => format!("≤ {}", figure(most)),
            Self::Open => "–".to_owned(),
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
            row.name.to_string(),
            format!("{} {}", figure(row.ours), row.unit),
            row.limit.map(figure).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.goal.show(),
            row.verdict().to_owned(),
            row.how.to_string(),
        ]);
    }
    println!("{table}");
}

/// The figure of the one side that was measured.
pub(crate) fn print_side(row: &Row) {
    let figure_of = if row.ours.is_nan() { row.limit.unwrap_or(f64::NAN) } else { row.ours };
    println!("{}: {} {}", row.name, figure(figure_of), row.unit);
}

pub(crate) fn write_json(rows: &[Row], systems: &[Figures], file: &Path) -> anyhow::Result<()> {
    let systems: Vec<_> = systems.iter().map(Figures::json).collect();
    let report = serde_json::json!({ "machine": machine(), "rows": rows, "systems": systems });
    Ok(fs::write(file, serde_json::to_string_pretty(&report)?)?)
}

/// `127,700` or `0.84`.
pub(crate) fn figure(figure: f64) -> String {
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

/// What all rows were measured on.
pub(crate) fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} cores of {model}; kernel {}; data on {}; load generator on the same cores; \
         mimalloc on both sides",
        kernel.trim(),
        file_system().unwrap_or_else(|| "an unknown file system".to_owned()),
    )
}

/// The file system on which the rows put their files: that of the innermost mount.
fn file_system() -> Option<String> {
    let folder = std::env::temp_dir().canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(place).then(|| (place.len(), format!("{kind} ({device})")))
    });
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, named)| named)
}
