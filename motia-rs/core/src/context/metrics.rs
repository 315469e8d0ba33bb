//! What is counted for those who watch the app.

use std::{sync::Arc, time::Duration};

use super::Run;
use crate::metric::{Change, Counter, Gauge, Histogram};

/// Changes the app's [metrics](crate::metric::Metric), which `/metrics` shows.
///
/// A change is neither kept nor undone: it counts from the start of the process, also when the attempt
/// fails later. The values of labels are bounded: where a metric has 1000 series (the setting
/// `max_series`), values that are new are counted as `other`.
#[derive(Clone)]
pub struct Metrics {
    run: Arc<Run>,
}

impl Metrics {
    pub(super) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// Counts one.
    pub fn inc<const N: usize>(&self, counter: Counter<N>, labels: [&str; N]) {
        self.inc_by(counter, labels, 1);
    }

    /// Counts so many.
    pub fn inc_by<const N: usize>(&self, counter: Counter<N>, labels: [&str; N], by: u64) {
        self.change(counter.name(), &labels, Change::Grow(by));
    }

    /// Says what a gauge reads.
    pub fn set<const N: usize>(&self, gauge: Gauge<N>, labels: [&str; N], value: impl Amount) {
        self.change(gauge.name(), &labels, Change::Set(value.amount()));
    }

    /// Moves a gauge up, or with a negative amount down.
    pub fn add<const N: usize>(&self, gauge: Gauge<N>, labels: [&str; N], amount: impl Amount) {
        self.change(gauge.name(), &labels, Change::Add(amount.amount()));
    }

    /// Shows a histogram a value.
    pub fn observe<const N: usize>(
        &self,
        histogram: Histogram<N>,
        labels: [&str; N],
        value: impl Amount,
    ) {
        self.change(histogram.name(), &labels, Change::Observe(value.amount()));
    }

    fn change(&self, metric: &'static str, labels: &[&str], change: Change) {
        self.run.engine.measure(&self.run, metric, labels, change);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// A number of any type, or a time, which counts in seconds.
pub trait Amount {
    /// The number.
    fn amount(self) -> f64;
}

impl Amount for Duration {
    fn amount(self) -> f64 {
        self.as_secs_f64()
    }
}

macro_rules! amounts {
    ($($number:ty)+, large: $($large:ty)+) => {
        $(impl Amount for $number {
            fn amount(self) -> f64 {
                self.into()
            }
        })+
        $(impl Amount for $large {
            #[expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^53")]
            fn amount(self) -> f64 {
                self as f64
            }
        })+
    };
}

amounts!(u8 u16 u32 i8 i16 i32 f32 f64, large: u64 usize i64 isize);
