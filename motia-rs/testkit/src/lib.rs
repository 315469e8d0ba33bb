//! Floor 2: what tests of motia-rs, and of apps and stores made with it, are built from.
//!
//! # Layout
//! - [`fake`]: a context and a probe, for unit tests of handlers
//! - [`TestApp`]: a whole app in the test's own process, for tests of flows
//! - [`assert_wired`]: the boot check as a test
//! - [`conformance`]: what every store must do
//! - [`disk`]: a disk that fails on command, under a real process

mod app;
pub mod conformance;
#[cfg(target_os = "linux")]
pub mod disk;
mod fake;
pub mod history;
mod measured;
mod wiring;

pub use app::{Reply, Request, Seen, TestApp, TestAppBuilder, Watch};
pub use fake::{Emission, Fake, LogLine, Probe, START, fake};
pub use measured::Measured;
pub use wiring::assert_wired;
