//! A stream as the registry has it.

use std::future::Future;

use crate::{
    context::Context,
    error::StepResult,
    schema::SchemaFn,
    watch::{Hook, Visit},
};

/// A declared stream: its name and schema, and who may watch it.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, Stream}, error::StepResult, watch::Visit};
/// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # struct Order { id: String }
/// # #[derive(serde::Deserialize)]
/// # struct User { shop: String }
/// pub const ORDER_FEED: Stream<Order> = Stream::new("order-feed");
///
/// async fn own_shop(visit: Visit, _ctx: Context) -> StepResult<bool> {
///     Ok(visit.auth::<User>().is_some_and(|user| user.shop == visit.group))
/// }
///
/// motia::stream!(ORDER_FEED.access(own_shop));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StreamDef {
    /// What it is called.
    pub name: &'static str,
    /// The schema of its items.
    pub schema: SchemaFn,
    /// Who may watch it; `None`: whoever reaches it.
    pub access: Option<Hook<bool>>,
    /// Who is told when somebody begins to watch.
    pub joined: Option<Hook<()>>,
    /// Who is told when somebody no longer does.
    pub left: Option<Hook<()>>,
}

impl StreamDef {
    /// A stream of this name, whose items look like this.
    #[must_use]
    pub fn new(name: &'static str, schema: SchemaFn) -> Self {
        Self { name, schema, access: None, joined: None, left: None }
    }

    /// Asks this function whether somebody may watch: the group or the item of the visit. An error, a
    /// panic, and an answer that takes too long, mean no.
    #[must_use]
    pub fn access<F, Fut>(self, may_watch: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult<bool>> + Send + 'static,
    {
        Self { access: Some(Hook::new(may_watch)), ..self }
    }

    /// Tells this function when somebody begins to watch, before they see anything. What it fails with is
    /// logged.
    #[must_use]
    pub fn on_join<F, Fut>(self, joined: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        Self { joined: Some(Hook::new(joined)), ..self }
    }

    /// Tells this function when somebody no longer watches, however their connection ended; not after a
    /// crash of the app. What it fails with is logged.
    #[must_use]
    pub fn on_leave<F, Fut>(self, left: F) -> Self
    where
        F: Fn(Visit, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StepResult> + Send + 'static,
    {
        Self { left: Some(Hook::new(left)), ..self }
    }
}
