//! An event-driven step framework: APIs, background jobs, schedules, state and live updates in one
//! program, durable by default, with nothing else to install.
//!
//! A backend is a set of **steps**. A step is a const config and a plain `async fn`; steps find each
//! other by **topic**, and a **flow** is a named group of them.
//!
//! # Example: a step that answers and announces
//! ```
//! use motia::prelude::*;
//!
//! #[derive(Debug, Serialize, Deserialize, JsonSchema)]
//! struct OrderPlaced {
//!     item: String,
//! }
//! topic!(OrderPlaced = "order.placed");
//!
//! const CONFIG: ApiConfig<OrderPlaced, Value, (OrderPlaced,)> =
//!     ApiConfig::post("PlaceOrder", "/orders");
//!
//! async fn handler(
//!     req: ApiRequest<OrderPlaced>,
//!     ctx: Context<(OrderPlaced,)>,
//! ) -> StepResult<ApiResponse<Value>> {
//!     let receipt = ctx.emit(req.body).await?; // kept: it survives kill -9 from here on
//!     Ok(ApiResponse::created(json!({ "event": receipt.id })))
//! }
//!
//! step!(CONFIG, handler);
//! # fn main() {}
//! ```
//!
//! # Example: the app
//! Its `main` names the crate that holds the steps, without which none of them is linked in.
//! ```no_run
//! // use steps as _;
//!
//! fn main() -> std::process::ExitCode {
//!     motia::App::new().run()
//! }
//! ```
//! `cargo run` serves it; `cargo run -- help` lists what else it can be asked.
//!
//! # Layout
//! - [`prelude`]: what a step file needs; [`App`]: what `main` needs
//! - macros: [`step!`], [`topic!`], [`stream!`], [`setting!`], [`metric!`], [`middleware!`], [`one_of!`]
//! - [`config`], [`context`], [`error`], [`flow`], [`http`], [`metric`], [`setting`], [`topic`]: the words of a step
//! - [`registry`], [`check`], [`graph`]: all steps together
//! - [`store`], [`stores`]: the port to what is kept, and what implements it
//! - the feature `otel`: every run as a span of OpenTelemetry, sent by OTLP
//! - [`runtime`], [`server`], [`workbench`], [`cli`]: the machinery, for those who embed it

mod app;
#[cfg(doctest)]
mod error_pages;
pub mod prelude;

pub use app::App;
#[doc(no_inline)]
pub use motia_cli as cli;
#[doc(no_inline)]
pub use motia_core::{
    check, circuit, clock, config, context, error, event, flow, graph, http, input, json, metric,
    panel, redact, registry, role, schedule, schema, secret, setting, store, text, topic, trace,
    watch,
};
pub use motia_core::{middleware, one_of, step, stream};
#[doc(no_inline)]
pub use motia_http as server;
#[cfg(feature = "otel")]
#[doc(no_inline)]
pub use motia_otel as otel;
#[doc(no_inline)]
pub use motia_runtime as runtime;
#[doc(no_inline)]
pub use motia_store as stores;
#[doc(no_inline)]
pub use motia_workbench as workbench;
