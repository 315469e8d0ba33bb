//! The routes with what is said of them: one call adds both, so that nothing is served that the description
//! leaves out, and nothing is described that is not served.

use std::sync::Arc;

use axum::{Router, handler::Handler, routing::MethodFilter};
use http::{Method, StatusCode};
use motia_core::schema::{SchemaFn, schema_of};
use schemars::JsonSchema;

use crate::Desk;

/// Routes, each with what is said of it.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    router: Router<Arc<Desk>>,
    operations: Vec<Operation>,
}

/// What is said of one method of one path.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) about: About,
}

/// What an operation does, takes and answers.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// In one sentence.
    pub(crate) does: &'static str,
    pub(crate) query: Option<SchemaFn>,
    pub(crate) body: Option<SchemaFn>,
    pub(crate) status: StatusCode,
    pub(crate) answer: Answer,
}

/// What is answered when it goes well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Json(SchemaFn),
    /// A body of server-sent events whose data are such documents.
    Events(SchemaFn),
    Nothing,
}

/// An operation that does this, and answers with nothing but its status.
pub(crate) const fn does(does: &'static str) -> About {
    About { does, query: None, body: None, status: StatusCode::NO_CONTENT, answer: Answer::Nothing }
}

impl About {
    /// It answers with a JSON document.
    pub(crate) const fn answers<T: JsonSchema>(self) -> Self {
        Self { status: StatusCode::OK, answer: Answer::Json(schema_of::<T>()), ..self }
    }

    /// It answers with server-sent events.
    pub(crate) const fn streams<T: JsonSchema>(self) -> Self {
        Self { status: StatusCode::OK, answer: Answer::Events(schema_of::<T>()), ..self }
    }

    /// It has been asked for, and is done later.
    pub(crate) const fn accepted(self) -> Self {
        Self { status: StatusCode::ACCEPTED, ..self }
    }

    /// It reads a query string.
    pub(crate) const fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(schema_of::<T>()), ..self }
    }

    /// It reads a JSON body.
    pub(crate) const fn takes<T: JsonSchema>(self) -> Self {
        Self { body: Some(schema_of::<T>()), ..self }
    }
}

/// Who asks; the body may be left out.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "it is read in `who`, and described here")]
pub(crate) struct Signed {
    /// A name of up to 64 bytes, shown wherever it is asked later.
    by: Option<String>,
}

impl Routes {
    pub(crate) fn get<H, T>(self, path: &'static str, handler: H, about: About) -> Self
    where
        H: Handler<T, Arc<Desk>>,
        T: 'static,
    {
        self.on(Method::GET, MethodFilter::GET, path, handler, about)
    }

    pub(crate) fn post<H, T>(self, path: &'static str, handler: H, about: About) -> Self
    where
        H: Handler<T, Arc<Desk>>,
        T: 'static,
    {
        self.on(Method::POST, MethodFilter::POST, path, handler, about)
    }

    pub(crate) fn put<H, T>(self, path: &'static str, handler: H, about: About) -> Self
    where
        H: Handler<T, Arc<Desk>>,
        T: 'static,
    {
        self.on(Method::PUT, MethodFilter::PUT, path, handler, about)
    }

    pub(crate) fn delete<H, T>(self, path: &'static str, handler: H, about: About) -> Self
    where
        H: Handler<T, Arc<Desk>>,
        T: 'static,
    {
        self.on(Method::DELETE, MethodFilter::DELETE, path, handler, about)
    }

    fn on<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: H,
        about: About,
    ) -> Self
    where
        H: Handler<T, Arc<Desk>>,
        T: 'static,
    {
        self.router = self.router.route(path, axum::routing::on(filter, handler));
        self.operations.push(Operation { method, path, about });
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.operations.extend(other.operations);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// What is said of all of them.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) fn into_router(self) -> Router<Arc<Desk>> {
        self.router
    }
}
