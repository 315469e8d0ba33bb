//! The background jobs from end to end: what a client is promised, in the test's own process and against
//! the real binary.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod client;
mod contract;
mod files;
mod kill;
mod letters;
#[path = "../support/mod.rs"]
mod support;
mod time;
mod turns;
