//! The pages that the app adds: their files, as they are.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::StatusCode;
use motia_core::registry::Registry;
use schemars::JsonSchema;
use serde::Serialize;

use crate::page::{Asked, File};

/// A page of the app.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PanelInfo {
    /// What it is called in addresses.
    pub name: &'static str,
    /// What people read.
    pub title: &'static str,
    /// Where it lies: under `/__motia/panels/`, or a path of the app.
    pub href: String,
}

impl PanelInfo {
    /// The panels of an app.
    #[must_use]
    pub fn all(registry: &Registry) -> Vec<Self> {
        let info = |panel: &motia_core::panel::Panel| Self {
            name: panel.name,
            title: panel.title,
            href: panel.href(),
        };
        registry.panels.iter().map(|(panel, _)| info(panel)).collect()
    }
}

/// The files of all panels.
pub(crate) fn routes(registry: &Registry) -> Router {
    Router::new()
        .route("/panels/{name}", get(enter))
        .route("/panels/{name}/", get(index))
        .route("/panels/{name}/{*path}", get(file))
        .with_state(Arc::new(registry.clone()))
}

/// Only behind its last `/` do the paths in a page lead to the files beside it.
async fn enter(State(registry): State<Arc<Registry>>, Path(name): Path<String>) -> Response {
    match registry.panel(&name) {
        Some(panel) => Redirect::permanent(&panel.href()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn index(
    State(registry): State<Arc<Registry>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    answer(&registry, &name, "index.html", &request)
}

async fn file(
    State(registry): State<Arc<Registry>>,
    Path((name, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&registry, &name, &path, &request)
}

fn answer(registry: &Registry, name: &str, path: &str, request: &Request) -> Response {
    let Some(found) = registry.panel(name).and_then(|panel| panel.file(path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut hash = DefaultHasher::new();
    found.bytes.hash(&mut hash);
    let file = File { path: found.path, hash: hash.finish(), is_immutable: false };
    let (uri, headers) = (request.uri(), request.headers());
    Asked { uri, headers }.answer(&file, || found.bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::header;
    use motia_core::{
        self as motia,
        panel::{File, Panel},
    };
    use tower::ServiceExt as _;

    use super::*;

    const TASKS: Panel = Panel::new("tasks", "Task queue")
        .files(&[File::new("index.html", b"<!doctype html>"), File::new("js/panel.js", b"1")]);

    async fn get(path: &str) -> (StatusCode, String, Vec<u8>) {
        let panels = [TASKS, Panel::new("shop", "Shop").at("/shop/today")];
        let registry = Registry::default().with_panels(panels.map(|it| (it, motia::source!())));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes(&registry).oneshot(request).await.unwrap();
        let status = response.status();
        let told = [header::CONTENT_TYPE, header::LOCATION];
        let told = told.iter().find_map(|name| response.headers().get(name));
        let told = told.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        (status, told, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn a_panel_is_served_with_the_files_beside_it() {
        let (status, kind, body) = get("/panels/tasks/").await;
        assert_eq!((status, &*kind), (StatusCode::OK, "text/html; charset=utf-8"));
        assert_eq!(body, b"<!doctype html>");
        let (status, kind, _) = get("/panels/tasks/js/panel.js").await;
        assert_eq!((status, &*kind), (StatusCode::OK, "text/javascript; charset=utf-8"));
    }

    #[tokio::test]
    async fn without_its_last_slash_a_panel_is_elsewhere() {
        for (path, leads_to) in
            [("/panels/tasks", "/__motia/panels/tasks/"), ("/panels/shop", "/shop/today")]
        {
            let (status, location, _) = get(path).await;
            assert_eq!((status, &*location), (StatusCode::PERMANENT_REDIRECT, leads_to));
        }
    }

    #[tokio::test]
    async fn what_is_no_file_of_a_panel_is_not_there() {
        for path in [
            "/panels/nobody",
            "/panels/nobody/",
            "/panels/tasks/gone.js",
            "/panels/tasks/..%2Fx",
            "/panels/shop/",
        ] {
            assert_eq!(get(path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
