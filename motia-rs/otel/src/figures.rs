//! What is counted of the export, beside what else is counted of the app.

use motia_runtime::metrics::Metrics;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family},
};

/// What is counted of the export.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    exported: Family<SignalLabels, Counter>,
    dropped: Family<DroppedLabels, Counter>,
}

/// Why something was not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Why {
    /// Too much waited.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    full,
    /// The export had ended.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    closed,
    /// The collector did not want it.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    refused,
    /// The collector could not be reached before the app ended.
    #[expect(non_camel_case_types, reason = "the label's value is written as it stands")]
    unreached,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignalLabels {
    signal: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    signal: &'static str,
    reason: Why,
}

impl Figures {
    pub(crate) fn register(&self, metrics: &Metrics) {
        metrics.register(|registry| {
            registry.register(
                "motia_otel_exported",
                "Spans and log lines that a collector took",
                self.exported.clone(),
            );
            registry.register(
                "motia_otel_dropped",
                "Spans and log lines that no collector took",
                self.dropped.clone(),
            );
        });
    }

    pub(crate) fn exported(&self, signal: &'static str, count: u64) {
        self.exported.get_or_create(&SignalLabels { signal }).inc_by(count);
    }

    pub(crate) fn dropped(&self, signal: &'static str, reason: Why, count: u64) {
        self.dropped.get_or_create(&DroppedLabels { signal, reason }).inc_by(count);
    }
}
