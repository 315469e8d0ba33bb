//! What is counted of those who watch streams.

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use crate::metrics::Metrics;

/// What is counted of those who watch streams.
#[derive(Debug, Default)]
pub struct Figures {
    /// Connections that are open.
    pub connections: Gauge,
    /// Rooms that they watch.
    pub subscriptions: Gauge,
    /// Changes that they were shown.
    pub sent: Counter,
    /// How often one of them fell behind.
    pub resyncs: Counter,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let figures = Self::default();
        metrics.register(|registry| {
            registry.register(
                "motia_stream_connections",
                "Connections that watch streams",
                figures.connections.clone(),
            );
            registry.register(
                "motia_stream_subscriptions",
                "Groups and items of streams that are watched, counted for each connection",
                figures.subscriptions.clone(),
            );
            registry.register(
                "motia_stream_changes_sent",
                "Changes of streams shown to connections",
                figures.sent.clone(),
            );
            registry.register(
                "motia_stream_resyncs",
                "Times that a connection read too slowly and was shown everything anew",
                figures.resyncs.clone(),
            );
        });
        figures
    }
}
