//! Who may watch a stream, and who is told when somebody does.

use std::{fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{context::Context, error::StepResult, http::ApiRequest, store::BoxFuture};

/// Somebody who watches a stream's group, or one item of it, or wants to.
///
/// ```
/// use motia_core::watch::Visit;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct User { shop: String }
///
/// let visit = Visit::new("order-feed", "shop-1").with_auth(&User { shop: "shop-1".into() });
/// assert_eq!(visit.auth::<User>().unwrap().shop, visit.group);
///
/// assert!(Visit::new("order-feed", "shop-1").auth::<User>().is_none());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Visit {
    /// The stream.
    pub stream: &'static str,
    /// The group of it.
    pub group: String,
    /// The item, if not the group as a whole.
    pub id: Option<String>,
    auth: Option<Arc<Value>>,
}

impl Visit {
    /// Somebody unknown, at a group.
    pub fn new(stream: &'static str, group: impl Into<String>) -> Self {
        Self { stream, group: group.into(), id: None, auth: None }
    }

    /// At one item of the group.
    #[must_use]
    pub fn with_id(self, id: Option<String>) -> Self {
        Self { id, ..self }
    }

    /// As whom the app knows the visitor.
    ///
    /// # Panics
    /// When it does not serialise.
    #[must_use]
    pub fn with_auth<T: Serialize>(self, auth: &T) -> Self {
        let auth = serde_json::to_value(auth).expect("who somebody is serialises");
        self.known_as(Some(Arc::new(auth)))
    }

    /// As whom the app knows the visitor, if it does.
    #[must_use]
    pub fn known_as(self, auth: Option<Arc<Value>>) -> Self {
        Self { auth, ..self }
    }

    /// As whom [`Authenticator`] knows the visitor; `None` for somebody unknown, or when it does not fit
    /// `T`.
    #[must_use]
    pub fn auth<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.auth.as_deref()?).ok()
    }
}

/// Finds out who asks, once for each connection that watches streams: `App::authenticate` takes one.
/// `Ok(None)` lets somebody in unknown, an error turns them away.
#[derive(Clone)]
pub struct Authenticator(Arc<dyn Fn(ApiRequest<()>, Context) -> Known + Send + Sync>);

type Known = BoxFuture<'static, StepResult<Option<Value>>>;

impl Authenticator {
    /// Finds out by this function, which is given the headers and the query of the request.
    pub fn new<F, Fut, T>(find_out: F) -> Self
    where
        F: Fn(ApiRequest<()>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<Option<T>>> + Send + 'static,
        T: Serialize,
    {
        let find_out = Arc::new(find_out);
        Self(Arc::new(move |request, ctx| {
            let find_out = find_out.clone();
            Box::pin(async move {
                let known = find_out(request, ctx).await?;
                Ok(known.map(serde_json::to_value).transpose()?)
            })
        }))
    }

    /// Who asks, if that is known.
    ///
    /// # Errors
    /// Whatever the function fails with.
    pub async fn find_out(
        &self,
        request: ApiRequest<()>,
        ctx: Context,
    ) -> StepResult<Option<Value>> {
        (self.0)(request, ctx).await
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

/// A function of the app that is asked, or told, of a visit.
#[derive(Clone)]
pub struct Hook<T>(Arc<dyn Fn(Visit, Context) -> BoxFuture<'static, StepResult<T>> + Send + Sync>);

impl<T> Hook<T> {
    pub(crate) fn new<F, Fut>(function: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<T>> + Send + 'static,
    {
        Self(Arc::new(move |visit, ctx| Box::pin(function(visit, ctx))))
    }

    /// Asks or tells it.
    ///
    /// # Errors
    /// Whatever the function fails with.
    pub async fn call(&self, visit: Visit, ctx: Context) -> StepResult<T> {
        (self.0)(visit, ctx).await
    }
}

impl<T> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
