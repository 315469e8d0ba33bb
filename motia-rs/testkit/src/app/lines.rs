//! Collects what handlers log on the test's thread.

use std::{fmt, sync::Arc};

use motia_core::context::Level;
use parking_lot::Mutex;
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Registry,
    layer::{Context, Layer, SubscriberExt as _},
};

use crate::fake::LogLine;

/// The lines that handlers logged since it was made. The test's runtime must be one of a single
/// thread, as `#[tokio::test]` makes it.
pub(super) struct Lines {
    read: Arc<Mutex<Vec<LogLine>>>,
    _collecting: DefaultGuard,
}

impl Lines {
    pub(super) fn collect() -> Self {
        let read: Arc<Mutex<Vec<LogLine>>> = Arc::default();
        let collector = Registry::default().with(Collector(read.clone()));
        Self { read, _collecting: tracing::subscriber::set_default(collector) }
    }

    pub(super) fn read(&self) -> Vec<LogLine> {
        self.read.lock().clone()
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

struct Collector(Arc<Mutex<Vec<LogLine>>>);

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != motia_runtime::log::TARGET {
            return;
        }
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let mut parts = Parts::default();
        event.record(&mut parts);
        let Parts { step, message, fields } = parts;
        self.0.lock().push(LogLine { level, step, message, fields });
    }
}

#[derive(Default)]
struct Parts {
    step: String,
    message: String,
    fields: Value,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "step" => self.step = value.to_owned(),
            "fields" => self.fields = serde_json::from_str(value).unwrap_or_default(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
