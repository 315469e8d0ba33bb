//! Floor 2: what tests of motia-rs, and of apps and stores made with it, are built from.
//!
//! # Layout
//! - [`conformance`]: what every store must do

pub mod conformance;
