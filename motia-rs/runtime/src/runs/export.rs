//! The port to whoever takes recorded runs out of the program, to a collector of traces for one.

use std::{fmt, sync::Arc};

use motia_core::store::BoxFuture;

use super::RunRecord;
use crate::metrics::Metrics;

/// Takes recorded runs out of the program.
pub trait Export: fmt::Debug + Send + Sync {
    /// The app starts; what is counted of the export is counted among its metrics.
    fn begin(&self, metrics: &Metrics);

    /// A run was recorded, with its secrets redacted. Whoever waits for the run's answer waits for this, so it
    /// only notes it down. `sampled` is what the caller said of the trace, in its `traceparent`.
    fn take(&self, run: &Arc<RunRecord>, sampled: bool);

    /// Nothing more comes: sends off what was taken. It is given up at the end of the drain.
    fn finish(&self) -> BoxFuture<'_, ()>;
}
