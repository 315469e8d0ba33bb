//! Floor 2 of motia-rs, behind the feature `otel`: recorded runs as spans and logs of OpenTelemetry, sent to
//! a collector by OTLP over HTTP.
//!
//! A run is translated from its record, so what leaves the program is what the Workbench shows: bounded, with
//! its secrets redacted. Whoever waits for a run's answer waits for one push to a queue; a thread of its own
//! for spans and one for logs do the rest.
//!
//! # Layout
//! - [`Exporter`]: takes runs; `queue`: where they wait; `lane`: the thread that sends those of one signal
//! - [`settings`]: the variables of OpenTelemetry, [`value`] by value; [`sampler`]: which runs are sent
//! - [`translate`]: a run as spans ([`span`](translate::span)) and as logs ([`log`](translate::log)), and who
//!   they are of ([`resource`](translate::resource))
//! - `client`: one request to the collector; `figures`: what is counted

mod client;
mod exporter;
mod figures;
mod lane;
mod queue;
pub mod sampler;
pub mod settings;
pub mod translate;
pub mod value;

pub use exporter::Exporter;
pub use queue::Bound;
