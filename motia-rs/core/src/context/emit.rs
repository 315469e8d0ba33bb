//! Events on their way out.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Run, engine::Route};
use crate::{
    event::{Event, EventId},
    json::JsonText,
    schema::{Checker, Violation},
    store::{Batch, Commit, CommitError, Durability, QueueId, Write, batch::Name},
    topic::Topic,
};

/// An event about to be emitted; await it, with options before.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Reminder { text: String }
/// # motia::topic!(Reminder = "reminder");
/// async fn handler(ctx: Context<(Reminder,)>) -> StepResult {
///     let tea = Reminder { text: "tea".into() };
///     let receipt = ctx.emit(tea).delay(Duration::from_secs(300)).await?;
///     ctx.logger.info("reminder kept", serde_json::json!({ "event": receipt.id }));
///     Ok(())
/// }
/// ```
#[must_use = "an emit does nothing until it is awaited"]
#[derive(Debug)]
pub struct Emit<'c> {
    run: &'c Arc<Run>,
    event: Result<Outgoing, EmitError>,
    due: Option<Timestamp>,
}

/// An event that passed all checks.
#[derive(Debug)]
pub(super) struct Outgoing {
    topic: Name,
    payload: JsonText,
    queues: Arc<[QueueId]>,
}

/// What an emit returns: the event is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Receipt {
    /// The event's name for ever.
    pub id: EventId,
    /// How well it is kept.
    pub durability: Durability,
}

/// The event was not emitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The payload breaks the topic's schema.
    #[error("the payload breaks the schema of `{topic}`: {}", list(violations))]
    Refused {
        /// The topic.
        topic: String,
        /// Every rule that it breaks.
        violations: Vec<Violation>,
    },
    /// No step names the topic.
    #[error("no step names the topic `{topic}`; those named are: {}", known.join(", "))]
    UnknownTopic {
        /// The topic.
        topic: String,
        /// The topics that steps name.
        known: Vec<String>,
    },
    /// The payload is too large.
    #[error("the payload on `{topic}` has {size} bytes; the limit is {limit} (`max_payload`)")]
    TooLarge {
        /// The topic.
        topic: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The payload does not serialise.
    #[error("the payload on `{topic}` does not serialise")]
    Encode {
        /// The topic.
        topic: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It was not written.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl EmitError {
    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl<'c> Emit<'c> {
    pub(super) fn typed<T: Topic>(run: &'c Arc<Run>, event: &T) -> Self {
        Self { run, event: Outgoing::typed(run, event), due: None }
    }

    /// An emit from outside of any handler, as `ctx.emit_raw` makes it inside of one.
    pub fn raw<T: Serialize + ?Sized>(run: &'c Arc<Run>, topic: &str, payload: &T) -> Self {
        Self { run, event: Outgoing::raw(run, topic, payload), due: None }
    }

    /// Delivers it no sooner than after this long.
    pub fn delay(self, delay: Duration) -> Self {
        let due = self.run.engine.now().checked_add(delay).unwrap_or(Timestamp::MAX);
        self.at(due)
    }

    /// Delivers it no sooner than at this instant.
    pub fn at(self, due: Timestamp) -> Self {
        Self { due: Some(due), ..self }
    }
}

impl Outgoing {
    pub(super) fn typed<T: Topic>(run: &Run, event: &T) -> Result<Self, EmitError> {
        let topic = Name::Borrowed(T::NAME);
        let route = run.engine.route(T::NAME);
        // Shape and types are the compiler's; only rules beyond them are left to check.
        let constrained =
            |route: &&Route| route.checker.as_ref().is_some_and(Checker::is_constrained);
        match route.filter(constrained) {
            Some(route) => Self::checked(run, topic, event, Some(route)),
            None => Self::encoded(run, topic, event, route),
        }
    }

    pub(super) fn raw<T: Serialize + ?Sized>(
        run: &Run,
        topic: &str,
        payload: &T,
    ) -> Result<Self, EmitError> {
        let Some(route) = run.engine.route(topic) else {
            let known = run.engine.topics().into_iter().map(str::to_owned).collect();
            return Err(EmitError::UnknownTopic { topic: topic.to_owned(), known });
        };
        Self::checked(run, Name::Borrowed(route.topic), payload, Some(route))
    }

    fn checked<T: Serialize + ?Sized>(
        run: &Run,
        topic: Name,
        payload: &T,
        route: Option<&Route>,
    ) -> Result<Self, EmitError> {
        let value = serde_json::to_value(payload)
            .map_err(|source| EmitError::Encode { topic: topic.to_string(), source })?;
        if let Some(checker) = route.and_then(|route| route.checker.as_ref())
            && let Err(violations) = checker.check(&value)
        {
            return Err(EmitError::Refused { topic: topic.into_owned(), violations });
        }
        Self::encoded(run, topic, &value, route)
    }

    fn encoded<T: Serialize + ?Sized>(
        run: &Run,
        topic: Name,
        payload: &T,
        route: Option<&Route>,
    ) -> Result<Self, EmitError> {
        let payload = JsonText::encode(payload)
            .map_err(|source| EmitError::Encode { topic: topic.to_string(), source })?;
        let (size, limit) = (payload.len(), run.engine.limits().payload);
        if size > limit {
            return Err(EmitError::TooLarge { topic: topic.into_owned(), size, limit });
        }
        let queues = route.map(|route| route.queues.clone()).unwrap_or_default();
        Ok(Self { topic, payload, queues })
    }

    /// The write that publishes it, and its id.
    pub(super) fn publish(self, run: &Run, due: Option<Timestamp>) -> (EventId, Write) {
        let Self { topic, payload, queues } = self;
        let emitted_at = run.engine.now();
        let id = EventId::new(emitted_at);
        let event = Arc::new(Event { id, topic, payload, trace: run.trace, emitted_at });
        (id, Write::Publish { event, queues, due })
    }
}

impl IntoFuture for Emit<'_> {
    type Output = Result<Receipt, EmitError>;
    type IntoFuture = Emitting;

    fn into_future(self) -> Emitting {
        Emitting(self.event.map(|event| {
            let (id, publish) = event.publish(self.run, self.due);
            (id, self.run.engine.commit(self.run, Batch::of(publish)))
        }))
    }
}

/// An emit under way. Dropping it does not undo it.
#[derive(Debug)]
pub struct Emitting(Result<(EventId, Commit), EmitError>);

impl Future for Emitting {
    type Output = Result<Receipt, EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Poll::Ready(match &mut self.0 {
            Ok((id, commit)) => ready!(Pin::new(commit).poll(cx))
                .map(|kept| Receipt { id: *id, durability: kept.durability })
                .map_err(EmitError::Store),
            Err(error) => {
                // A resolved future is not polled again, so what is left behind is never seen.
                let over = EmitError::Store(crate::store::StoreError::Closed.into());
                Err(std::mem::replace(error, over))
            }
        })
    }
}
