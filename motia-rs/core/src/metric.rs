//! What an app counts: typed constants, declared once and shown by `/metrics` from the start.

use std::fmt;

/// A typed handle on a metric with `N` labels: a [`Counter`], a [`Gauge`] or a [`Histogram`]; a constant
/// next to the nouns it belongs to, registered by [`metric!`](crate::metric!) and changed through
/// [`ctx.metrics`](crate::context::Metrics).
///
/// # Example: a counter with two labels, a gauge, a histogram
/// ```
/// # use motia_core as motia;
/// # use motia_core::context::Context;
/// use motia_core::metric::{Counter, Gauge, Histogram};
///
/// pub const FAILED: Counter<2> =
///     Counter::new("task_executions_failure_total", "Tasks that failed").labels(["task", "reason"]);
/// motia::metric!(FAILED);
///
/// pub const ACTIVE: Gauge = Gauge::new("active_tasks", "Tasks that run");
/// motia::metric!(ACTIVE);
///
/// pub const TOOK: Histogram<1> = Histogram::new("task_duration_seconds", "How long tasks took")
///     .labels(["task"])
///     .buckets(&[0.1, 1.0, 10.0]);
/// motia::metric!(TOOK);
///
/// # fn handler(ctx: Context, began: jiff::Timestamp) {
/// ctx.metrics.inc(FAILED, ["resize", "timeout"]);
/// ctx.metrics.add(ACTIVE, [], 1);
/// ctx.metrics.observe(TOOK, ["resize"], std::time::Duration::from_millis(250)); // in seconds
/// # }
/// ```
///
/// # Example: a label too few
/// ```compile_fail
/// # use motia_core::{context::Context, metric::Counter};
/// # const FAILED: Counter<2> = Counter::new("failures_total", "Tasks that failed").labels(["task", "reason"]);
/// # fn handler(ctx: Context) {
/// ctx.metrics.inc(FAILED, ["resize"]);
/// # }
/// ```
///
/// # Example: a counter whose name does not say that it is one
/// ```compile_fail
/// # use motia_core::metric::Counter;
/// const FAILED: Counter = Counter::new("failures", "Tasks that failed");
/// ```
#[derive(Clone, Copy)]
pub struct Metric<K, const N: usize> {
    name: &'static str,
    help: &'static str,
    labels: [&'static str; N],
    kind: K,
}

/// A number that only grows; its name ends in `_total`.
pub type Counter<const N: usize = 0> = Metric<Counts, N>;

/// A number that goes up and down.
pub type Gauge<const N: usize = 0> = Metric<Gauges, N>;

/// How often values fell into which ranges.
pub type Histogram<const N: usize = 0> = Metric<Observes, N>;

/// What makes a metric a [`Counter`].
#[derive(Debug, Clone, Copy)]
pub struct Counts;

/// What makes a metric a [`Gauge`].
#[derive(Debug, Clone, Copy)]
pub struct Gauges;

/// What makes a metric a [`Histogram`].
#[derive(Debug, Clone, Copy)]
pub struct Observes {
    buckets: &'static [f64],
}

/// The upper ends of a histogram's ranges where nothing is said: made for seconds.
pub const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Counter {
    /// The counter of this name; `help` says what it counts.
    ///
    /// # Panics
    /// At compile time, when the name is not one of Prometheus', does not end in `_total`, or begins
    /// with `motia_`.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        assert_name(name);
        assert!(is_total(name), "a counter's name ends in `_total`, as Prometheus has it");
        Self { name, help, labels: [], kind: Counts }
    }
}

impl Gauge {
    /// The gauge of this name; `help` says what it measures.
    ///
    /// # Panics
    /// At compile time, when the name is not one of Prometheus', or begins with `motia_`.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        assert_name(name);
        Self { name, help, labels: [], kind: Gauges }
    }
}

impl Histogram {
    /// The histogram of this name, with [`BUCKETS`]; `help` says what it measures.
    ///
    /// # Panics
    /// As [`Gauge::new`].
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        assert_name(name);
        Self { name, help, labels: [], kind: Observes { buckets: &BUCKETS } }
    }
}

impl<const N: usize> Histogram<N> {
    /// The upper ends of its ranges; what is beyond the last is counted, too.
    ///
    /// # Panics
    /// At compile time, when there is none, or they do not rise.
    #[must_use]
    pub const fn buckets(mut self, buckets: &'static [f64]) -> Self {
        assert!(!buckets.is_empty(), "a histogram has at least one bucket");
        let mut i = 0;
        while i < buckets.len() {
            assert!(
                buckets[i].is_finite(),
                "a bucket ends at a number; beyond the last is infinity"
            );
            assert!(i == 0 || buckets[i - 1] < buckets[i], "buckets rise");
            i += 1;
        }
        self.kind.buckets = buckets;
        self
    }
}

impl<K: Copy, const N: usize> Metric<K, N> {
    /// Names its labels. Each combination of their values is a series of its own: name what has few
    /// values, such as a kind or a reason, never an id.
    ///
    /// # Panics
    /// At compile time, when a name is not one of Prometheus', is reserved, or stands twice.
    #[must_use]
    pub const fn labels<const M: usize>(self, labels: [&'static str; M]) -> Metric<K, M> {
        let mut i = 0;
        while i < M {
            assert_label(labels[i]);
            let mut earlier = 0;
            while earlier < i {
                assert!(!same(labels[earlier], labels[i]), "a label stands twice");
                earlier += 1;
            }
            i += 1;
        }
        Metric { name: self.name, help: self.help, labels, kind: self.kind }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Makes the metric's definition; [`metric!`](crate::metric!) calls it.
    #[must_use]
    pub fn describe(self) -> MetricDef
    where
        K: Into<MetricKind>,
    {
        let Self { name, help, labels, kind } = self;
        MetricDef { name, help, labels: labels.to_vec(), kind: kind.into() }
    }
}

impl<K, const N: usize> fmt::Debug for Metric<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metric").field(&self.name).field(&self.labels).finish()
    }
}

/// A declared metric, whatever its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDef {
    /// What it is called.
    pub name: &'static str,
    /// What it counts or measures.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// Its kind.
    pub kind: MetricKind,
}

/// A kind of metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricKind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How often values fell into which ranges.
    Histogram {
        /// Their upper ends.
        buckets: &'static [f64],
    },
}

impl From<Counts> for MetricKind {
    fn from(_: Counts) -> Self {
        Self::Counter
    }
}

impl From<Gauges> for MetricKind {
    fn from(_: Gauges) -> Self {
        Self::Gauge
    }
}

impl From<Observes> for MetricKind {
    fn from(Observes { buckets }: Observes) -> Self {
        Self::Histogram { buckets }
    }
}

impl MetricDef {
    /// Its name without the `_total` that every counter's has.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        match self.kind {
            MetricKind::Counter => self.name.strip_suffix("_total").unwrap_or(self.name),
            _ => self.name,
        }
    }

    /// The names that `/metrics` shows for it.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let stem = self.stem();
        let endings: &[&str] = match self.kind {
            MetricKind::Counter => &["", "_total"],
            MetricKind::Gauge => &[""],
            MetricKind::Histogram { .. } => &["", "_bucket", "_count", "_sum"],
        };
        endings.iter().map(|ending| format!("{stem}{ending}")).collect()
    }
}

/// How a metric changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A counter grows.
    Grow(u64),
    /// A gauge goes up, or down.
    Add(f64),
    /// A gauge is what it is.
    Set(f64),
    /// A histogram is shown a value.
    Observe(f64),
}

const fn assert_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(is_name(bytes), "a metric's name has letters, digits and `_` only, a digit not first");
    assert!(!begins(bytes, b"motia_"), "metrics that begin with `motia_` are the framework's");
}

const fn assert_label(name: &str) {
    let bytes = name.as_bytes();
    assert!(is_name(bytes), "a label's name has letters, digits and `_` only, a digit not first");
    assert!(!begins(bytes, b"__"), "labels that begin with `__` are Prometheus' own");
    assert!(!same(name, "le"), "`le` is the label of a histogram's buckets");
}

const fn is_name(bytes: &[u8]) -> bool {
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && !bytes[0].is_ascii_digit()
}

const fn begins(bytes: &[u8], with: &[u8]) -> bool {
    let mut i = 0;
    while i < with.len() {
        if i == bytes.len() || bytes[i] != with[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && begins(one.as_bytes(), other.as_bytes())
}

const fn is_total(name: &str) -> bool {
    let (stem, total) = name.as_bytes().split_at(name.len().saturating_sub("_total".len()));
    !stem.is_empty() && total.len() == 6 && begins(total, b"_total")
}
