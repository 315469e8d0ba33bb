//! What a run comes to: figures for each stretch of it, and whether anything grows.

use std::time::Duration;

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use super::sample::Sample;

/// A run is cut into so many slices; a third of it has ten.
const SLICES: usize = 30;
/// Slices to a line of the table.
const A_LINE: usize = 3;

/// By how much memory, files and threads may differ between the first and the last third.
const FLAT: f64 = 1.15;
/// And latencies, which others on the machine weigh on as well.
const STEADY: f64 = 1.5;

/// An event's latency, and the instant from which it counts.
pub(super) type Latency = (Duration, Duration);

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) span: Duration,
    pub(super) samples: Vec<Sample>,
    /// When the app was killed.
    pub(super) kills: Vec<Duration>,
    /// From the planned instant until the answer.
    pub(super) emits: Vec<Latency>,
    /// From the planned instant until the first attempt starts, of events that are due at once.
    pub(super) starts: Vec<Latency>,
}

/// A stretch of the run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stretch {
    minute: f64,
    kills: usize,
    acknowledged_per_second: f64,
    emit_p50_ms: f64,
    emit_p99_ms: f64,
    start_p50_ms: f64,
    start_p99_ms: f64,
    waiting: u64,
    resident: u64,
    open: u64,
    threads: u64,
    database: u64,
    in_use: u64,
    log: u64,
    machine: f64,
}

/// The first part of something beside its last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Growth {
    what: &'static str,
    unit: &'static str,
    first: f64,
    last: f64,
    grows: bool,
}

impl Measured {
    /// The stretches of the run, one after the other.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let line = self.span / (SLICES / A_LINE) as u32;
        (0..(SLICES / A_LINE) as u32).map(|number| self.stretch(line * number, line)).collect()
    }

    fn stretch(&self, from: Duration, span: Duration) -> Stretch {
        let is_in = |at: Duration| at >= from && at < from + span;
        let emits = of(&self.emits, is_in);
        let starts = of(&self.starts, is_in);
        let samples: Vec<_> = self.samples.iter().filter(|sample| is_in(sample.at)).collect();
        let typical = |figure: fn(&Sample) -> u64| {
            median(samples.iter().map(|sample| figure(sample) as f64).collect()) as u64
        };
        Stretch {
            minute: (from + span).as_secs_f64() / 60.0,
            kills: self.kills.iter().filter(|at| is_in(**at)).count(),
            acknowledged_per_second: emits.len() as f64 / span.as_secs_f64(),
            emit_p50_ms: part(&emits, 0.50),
            emit_p99_ms: part(&emits, 0.99),
            start_p50_ms: part(&starts, 0.50),
            start_p99_ms: part(&starts, 0.99),
            waiting: typical(|sample| sample.left),
            resident: typical(|sample| sample.resident),
            open: typical(|sample| sample.open),
            threads: typical(|sample| sample.threads),
            database: typical(|sample| sample.database),
            in_use: typical(|sample| sample.in_use),
            log: typical(|sample| sample.log),
            machine: median(samples.iter().map(|sample| sample.machine).collect()),
        }
    }

    /// The first third beside the last, of the run and of the longest life of a process.
    pub(super) fn growth(&self) -> Vec<Growth> {
        let all: Vec<_> = self.samples.iter().collect();
        let life = self.longest_life();
        let mut growth = vec![
            bytes("memory", &all, |sample| sample.resident),
            bytes("memory, longest life", &life, |sample| sample.resident),
            count("open files", &all, |sample| sample.open),
            count("open files, longest life", &life, |sample| sample.open),
            count("threads, longest life", &life, |sample| sample.threads),
            bytes("data in use", &all, |sample| sample.in_use),
            bytes("data folder, longest life", &life, |sample| sample.database + sample.log),
        ];
        for (what, latencies) in [
            ("emit, median p99 of the minutes", &self.emits),
            ("emit to start, median p99 of the minutes", &self.starts),
        ] {
            let slices = self.slices(latencies);
            growth.push(Growth::of(what, "ms", &slices, STEADY, 5.0));
        }
        growth
    }

    /// What was seen of the process that lived longest.
    fn longest_life(&self) -> Vec<&Sample> {
        let lives = self.samples.chunk_by(|one, next| one.life == next.life);
        lives.max_by_key(|life| life.len()).unwrap_or_default().iter().collect()
    }

    /// The p99 of each slice.
    fn slices(&self, latencies: &[Latency]) -> Vec<f64> {
        let span = self.span / SLICES as u32;
        let slice = |number: u32| {
            let from = span * number;
            part(&of(latencies, |at| at >= from && at < from + span), 0.99)
        };
        (0..SLICES as u32).map(slice).collect()
    }
}

fn bytes(what: &'static str, samples: &[&Sample], figure: fn(&Sample) -> u64) -> Growth {
    let figure = |sample: &&Sample| figure(sample) as f64 / f64::from(1 << 20);
    Growth::of(what, "MiB", &samples.iter().map(figure).collect::<Vec<_>>(), FLAT, 2.0)
}

fn count(what: &'static str, samples: &[&Sample], figure: fn(&Sample) -> u64) -> Growth {
    let figure = |sample: &&Sample| figure(sample) as f64;
    Growth::of(what, "", &samples.iter().map(figure).collect::<Vec<_>>(), FLAT, 1.0)
}

impl Growth {
    /// Compares the medians of the first and the last third; less than `slack` is not worth a word.
    fn of(what: &'static str, unit: &'static str, figures: &[f64], flat: f64, slack: f64) -> Self {
        let third = figures.len().div_ceil(3);
        let first = median(figures[..third].to_vec());
        let last = median(figures[figures.len() - third..].to_vec());
        Self { what, unit, first, last, grows: last > first * flat && last > first + slack }
    }

    pub(super) fn grows(&self) -> bool {
        self.grows
    }
}

/// The latencies of what was planned then, sorted.
fn of(latencies: &[Latency], is_in: impl Fn(Duration) -> bool) -> Vec<Duration> {
    let latencies = latencies.iter().filter(|(planned, _)| is_in(*planned));
    let mut latencies: Vec<_> = latencies.map(|(_, latency)| *latency).collect();
    latencies.sort_unstable();
    latencies
}

/// The latency that this part of them did not exceed, in milliseconds.
fn part(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.saturating_sub(1)).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}

/// Of nothing: 0.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

pub(super) fn print(stretches: &[Stretch], growth: &[Growth]) {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "until minute",
        "kills",
        "acknowledged/s",
        "emit p50 / p99 ms",
        "emit to start p50 / p99 ms",
        "waiting",
        "memory MiB",
        "open files",
        "threads",
        "database MiB, in use",
        "log MiB",
        "machine's load",
    ]);
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    for stretch in stretches {
        table.add_row([
            format!("{:.1}", stretch.minute),
            stretch.kills.to_string(),
            format!("{:.0}", stretch.acknowledged_per_second),
            format!("{:.1} / {:.1}", stretch.emit_p50_ms, stretch.emit_p99_ms),
            format!("{:.1} / {:.1}", stretch.start_p50_ms, stretch.start_p99_ms),
            stretch.waiting.to_string(),
            mib(stretch.resident),
            stretch.open.to_string(),
            stretch.threads.to_string(),
            format!("{}, {}", mib(stretch.database), mib(stretch.in_use)),
            mib(stretch.log),
            format!("{:.0}", stretch.machine),
        ]);
    }
    println!("\n{table}\n");

    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["", "first third", "last third", "verdict"]);
    for growth in growth {
        table.add_row([
            growth.what.to_owned(),
            format!("{:.1} {}", growth.first, growth.unit),
            format!("{:.1} {}", growth.last, growth.unit),
            if growth.grows { "GROWS" } else { "flat" }.to_owned(),
        ]);
    }
    println!("{table}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u64, life: usize, resident: u64) -> Sample {
        Sample {
            at: Duration::from_secs(second),
            life,
            resident: resident << 20,
            open: 10,
            threads: 10,
            database: 1 << 20,
            in_use: 1 << 20,
            log: 1 << 20,
            left: 0,
            machine: 1.0,
        }
    }

    fn growing(samples: Vec<Sample>) -> Vec<&'static str> {
        let span = Duration::from_secs(samples.len() as u64);
        let measured = Measured { span, samples, ..Measured::default() };
        let growth = measured.growth();
        growth.iter().filter(|growth| growth.grows()).map(|growth| growth.what).collect()
    }

    #[test]
    fn memory_that_grows_over_the_run_is_found() {
        let samples = (0..90).map(|second| sample(second, 0, 20 + second / 2)).collect();

        assert_eq!(growing(samples), ["memory", "memory, longest life"]);
    }

    #[test]
    fn memory_that_grows_in_each_life_is_found_although_kills_give_it_back() {
        let samples = (0..90).map(|second| sample(second, second as usize / 30, 20 + second % 30));

        assert_eq!(growing(samples.collect()), ["memory, longest life"]);
    }

    #[test]
    fn data_that_grows_is_found_and_a_file_that_keeps_room_for_a_backlog_is_no_growth() {
        let samples = |in_use: fn(u64) -> u64| {
            let kept = |second| Sample {
                database: (10 + second / 30) << 20,
                in_use: in_use(second) << 20,
                ..sample(second, second as usize / 30, 20)
            };
            (0..90).map(kept).collect()
        };

        assert!(growing(samples(|_| 5)).is_empty());
        assert_eq!(growing(samples(|second| 5 + second / 10)), ["data in use"]);
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow() {
        let samples = (0..90).map(|second| sample(second, 0, 20 + second % 7)).collect();

        assert!(growing(samples).is_empty());
    }

    #[test]
    fn latencies_that_grow_are_found() {
        let emits = (0..300).map(|at| (Duration::from_secs(at), Duration::from_millis(10 + at)));
        let span = Duration::from_secs(300);
        let measured = Measured { span, emits: emits.collect(), ..Measured::default() };

        let growth = measured.growth();

        let grows: Vec<_> = growth.iter().filter(|growth| growth.grows()).collect();
        assert_eq!(grows.len(), 1);
        assert_eq!(grows[0].what, "emit, median p99 of the minutes");
    }
}
