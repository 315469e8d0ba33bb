//! Floor 2 of motia-rs: the admin API: what the command line asks of an app, as JSON over HTTP.
//!
//! The HTTP floor serves it under `/__motia`, behind its guards; nothing here asks who is calling.
//!
//! # Layout
//! - [`app`], [`steps`], [`flows`], [`runs`], [`logs`], [`cron`], [`state`], [`emit`]: one file a panel, each with its
//!   `routes`, its answers and its tests
//! - [`queues`], [`waiting`], [`deliveries`], [`circuits`]: what is to be done, and what keeps it from
//!   starting; [`dead`], [`redrive`], [`ended`]: what was not done
//! - [`desk`]: the app that is asked, running or at rest; `switch`: what of it is switched off and on;
//!   `who`: who does so; [`role`]: what they may do
//! - `input`: what is read of a request; [`paging`]: bounded lists; [`refusal`]: what is answered when
//!   it cannot be done
//! - [`local`]: the same API without a socket

pub mod app;
pub mod circuits;
pub mod cron;
pub mod dead;
pub mod deliveries;
pub mod desk;
pub mod emit;
pub mod ended;
pub mod flows;
mod input;
pub mod local;
pub mod logs;
pub mod paging;
pub mod queues;
pub mod redrive;
pub mod refusal;
pub mod role;
pub mod runs;
pub mod state;
pub mod steps;
mod switch;
#[cfg(test)]
mod testing;
pub mod waiting;
mod who;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit};
pub use desk::Desk;
use motia_runtime::{Runtime, runs::logs::Logs};
pub use refusal::Refusal;

/// The target of the lines that say what a person changed.
const AUDIT: &str = "motia::audit";

/// The name that the framework's own state groups begin with.
const RESERVED: &str = "__motia";

/// Room for what stands around a payload in a request.
const ENVELOPE: usize = 64 * 1024;

/// The admin API of a running app with its log lines: routes `/api/app`, `/api/steps` and so on.
pub fn api(runtime: Runtime, logs: Arc<Logs>) -> Router {
    over(Desk::running(runtime).with_logs(logs))
}

/// The admin API over any desk.
///
/// ```
/// use motia_core::registry::Registry;
/// use motia_store::MemoryStore;
/// use motia_workbench::{Desk, local};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
///
/// let desk = Desk::at_rest(Registry::default(), std::sync::Arc::new(MemoryStore::new()));
/// let api = motia_workbench::over(desk.await.unwrap());
///
/// let (status, steps) = local::call(&api, http::Method::GET, "/api/steps", None).await;
/// assert_eq!(status, 200);
/// assert_eq!(steps, serde_json::json!({ "items": [], "next": null }));
///
/// let (status, problem) = local::call(&api, http::Method::GET, "/api/dead/1-1", None).await;
/// assert_eq!(status, 404);
/// assert_eq!(problem["detail"], "no dead letter 1-1");
/// # });
/// ```
pub fn over(desk: Desk) -> Router {
    let largest = desk.engine().limits().payload.saturating_add(ENVELOPE);
    Router::new()
        .merge(app::routes())
        .merge(steps::routes())
        .merge(flows::routes())
        .merge(runs::routes())
        .merge(logs::routes())
        .merge(queues::routes())
        .merge(waiting::routes())
        .merge(deliveries::routes())
        .merge(dead::routes())
        .merge(redrive::routes())
        .merge(ended::routes())
        .merge(circuits::routes())
        .merge(cron::routes())
        .merge(state::routes())
        .merge(emit::routes())
        .layer(DefaultBodyLimit::max(largest))
        .with_state(Arc::new(desk))
}
