//! Streams as those see them who watch: nothing lost, nothing twice, nobody held up.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod access;
mod instances;
mod order;
mod resume;
mod slow;
mod stage;
