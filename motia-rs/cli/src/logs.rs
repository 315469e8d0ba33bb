//! Log lines: pretty ones for people at a terminal, JSON ones for machines.
//!
//! # Layout
//! - [`filters`]: which lines are written; [`line`]: what a line holds
//! - [`pretty`], [`json`]: how a line is written

pub mod filters;
pub mod json;
pub mod line;
pub mod pretty;

use std::io::{IsTerminal as _, Write as _};

pub use filters::{Filters, Format};
use motia_core::clock::Clock as _;
use motia_runtime::clock::SystemClock;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

use self::line::Line;

/// Writes each line to stderr in one piece.
struct Lines {
    format: Format,
    coloured: bool,
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = Line::of(event, SystemClock.now());
        let mut text = match self.format {
            Format::Json => json::write(&line),
            Format::Pretty => pretty::write(&line, self.coloured),
        };
        text.push('\n');
        // Nobody is left to be told when stderr is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Has log lines written from here on, for the rest of the process. A second call changes nothing.
pub fn start(filters: &Filters, coloured: bool) {
    let terminal = std::io::stderr().is_terminal();
    let plain = if terminal { Format::Pretty } else { Format::Json };
    let format = filters.format.unwrap_or(plain);
    let lines = Lines { format, coloured: coloured && terminal };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filters.clone()));
    let _ = tracing::subscriber::set_global_default(subscriber);
}
