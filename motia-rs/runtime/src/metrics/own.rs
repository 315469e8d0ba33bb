//! The app's own metrics: shown from the start, and bounded whatever the values of their labels.

use std::{collections::HashMap, sync::atomic::AtomicU64};

use motia_core::{
    metric::{Change, MetricDef, MetricKind},
    registry::Registry,
};
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{
        MetricType,
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
    },
};

use super::Metrics;

/// What stands for the values of labels for which there is no room.
pub const OTHER: &str = "other";

/// The app's own metrics, by name.
#[derive(Debug, Default)]
pub struct Own(HashMap<&'static str, Metric>);

/// There is no metric of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undeclared;

impl Own {
    /// Those that the registry declares, made part of what is shown; each of at most so many series.
    #[must_use]
    pub fn of(registry: &Registry, metrics: &Metrics, max_series: usize) -> Self {
        let mut own = HashMap::new();
        for (metric, _) in &registry.metrics {
            // The boot check finds two that differ.
            own.entry(metric.name).or_insert_with(|| {
                let made = Metric::new(metric, max_series);
                let series = made.series.clone();
                metrics.register(|all| all.register(metric.stem(), metric.help, series));
                made
            });
        }
        Self(own)
    }

    /// Changes one.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn change(&self, metric: &str, labels: &[&str], change: Change) -> Result<(), Undeclared> {
        self.0.get(metric).ok_or(Undeclared)?.change(labels, change);
        Ok(())
    }
}

#[derive(Debug)]
struct Metric {
    name: &'static str,
    labels: Vec<&'static str>,
    series: Series,
    max_series: usize,
    /// Held while a series is made.
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    series: usize,
    /// Whether it was told that there is no more room.
    told: bool,
}

type Labels = Vec<(&'static str, String)>;
type Float = Gauge<f64, AtomicU64>;

/// One metric of the client library, or one for each combination of labels.
#[derive(Debug, Clone)]
enum Series {
    Counter(Counter),
    Counters(Family<Labels, Counter>),
    Gauge(Float),
    Gauges(Family<Labels, Float>),
    Histogram(Histogram),
    Histograms(Family<Labels, Histogram, Buckets>),
}

#[derive(Debug, Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl Metric {
    fn new(metric: &MetricDef, max_series: usize) -> Self {
        let series = match (metric.kind, metric.labels.is_empty()) {
            (MetricKind::Counter, true) => Series::Counter(Counter::default()),
            (MetricKind::Counter, false) => Series::Counters(Family::default()),
            (MetricKind::Gauge, true) => Series::Gauge(Float::default()),
            (MetricKind::Gauge, false) => Series::Gauges(Family::default()),
            (MetricKind::Histogram { buckets }, true) => {
                Series::Histogram(Buckets(buckets).new_metric())
            }
            (MetricKind::Histogram { buckets }, false) => {
                Series::Histograms(Family::new_with_constructor(Buckets(buckets)))
            }
        };
        let (name, labels) = (metric.name, metric.labels.clone());
        Self { name, labels, series, max_series, made: Mutex::default() }
    }

    fn change(&self, values: &[&str], change: Change) {
        match &self.series {
            Series::Counter(counter) => grow(counter, change),
            Series::Counters(family) => grow(&self.one_of(family, values), change),
            Series::Gauge(gauge) => turn(gauge, change),
            Series::Gauges(family) => turn(&self.one_of(family, values), change),
            Series::Histogram(histogram) => show(histogram, change),
            Series::Histograms(family) => show(&self.one_of(family, values), change),
        }
    }

    /// The series of these values, which is made if there is room, or else that of all others.
    fn one_of<M: Clone, C: MetricConstructor<M>>(
        &self,
        family: &Family<Labels, M, C>,
        values: &[&str],
    ) -> M {
        let names = self.labels.iter().copied();
        let labels: Labels = names.zip(values.iter().map(|value| (*value).to_owned())).collect();
        if let Some(known) = family.get(&labels) {
            return known.clone();
        }
        let mut made = self.made.lock();
        if let Some(known) = family.get(&labels) {
            return known.clone(); // made by another thread just now
        }
        if made.series < self.max_series {
            made.series += 1;
            return family.get_or_create_owned(&labels);
        }
        if !made.told {
            made.told = true;
            let (metric, max) = (self.name, self.max_series);
            tracing::warn!(
                "`{metric}` has {max} series: new values of its labels are counted as `{OTHER}`; \
                 label it by what has few values, or raise `max_series`"
            );
        }
        let others = self.labels.iter().map(|name| (*name, OTHER.to_owned())).collect();
        family.get_or_create_owned(&others)
    }
}

fn grow(counter: &Counter, change: Change) {
    if let Change::Grow(by) = change {
        counter.inc_by(by);
    }
}

fn turn(gauge: &Float, change: Change) {
    match change {
        Change::Add(amount) => gauge.inc_by(amount),
        Change::Set(value) => gauge.set(value),
        Change::Grow(_) | Change::Observe(_) => return,
    };
}

fn show(histogram: &Histogram, change: Change) {
    if let Change::Observe(value) = change {
        histogram.observe(value);
    }
}

/// Never empty, so that a metric is shown with its help before it was changed.
impl EncodeMetric for Series {
    fn encode(&self, encoder: MetricEncoder<'_>) -> std::fmt::Result {
        match self {
            Self::Counter(metric) => metric.encode(encoder),
            Self::Counters(metric) => metric.encode(encoder),
            Self::Gauge(metric) => metric.encode(encoder),
            Self::Gauges(metric) => metric.encode(encoder),
            Self::Histogram(metric) => metric.encode(encoder),
            Self::Histograms(metric) => metric.encode(encoder),
        }
    }

    fn metric_type(&self) -> MetricType {
        match self {
            Self::Counter(_) | Self::Counters(_) => MetricType::Counter,
            Self::Gauge(_) | Self::Gauges(_) => MetricType::Gauge,
            Self::Histogram(_) | Self::Histograms(_) => MetricType::Histogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use motia_core::metric;

    use super::*;

    const FAILED: metric::Counter<2> =
        metric::Counter::new("tasks_failed_total", "Tasks that failed").labels(["task", "reason"]);
    const SEEN: metric::Counter = metric::Counter::new("tasks_seen_total", "Tasks that came");
    const ACTIVE: metric::Gauge = metric::Gauge::new("active_tasks", "Tasks that run");
    const TOOK: metric::Histogram<1> =
        metric::Histogram::new("task_seconds", "How long").labels(["task"]).buckets(&[0.5, 2.0]);

    fn app(max_series: usize) -> (Own, Metrics) {
        let own = [FAILED.describe(), SEEN.describe(), ACTIVE.describe(), TOOK.describe()];
        let own = own.map(|metric| (metric, motia_core::source!()));
        let (registry, metrics) = (Registry::default().with_metrics(own), Metrics::default());
        (Own::of(&registry, &metrics, max_series), metrics)
    }

    fn lines(metrics: &Metrics, name: &str) -> Vec<String> {
        let text = metrics.encode();
        text.lines().filter(|line| line.contains(name)).map(str::to_owned).collect()
    }

    #[test]
    fn a_metric_is_shown_with_its_help_before_it_was_changed() {
        let (_own, metrics) = app(10);

        let failed = ["# HELP tasks_failed Tasks that failed.", "# TYPE tasks_failed counter"];
        assert_eq!(lines(&metrics, "tasks_failed"), failed);
        assert_eq!(lines(&metrics, "tasks_seen")[2], "tasks_seen_total 0");
        assert_eq!(lines(&metrics, "active_tasks")[2], "active_tasks 0.0");
    }

    #[test]
    fn what_was_changed_is_shown_under_exactly_the_name_that_it_was_given() {
        let (own, metrics) = app(10);

        own.change("tasks_failed_total", &["resize", "say \"no\""], Change::Grow(3)).unwrap();
        own.change("active_tasks", &[], Change::Set(5.0)).unwrap();
        own.change("active_tasks", &[], Change::Add(-1.5)).unwrap();
        own.change("task_seconds", &["resize"], Change::Observe(1.0)).unwrap();

        let failed = r#"tasks_failed_total{task="resize",reason="say \"no\""} 3"#;
        assert_eq!(lines(&metrics, "tasks_failed_total"), [failed]);
        assert_eq!(lines(&metrics, "active_tasks")[2], "active_tasks 3.5");
        let took = [
            r#"task_seconds_bucket{le="0.5",task="resize"} 0"#,
            r#"task_seconds_bucket{le="2.0",task="resize"} 1"#,
            r#"task_seconds_bucket{le="+Inf",task="resize"} 1"#,
        ];
        assert_eq!(lines(&metrics, "task_seconds_bucket"), took);
    }

    #[test]
    fn values_beyond_the_limit_are_counted_as_other_and_known_ones_as_before() {
        let (own, metrics) = app(2);
        let fail = |task| own.change("tasks_failed_total", &[task, "x"], Change::Grow(1)).unwrap();

        ["a", "b", "c", "d", "a"].into_iter().for_each(fail);

        let mut shown = lines(&metrics, "tasks_failed_total{");
        shown.sort_unstable();
        let expected = [
            r#"tasks_failed_total{task="a",reason="x"} 2"#,
            r#"tasks_failed_total{task="b",reason="x"} 1"#,
            r#"tasks_failed_total{task="other",reason="other"} 2"#,
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_metric_that_nobody_declared_is_none() {
        assert_eq!(app(2).0.change("lost_total", &[], Change::Grow(1)), Err(Undeclared));
    }

    #[test]
    fn two_apps_in_one_process_count_apart() {
        let ((one, shows_one), (_other, shows_other)) = (app(2), app(2));
        one.change("tasks_seen_total", &[], Change::Grow(1)).unwrap();

        let seen = |metrics| lines(metrics, "tasks_seen_total").remove(0);
        assert_eq!(seen(&shows_one), "tasks_seen_total 1");
        assert_eq!(seen(&shows_other), "tasks_seen_total 0");
    }
}
