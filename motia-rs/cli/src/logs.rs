//! Log lines: pretty ones for people at a terminal, JSON ones for machines.
//!
//! # Layout
//! - [`filters`]: which lines are written; [`line`]: what a line holds
//! - [`pretty`], [`json`]: how a line is written

pub mod filters;
pub mod json;
pub mod line;
pub mod pretty;

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

pub use filters::{Filters, Format};
use motia_core::{clock::Clock as _, context::notes::What};
use motia_runtime::{
    clock::SystemClock,
    runs::{current, logs::Logs},
};
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

use self::{line::Line, pretty::Pretty};

/// Writes each line to stderr in one piece.
struct Lines {
    /// For people; `None`: JSON.
    pretty: Option<Mutex<Pretty>>,
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = Line::of(event, SystemClock.now());
        let text = match &self.pretty {
            None => Some(json::write(&line)),
            Some(pretty) => pretty.lock().unwrap_or_else(PoisonError::into_inner).write(&line),
        };
        let Some(mut text) = text else { return };
        text.push('\n');
        // Nobody is left to be told when stderr is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Keeps the last lines for those who look at them later, and with the run that they belong to.
struct Keep(Arc<Logs>);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = Line::of(event, SystemClock.now());
        let mut kept = line.kept();
        if line.target != motia_runtime::log::TARGET {
            // What a library says inside a handler belongs to the handler's run.
            current::look(|run| {
                if let Some(notes) = &run.notes {
                    let fields = Value::Object(kept.fields.clone());
                    notes.log(kept.at, kept.level, Some(&line.target), &kept.message, &fields);
                }
                kept.step.get_or_insert_with(|| run.step.to_owned());
                kept.trace_id.get_or_insert_with(|| run.trace.trace_id.to_string());
            });
        }
        self.0.push(kept);
    }

    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let (Some(()), Some(span)) = (current::look(|_| ()), ctx.span(id)) {
            span.extensions_mut().insert(Opened(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let Some(Opened(at)) = span.extensions_mut().remove() else { return };
        let took_us = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
        current::look(|run| {
            if let Some(notes) = &run.notes {
                let what = What::Span { name: span.name().into(), took_us };
                notes.note(SystemClock.now(), what);
            }
        });
    }
}

/// When a span of a library was opened inside a handler.
struct Opened(Instant);

/// Has log lines written and kept from here on, for the rest of the process; `steps` are those that write
/// some. A second call changes nothing.
pub fn start(filters: &Filters, coloured: bool, steps: &[&str], kept: Arc<Logs>) {
    let terminal = std::io::stderr().is_terminal();
    let plain = if terminal { Format::Pretty } else { Format::Json };
    let format = filters.format.unwrap_or(plain);
    let (pretty, shown) = match format {
        Format::Json => (None, filters.clone()),
        Format::Pretty => {
            let pretty = Pretty::new(coloured && terminal, steps);
            let pretty = if filters.wants_ends() { pretty.with_all_ends() } else { pretty };
            (Some(Mutex::new(pretty)), filters.with_ends())
        }
    };
    let subscriber = tracing_subscriber::registry()
        .with(Lines { pretty }.with_filter(shown))
        .with(Keep(kept).with_filter(filters.clone()));
    let _ = tracing::subscriber::set_global_default(subscriber);
}
