//! Floor 2: what tests of motia-rs, and of apps and stores made with it, are built from.
//!
//! # Layout
//! - [`fake`]: a context and a probe, for unit tests of handlers
//! - [`conformance`]: what every store must do

pub mod conformance;
mod fake;

pub use fake::{Emission, Fake, LogLine, Probe, START, fake};
