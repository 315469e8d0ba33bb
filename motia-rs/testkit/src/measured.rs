//! What a handler counted, for its unit test.

use std::sync::Arc;

use motia_core::metric::{Change, Counter, Gauge, Histogram};
use parking_lot::Mutex;

/// Reads what a handler counted.
#[derive(Debug, Clone, Default)]
pub struct Measured(Arc<Mutex<Vec<Measure>>>);

#[derive(Debug)]
struct Measure {
    metric: &'static str,
    labels: Vec<String>,
    change: Change,
}

impl Measured {
    pub(crate) fn note(&self, metric: &'static str, labels: &[&str], change: Change) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.lock().push(Measure { metric, labels, change });
    }

    fn changes(&self, metric: &str, labels: &[&str]) -> Vec<Change> {
        let measures = self.0.lock();
        let of = measures.iter().filter(|one| one.metric == metric && one.labels == labels);
        of.map(|one| one.change).collect()
    }

    /// What a counter was counted up to.
    #[must_use]
    pub fn counter<const N: usize>(&self, counter: Counter<N>, labels: [&str; N]) -> u64 {
        let grown = |change| if let Change::Grow(by) = change { by } else { 0 };
        self.changes(counter.name(), &labels).into_iter().map(grown).sum()
    }

    /// What a gauge reads.
    #[must_use]
    pub fn gauge<const N: usize>(&self, gauge: Gauge<N>, labels: [&str; N]) -> f64 {
        self.changes(gauge.name(), &labels).into_iter().fold(0.0, |reads, change| match change {
            Change::Set(value) => value,
            Change::Add(amount) => reads + amount,
            Change::Grow(_) | Change::Observe(_) => reads,
        })
    }

    /// The values that a histogram was shown, in their order.
    #[must_use]
    pub fn histogram<const N: usize>(
        &self,
        histogram: Histogram<N>,
        labels: [&str; N],
    ) -> Vec<f64> {
        let seen = |change| if let Change::Observe(value) = change { Some(value) } else { None };
        self.changes(histogram.name(), &labels).into_iter().filter_map(seen).collect()
    }
}

#[cfg(test)]
mod tests {
    use motia_core::{
        config::ApiConfig,
        context::Context,
        error::StepResult,
        http::{ApiRequest, ApiResponse},
        registry::Registry,
        setting::Setting,
    };

    use super::*;
    use crate::TestApp;

    const ASKED: Counter<1> = Counter::new("asked_total", "Questions asked").labels(["by"]);
    const OPEN: Gauge = Gauge::new("open_questions", "Questions that are open");
    const NAME: Setting<String> = Setting::new("ASKED_BY", "nobody", "Who asks");

    const ASK: ApiConfig<(), ()> = ApiConfig::get("Ask", "/ask");

    async fn ask(_: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<()>> {
        ctx.metrics.inc(ASKED, [&ctx.setting(NAME)]);
        Ok(ApiResponse::no_content())
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_app_counts_and_what_it_was_set_to_meet_at_its_metrics() {
        let step = (ASK.bind(ask), motia_core::source!());
        let metrics = [ASKED.describe(), OPEN.describe()];
        let registry = Registry::of([step], [])
            .with_metrics(metrics.map(|metric| (metric, motia_core::source!())))
            .with_settings([(NAME.describe(), motia_core::source!())]);
        let app = TestApp::builder().registry(registry).setting(NAME, "Ada".into()).start().await;

        let _ = app.get("/ask").send().await;

        let shown = app.runtime().metrics().encode();
        assert!(shown.contains("asked_total{by=\"Ada\"} 1\n"), "{shown}");
        assert!(shown.contains("\nopen_questions 0.0\n"), "{shown}");
    }
}
