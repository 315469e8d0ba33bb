//! AI jobs from end to end: the contract over HTTP against the app's real binary, what a `kill -9` leaves of it, and
//! cancellation under a clock that stands still.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

#[path = "systems_ai_jobs/cancellation.rs"]
mod cancellation;
#[path = "systems_ai_jobs/client.rs"]
mod client;
#[path = "systems_ai_jobs/contract.rs"]
mod contract;
#[path = "systems_ai_jobs/crash.rs"]
mod crash;
#[path = "systems_ai_jobs/hook.rs"]
mod hook;
#[path = "systems_ai_jobs/load.rs"]
mod load;
