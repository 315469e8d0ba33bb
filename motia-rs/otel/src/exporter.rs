//! Takes recorded runs, and hands them to the threads that send them.

use std::{fmt, sync::Arc};

use motia_core::{registry::Registry, setting::Values, store::BoxFuture};
use motia_runtime::{
    metrics::Metrics,
    runs::{Export, RunRecord},
};

use crate::{
    figures::Figures,
    lane::{Lane, Signal},
    sampler::Sampler,
    settings::Settings,
    translate::Translator,
};

/// Sends recorded runs to a collector, as spans and as logs.
pub struct Exporter {
    sampler: Sampler,
    lanes: Vec<Arc<Lane>>,
    figures: Figures,
}

impl Exporter {
    /// An exporter of what the steps of `registry` do, as the app's settings say; `None` where they say that
    /// nothing is exported. `version` is the app's own, if it says one.
    #[must_use]
    pub fn of(registry: &Registry, values: &Values, version: Option<&str>) -> Option<Self> {
        let settings = Settings::of(values);
        let figures = Figures::default();
        let translator = Arc::new(Translator::new(registry, &settings, version));
        let lane = |signal, target| {
            Lane::new(signal, target, &settings, translator.clone(), figures.clone())
        };
        let targets = [(Signal::Spans, &settings.traces), (Signal::Logs, &settings.logs)];
        let targets = targets.into_iter().filter_map(|(signal, to)| Some((signal, to.clone()?)));
        let lanes: Vec<_> = targets.map(|(signal, target)| lane(signal, target)).collect();
        (!lanes.is_empty()).then_some(Self { sampler: settings.sampler, lanes, figures })
    }
}

impl Export for Exporter {
    fn begin(&self, metrics: &Metrics) {
        self.figures.register(metrics);
        self.lanes.iter().for_each(Lane::begin);
    }

    fn take(&self, run: &Arc<RunRecord>, sampled: bool) {
        if self.sampler.passes(run.trace_id, sampled, run.outcome.is_failure()) {
            self.lanes.iter().for_each(|lane| lane.push(run, sampled));
        }
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            // All are told before any is waited for.
            self.lanes.iter().for_each(|lane| lane.close());
            for lane in &self.lanes {
                lane.ended().await;
            }
        })
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("sampler", &self.sampler).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::tests::run;

    #[tokio::test]
    async fn a_run_that_ends_after_the_export_is_not_counted_as_one_too_many() {
        let exporter = Exporter::of(&Registry::default(), &Values::default(), None).unwrap();
        let metrics = Metrics::default();
        exporter.begin(&metrics);
        exporter.finish().await;

        exporter.take(&Arc::new(run("Pay")), true);

        let page = metrics.encode();
        let dropped: Vec<_> =
            page.lines().filter(|line| line.starts_with("motia_otel_dropped_total")).collect();
        assert_eq!(dropped, [r#"motia_otel_dropped_total{signal="spans",reason="closed"} 1"#]);
    }
}
