//! The task queue from end to end: the real binary over HTTP, and a provider that fails when it is told to.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod client;
mod contract;
mod crash;
mod dashboard;
mod errors;
mod failures;
mod live;
mod lost;
mod many;
mod pdf;
#[path = "../../examples/provider.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "an example: what it needs as a program is not needed here"
)]
mod provider;
mod quiet;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "not every test needs it")]
mod support;
mod upstream;
