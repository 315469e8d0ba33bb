//! Cron steps through a whole runtime: paused time, and once the real clock and scheduler.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod app;
mod catch_up;
mod full;
mod instances;
mod life;
mod overlap;
mod precision;
mod shared;
mod times;
