//! Floor 2 of motia-rs: the app over HTTP. The one crate that knows axum and hyper.
//!
//! # Layout
//! - [`router`]: all routes of an app, made once from its API steps; [`serve`]: the port they answer on
//! - [`settings`]: every limit, with its default
//! - `junction`: all methods of one path; `route`: one of them, from the wire to the step and back
//! - `decode`, `params`: what comes in; `answer`, `sse`, `problem`: what goes out
//! - `streams`: what is shown live, over WebSocket and server-sent events
//! - `idempotency`: a repeated `Idempotency-Key` gets the first answer again
//! - [`host`] and [`guard`]: who may ask at all, and who may ask under `/__motia`
//! - `health`, `metrics`, [`openapi`]: what the app says about itself
//! - `trace`: which run a request belongs to

mod answer;
mod decode;
pub mod guard;
mod health;
pub mod host;
mod idempotency;
mod junction;
mod metrics;
pub mod openapi;
mod params;
mod problem;
mod route;
mod router;
mod server;
pub mod settings;
mod sse;
mod streams;
mod trace;

pub use router::router;
pub use server::serve;
pub use settings::{AdminAccess, HttpSettings};
