//! API steps: an HTTP route with a handler behind it.

use std::{future::Future, marker::PhantomData, time::Duration};

use http::StatusCode;
use schemars::JsonSchema;

use super::{About, about_builders, nothing_to_check, path::assert_path};
use crate::{
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse, Body, Method, Middleware, Reply},
    registry::{ApiStep, Definition, Kind},
    schema::{SchemaFn, schema_of},
    topic::TopicSet,
};

/// The config of an API step that takes `B`, answers with `R` and emits the topics of `E`.
///
/// # Example: a step that takes JSON
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::ApiConfig, context::Context, error::StepResult};
/// # use motia_core::http::{ApiRequest, ApiResponse};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Deserialize, JsonSchema)]
/// struct NewPet {
///     name: String,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Pet {
///     id: u64,
///     name: String,
/// }
///
/// const CONFIG: ApiConfig<NewPet, Pet> = ApiConfig::post("AddPet", "/pets");
///
/// async fn handler(req: ApiRequest<NewPet>, _ctx: Context) -> StepResult<ApiResponse<Pet>> {
///     Ok(ApiResponse::created(Pet { id: 1, name: req.body.name }))
/// }
///
/// motia::step!(CONFIG, handler);
/// ```
///
/// # Example: a path that does not compile
/// ```compile_fail
/// # use motia_core::config::ApiConfig;
/// const CONFIG: ApiConfig = ApiConfig::get("Pets", "pets"); // must start with `/`
/// ```
pub struct ApiConfig<B = (), R = (), E = ()> {
    about: About,
    method: Method,
    path: &'static str,
    options: ApiOptions,
    types: PhantomData<fn(B) -> (R, E)>,
}

/// What an API step may say beyond its route.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApiOptions {
    /// The functions around the step, outermost first.
    pub middleware: &'static [Middleware],
    /// The status of its reply, where not 200.
    pub status: Option<u16>,
    /// What else it answers, beside its reply.
    pub replies: &'static [ReplySchema],
    /// The schema of its query string.
    pub query: Option<SchemaFn>,
    /// The schema of its path parameters.
    pub params: Option<SchemaFn>,
    /// The largest body it takes, in bytes, where not the app's.
    pub body_limit: Option<usize>,
    /// How long it may take, where not the app's.
    pub timeout: Option<Duration>,
    /// Whether a repeated `Idempotency-Key` gets the first answer again.
    pub idempotent: bool,
    /// Topics it emits, named for the graph only, as `emit_raw` does.
    pub emits_raw: &'static [&'static str],
}

/// One answer that a step may give beside its reply; made with [`reply`] or [`rejection`].
#[derive(Debug, Clone, Copy)]
pub struct ReplySchema {
    /// The status.
    pub status: u16,
    /// When it is given.
    pub description: &'static str,
    /// The schema of its body; none for a problem, in the form that problems have under the step's
    /// path.
    pub schema: Option<SchemaFn>,
}

impl ReplySchema {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("it was checked when it was made")
    }
}

/// An answer of this status with a JSON body of type `T`, or none for `()`, for
/// [`ApiConfig::replies`].
///
/// # Panics
/// At compile time, when `status` is not between 200 and 599.
#[must_use]
pub const fn reply<T: JsonSchema>(status: u16, description: &'static str) -> ReplySchema {
    assert!(200 <= status && status <= 599, "an answer's status lies between 200 and 599");
    ReplySchema { status, description, schema: Some(schema_of::<T>()) }
}

/// A rejection of this status, as [`StepError::reject`](crate::error::StepError::reject) makes it, for
/// [`ApiConfig::replies`]. Its description is the example's `detail`.
///
/// ```
/// use motia_core::config::{ApiConfig, rejection};
///
/// const CONFIG: ApiConfig = ApiConfig::get("ReadOrder", "/orders/{id}")
///     .replies(&[rejection(404, "there is no such order")]);
/// ```
///
/// # Panics
/// At compile time, when `status` is not between 400 and 599.
#[must_use]
pub const fn rejection(status: u16, description: &'static str) -> ReplySchema {
    assert!(400 <= status && status <= 599, "a rejection's status lies between 400 and 599");
    ReplySchema { status, description, schema: None }
}

impl<B, R, E> ApiConfig<B, R, E> {
    /// A step of this name, method and path. Parameters are written `/users/{id}`.
    ///
    /// # Panics
    /// At compile time, when the name or the path cannot be.
    #[must_use]
    pub const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        assert_path(path);
        let options = ApiOptions {
            middleware: &[],
            status: None,
            replies: &[],
            query: None,
            params: None,
            body_limit: None,
            timeout: None,
            idempotent: false,
            emits_raw: &[],
        };
        Self { about: About::new(name), method, path, options, types: PhantomData }
    }

    /// A step that answers `GET`.
    #[must_use]
    pub const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Get, path)
    }

    /// A step that answers `POST`.
    #[must_use]
    pub const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Post, path)
    }

    /// A step that answers `PUT`.
    #[must_use]
    pub const fn put(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Put, path)
    }

    /// A step that answers `PATCH`.
    #[must_use]
    pub const fn patch(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Patch, path)
    }

    /// A step that answers `DELETE`.
    #[must_use]
    pub const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Delete, path)
    }

    about_builders!();
    nothing_to_check!();

    /// Lists the functions around the step, outermost first:
    /// `middleware![trace_callers, require_api_key]`.
    #[must_use]
    pub const fn middleware(mut self, middleware: &'static [Middleware]) -> Self {
        self.options.middleware = middleware;
        self
    }

    /// Says which status the step's reply has in the `OpenAPI` document, where it is not 200: 201 for
    /// a handler that answers [`ApiResponse::created`].
    ///
    /// # Panics
    /// At compile time, when `status` is not between 200 and 399.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        assert!(200 <= status && status <= 399, "a reply's status lies between 200 and 399");
        self.options.status = Some(status);
        self
    }

    /// Lists what else the step answers:
    /// `&[reply::<NoSuchJob>(410, "the job is gone"), rejection(404, "there is no such job")]`.
    #[must_use]
    pub const fn replies(mut self, replies: &'static [ReplySchema]) -> Self {
        self.options.replies = replies;
        self
    }

    /// Gives the query string a type: it is documented, and checked before the handler runs, which
    /// then reads it with [`ApiRequest::query`].
    #[must_use]
    pub const fn query<Q: JsonSchema>(mut self) -> Self {
        self.options.query = Some(schema_of::<Q>());
        self
    }

    /// Gives the path parameters a type: it is documented, and checked before the handler runs, which
    /// then reads them with [`ApiRequest::path`]. Parameters that do not fit are 404.
    #[must_use]
    pub const fn params<P: JsonSchema>(mut self) -> Self {
        self.options.params = Some(schema_of::<P>());
        self
    }

    /// Takes bodies of up to so many bytes; without it the app's `body_limit` holds (1 MiB).
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.options.body_limit = Some(bytes);
        self
    }

    /// Ends a handler that takes longer, and answers 503; without it the app's `handler_timeout`
    /// holds (30 s).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Answers a request with an `Idempotency-Key` seen before with the first answer again, for 24
    /// hours, instead of running the handler.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.options.idempotent = true;
        self
    }

    /// Names topics that the handler emits with `emit_raw`, for the graph.
    #[must_use]
    pub const fn emits_raw(mut self, topics: &'static [&'static str]) -> Self {
        self.options.emits_raw = topics;
        self
    }

    /// Joins the config to its handler; [`step!`](crate::step!) calls it.
    pub fn bind<F, Fut>(self, handler: F) -> Definition
    where
        B: Body,
        R: Reply,
        E: TopicSet,
        F: Fn(ApiRequest<B>, Context<E>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = StepResult<ApiResponse<R>>> + Send + 'static,
    {
        let erased = move |req: ApiRequest, ctx: Context| {
            let handler = handler.clone();
            let (body, rest) = req.take_body();
            let body = B::from_raw(body);
            Box::pin(async move {
                let response = handler(rest.with_body(body?), ctx.narrow()).await?;
                Ok(response.into_raw()?)
            }) as crate::http::middleware::ApiFuture
        };
        Definition {
            about: self.about,
            emits: crate::registry::emits(E::topics(), self.options.emits_raw),
            subscribes: Vec::new(),
            kind: Kind::Api(ApiStep {
                method: self.method,
                path: self.path,
                options: self.options,
                body_kind: B::kind(),
                body: B::schema(),
                reply: R::schema(),
                reply_type: R::content_type(),
                default_status: self
                    .options
                    .status
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .unwrap_or(StatusCode::OK),
                handler: Box::new(erased),
            }),
        }
    }
}
