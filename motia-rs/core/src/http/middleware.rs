//! Functions that wrap an API step.

use super::{ApiRequest, ApiResponse};
use crate::{context::Context, error::StepResult, store::BoxFuture};

/// What a middleware and a step's own end of the chain give back.
pub type ApiFuture = BoxFuture<'static, StepResult<ApiResponse>>;

/// A function that wraps an API step; list it with [`middleware!`](crate::middleware!).
#[derive(Clone, Copy)]
pub struct Middleware {
    /// The function's name, for the Workbench.
    pub name: &'static str,
    /// The function.
    pub call: fn(ApiRequest, Context, Next) -> ApiFuture,
}

impl std::fmt::Debug for Middleware {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The rest of the chain, with the step at its end.
pub struct Next(Box<dyn FnOnce(ApiRequest) -> ApiFuture + Send>);

impl Next {
    /// A chain that goes on with `rest`.
    pub fn new(rest: impl FnOnce(ApiRequest) -> ApiFuture + Send + 'static) -> Self {
        Self(Box::new(rest))
    }

    /// For tests: a step that must not be reached.
    #[must_use]
    pub fn unreachable() -> Self {
        Self::new(|_| Box::pin(async { panic!("the request reached the step") }))
    }

    /// Goes on with the chain.
    ///
    /// # Errors
    /// Whatever the rest of the chain fails with; it may be caught here.
    pub async fn run(self, req: ApiRequest) -> StepResult<ApiResponse> {
        (self.0)(req).await
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Next")
    }
}

/// Lists middleware functions, outermost first.
///
/// # Example: callers without a key are turned away
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::ApiConfig, context::Context, error::{StepError, StepResult}};
/// # use motia_core::http::{ApiRequest, ApiResponse, Next};
/// # use http::StatusCode;
/// async fn require_api_key(req: ApiRequest, _ctx: Context, next: Next) -> StepResult<ApiResponse> {
///     match req.header("x-api-key") {
///         Some(_) => next.run(req).await,
///         None => Err(StepError::reject(StatusCode::UNAUTHORIZED, "bring an `x-api-key` header")),
///     }
/// }
///
/// const CONFIG: ApiConfig = ApiConfig::get("Orders", "/orders")
///     .middleware(motia::middleware![require_api_key]);
/// ```
#[macro_export]
macro_rules! middleware {
    ($($function:path),+ $(,)?) => {
        &[$($crate::http::Middleware {
            name: stringify!($function),
            call: |req, ctx, next| ::std::boxed::Box::pin($function(req, ctx, next)),
        }),+]
    };
}
