//! Floor 2 of motia-rs: the admin API: what the command line asks of an app, as JSON over HTTP.
//!
//! The HTTP floor serves it under `/__motia`, behind its guards; nothing here asks who is calling.
//!
//! # Layout
//! - [`app`], [`steps`], [`flows`], [`endpoints`], [`runs`], [`logs`], [`cron`], [`state`], [`streams`], [`emit`]: one
//!   file a panel, each with its `routes`, its answers and its tests
//! - [`source`], [`layout`]: what lies beside the app, where it runs beside its sources
//! - [`activity`], [`metrics`], [`changes`]: what it is doing, in figures, and when to look again
//! - [`queues`], [`waiting`], [`deliveries`], [`circuits`]: what is to be done, and what keeps it from
//!   starting; [`dead`], [`redrive`], [`ended`]: what was not done; [`replay`]: what is done
//!   once more
//! - [`desk`]: the app that is asked, running or at rest; `switch`: what of it is switched off and on;
//!   [`who`]: who does so; [`role`]: what they may do; [`audit`]: what they did
//! - `operations`: the routes with what is said of them; `openapi`: that as a document; `example`: bodies to
//!   start from
//! - `input`: what is read of a request, `unread`: why it could not be; [`paging`]: bounded lists; [`refusal`]:
//!   what is answered when it cannot be done
//! - `ui`: the pages of the Workbench; [`panels`]: those that the app adds; `page`: how their files are answered
//! - [`local`]: the same API without a socket

pub mod activity;
pub mod app;
pub mod audit;
pub mod changes;
pub mod circuits;
pub mod cron;
pub mod dead;
pub mod deliveries;
pub mod desk;
pub mod emit;
pub mod ended;
pub mod endpoints;
mod example;
pub mod flows;
mod input;
pub mod layout;
pub mod local;
pub mod logs;
pub mod metrics;
mod openapi;
mod operations;
mod page;
pub mod paging;
pub mod panels;
pub mod queues;
pub mod redrive;
pub mod refusal;
pub mod replay;
pub mod role;
pub mod runs;
pub mod source;
pub mod state;
pub mod steps;
pub mod streams;
mod switch;
#[cfg(test)]
mod testing;
mod ui;
mod unread;
pub mod waiting;
pub mod who;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::Response,
};
pub use desk::Desk;
use motia_runtime::{Runtime, pulse::Area, runs::logs::Logs};
pub use refusal::Refusal;

use crate::operations::Routes;

/// The name that the framework's own state groups begin with.
const RESERVED: &str = "__motia";

/// Room for what stands around a payload in a request.
const ENVELOPE: usize = 64 * 1024;

/// The admin API of a running app with its log lines: routes `/api/app`, `/api/steps` and so on.
pub fn api(runtime: Runtime, logs: Arc<Logs>) -> Router {
    over(Desk::running(runtime).with_logs(logs))
}

/// All of the Workbench of a running app: the admin API, the panels that the app adds, and the pages.
pub fn served(runtime: Runtime, logs: Arc<Logs>) -> Router {
    let panels = panels::routes(runtime.registry());
    ui::beneath(api(runtime, logs).merge(panels))
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
    let (routes, desk) = (routes(), Arc::new(desk));
    let document = openapi::Document::of(routes.operations());
    routes
        .into_router()
        .layer(middleware::from_fn_with_state(desk.clone(), audit::keep))
        .layer(middleware::from_fn_with_state(desk.clone(), tell))
        .layer(middleware::from_fn(input::only_json))
        .layer(Extension(document))
        .layer(DefaultBodyLimit::max(largest))
        .with_state(desk)
}

/// Every panel's.
fn routes() -> Routes {
    Routes::default()
        .merge(app::routes())
        .merge(steps::routes())
        .merge(source::routes())
        .merge(flows::routes())
        .merge(layout::routes())
        .merge(endpoints::routes())
        .merge(activity::routes())
        .merge(runs::routes())
        .merge(replay::routes())
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
        .merge(streams::routes())
        .merge(emit::routes())
        .merge(metrics::routes())
        .merge(changes::routes())
        .merge(openapi::routes())
        .merge(audit::routes())
}

/// Tells those who look on that somebody changed something.
async fn tell(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let looks = request.method().is_safe();
    let response = next.run(request).await;
    if let Some(runtime) = desk.runtime().filter(|_| !looks && response.status().is_success()) {
        Area::TOLD.into_iter().for_each(|area| runtime.pulse().beat(area));
    }
    response
}
