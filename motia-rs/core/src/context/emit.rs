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

use super::{EmitOptions, Run, dedup, outgoing::Outgoing};
use crate::{
    config::Priority,
    event::EventId,
    schema::Violation,
    store::{Batch, BoxFuture, Commit, CommitError, Durability, MAX_KEY},
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
///
/// # Example: once per order, urgent, and to be cancelled by its id
/// ```
/// # use motia_core as motia;
/// # use motia_core::{config::Priority, context::Context, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct ChargeDue { order: String }
/// # motia::topic!(ChargeDue = "charge.due");
/// async fn handler(order: String, ctx: Context<(ChargeDue,)>) -> StepResult {
///     let receipt = ctx
///         .emit(ChargeDue { order: order.clone() })
///         .dedup(&order)
///         .cancel_key(&order)
///         .priority(Priority::HIGH)
///         .ttl(Duration::from_secs(3600))
///         .await?;
///     if receipt.duplicate {
///         ctx.logger.info("was asked for before", serde_json::json!({ "event": receipt.id }));
///     }
///     Ok(())
/// }
/// ```
#[must_use = "an emit does nothing until it is awaited"]
#[derive(Debug)]
pub struct Emit<'c> {
    run: &'c Arc<Run>,
    event: Result<Outgoing<'c>, EmitError>,
    options: EmitOptions<'c>,
}

/// What an emit returns: the event is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Receipt {
    /// The event's name for ever; of a duplicate, that of the first.
    pub id: EventId,
    /// How well it is kept.
    pub durability: Durability,
    /// Whether it was emitted before under the same deduplication key, and not again.
    pub duplicate: bool,
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
    /// It would be delivered too far in the future.
    #[error("an event is delayed by {limit:?} at most (`max_delay`)")]
    TooLate {
        /// The longest delay.
        limit: Duration,
    },
    /// It would have expired before it may start.
    #[error(
        "an event that may start after {delay:?} never starts with a `ttl` of {ttl:?}: give it a longer one"
    )]
    NeverStarts {
        /// How long it is delayed.
        delay: Duration,
        /// How long it is worth starting.
        ttl: Duration,
    },
    /// A key is too long, or empty.
    #[error("`{what}` has {size} bytes; a key has 1 to {MAX_KEY}")]
    Key {
        /// What the key is for.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
    },
    /// A subscriber could not say whether it takes the event, or under which key.
    #[error("`{step}` cannot take the event: {reason}")]
    Unselectable {
        /// The subscriber.
        step: &'static str,
        /// Why: its key function or its filter panicked, or the payload is not its type.
        reason: String,
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

    /// How long to wait before trying again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            _ => None,
        }
    }
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The options that ride on an emit.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $Type:ty),+);)+) => {
        $($(#[$doc])*
        pub fn $name(self, $($arg: $Type),+) -> Self {
            Self { options: self.options.$name($($arg),+), ..self }
        })+
    };
}

impl<'c> Emit<'c> {
    pub(super) fn typed<T: Topic>(run: &'c Arc<Run>, event: &T) -> Self {
        Self { run, event: Outgoing::typed(run, event), options: EmitOptions::new() }
    }

    /// An emit from outside of any handler, as `ctx.emit_raw` makes it inside of one.
    pub fn raw<T: Serialize + ?Sized>(run: &'c Arc<Run>, topic: &str, payload: &T) -> Self {
        Self { run, event: Outgoing::raw(run, topic, payload), options: EmitOptions::new() }
    }

    /// Delivers it in this way, in the place of what was said before.
    pub fn options(self, options: EmitOptions<'c>) -> Self {
        Self { options, ..self }
    }

    options! {
        /// Delivers it no sooner than after this long, up to `max_delay`.
        delay(delay: Duration);
        /// Delivers it no sooner than at this instant, up to `max_delay` from now.
        at(due: Timestamp);
        /// The key that it belongs to in all steps that have one; see [`EmitOptions::group`].
        group(key: impl Into<std::borrow::Cow<'c, str>>);
        /// How urgent it is.
        priority(priority: Priority);
        /// Is not worth starting after this long: it ends in the history as expired.
        ttl(ttl: Duration);
        /// The key under which it can be cancelled; see [`Context::cancel`](super::Context::cancel).
        cancel_key(key: impl Into<std::borrow::Cow<'c, str>>);
        /// Is emitted once, however often it is tried with this key within a day; see
        /// [`EmitOptions::dedup`].
        dedup(key: impl Into<std::borrow::Cow<'c, str>>);
        /// As [`dedup`](Self::dedup), with a window of one's own.
        dedup_for(key: impl Into<std::borrow::Cow<'c, str>>, window: Duration);
        /// How well it has to be kept at least; see [`EmitOptions::durability`].
        durability(durability: Durability);
    }
}

impl<'c> IntoFuture for Emit<'c> {
    type Output = Result<Receipt, EmitError>;
    type IntoFuture = Emitting<'c>;

    fn into_future(self) -> Emitting<'c> {
        let Self { run, event, options } = self;
        Emitting(match event.and_then(|event| event.publish(run, &options)) {
            Err(error) => Stage::Refused(Some(error)),
            Ok((id, publish)) => {
                let claim = options.claim(id, &publish);
                let batch = Batch { durability: options.durability, ..Batch::of(publish) };
                match claim {
                    None => Stage::Committing(id, run.engine.commit(run, batch)),
                    Some(claim) => Stage::Once(Box::pin(dedup::commit_once(run, batch, claim))),
                }
            }
        })
    }
}

/// An emit under way. Dropping it does not undo it.
#[derive(Debug)]
pub struct Emitting<'c>(Stage<'c>);

enum Stage<'c> {
    Refused(Option<EmitError>),
    Committing(EventId, Commit),
    Once(BoxFuture<'c, Result<Receipt, EmitError>>),
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "Refused",
            Self::Committing(..) => "Committing",
            Self::Once(_) => "Once",
        })
    }
}

impl Future for Emitting<'_> {
    type Output = Result<Receipt, EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Stage::Committing(id, commit) => Poll::Ready(
                ready!(Pin::new(commit).poll(cx))
                    .map(|kept| Receipt { id: *id, durability: kept.durability, duplicate: false })
                    .map_err(EmitError::Store),
            ),
            Stage::Once(emitting) => emitting.as_mut().poll(cx),
            Stage::Refused(error) => {
                Poll::Ready(Err(error.take().expect("an emit is not polled after it resolved")))
            }
        }
    }
}
