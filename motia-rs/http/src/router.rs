//! All routes of an app, made once from its API steps.

mod admin;
mod front;
mod nowhere;
mod pages;

use std::collections::BTreeMap;

use axum::Router;
use motia_core::http::ProblemShape;
use motia_runtime::Runtime;

use self::nowhere::Nowhere;
use crate::{
    junction::Junction, metrics::HttpMetrics, params::shape, route::Route, settings::HttpSettings,
    streams,
};

/// All routes of an app: one for each API step, `/livez`, `/readyz`, `/metrics` and `/openapi.json`
/// where no step answers there, and `admin` under `/__motia` behind its [`guard`](crate::guard). People who
/// come to `/` where no step answers are shown there.
///
/// Call it once for a runtime: it registers the metrics of HTTP with it. The host is checked by
/// [`serve`](crate::serve), so that tests can call the router with requests of their own making.
///
/// # Panics
/// When two steps answer one method of one path, or when two paths cannot be told apart, as
/// `/a/{id}` and `/a/{*rest}`. The boot check says so before, with both places.
pub fn router(runtime: &Runtime, settings: &HttpSettings, admin: Router) -> Router {
    let metrics = HttpMetrics::new(runtime.metrics());
    let mut junctions = BTreeMap::new();
    for endpoint in runtime.endpoints() {
        let api = endpoint.api();
        let counted = metrics.route(api.method.as_str(), api.path);
        let route = Route::new(endpoint, runtime, settings, counted);
        let junction = junctions.entry(shape(api.path)).or_insert_with(|| {
            let problems = ProblemShape::of(&settings.problems, api.path);
            Junction::new(api.path, problems, metrics.clone())
        });
        junction.add(api.method.into(), route);
    }

    let nowhere = Nowhere::new(settings, junctions.keys(), metrics).service();
    let mut router = Router::new();
    for (path, page) in pages::all(runtime, settings) {
        if !junctions.contains_key(path) {
            router = router.route(path, page);
        }
    }
    let root = match junctions.remove("/") {
        Some(junction) => junction.mount("/", Router::new()),
        None => Router::new().route_service("/", front::door(settings, nowhere.clone())),
    };
    for (shape, junction) in junctions {
        router = junction.mount(&shape, router);
    }
    streams::mount(router, root, runtime, settings)
        .nest_service("/__motia", admin::guarded(settings, admin))
        .fallback_service(nowhere)
}
