//! Floor 1 of motia-rs: makes steps run. Knows the ports of floor 0; no adapter, no HTTP.
//!
//! # Layout
//! - [`Runtime`]: started from a registry and a store, and shut down
//! - [`api`]: calls of API steps
//! - [`bus`]: events from the store to the event steps
//! - [`cron`]: the clock's steps
//! - [`hub`]: changes of streams, to whoever watches
//! - [`invoke`]: one attempt of a handler, whatever its kind
//! - [`engine`]: what a context reaches
//! - [`fit`]: whether what waits still fits the program
//! - [`metrics`]: what is counted; [`runs`]: what every run leaves; [`pulse`]: that something changed
//! - [`sources`]: step files that no `mod` includes
//! - [`tasks`]: the one place where tasks are spawned

pub mod api;
pub mod bus;
pub mod clock;
pub mod cron;
pub mod engine;
pub mod fit;
pub mod hub;
pub mod invoke;
pub mod log;
pub mod metrics;
pub mod pulse;
pub mod runs;
mod runtime;
pub mod settings;
pub mod sources;
mod sweep;
pub mod tasks;

pub use runtime::{Runtime, StartError};
pub use settings::Settings;
