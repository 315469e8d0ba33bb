//! How an event is delivered, said where it is emitted.

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;

use super::{Limits, dedup::Claim, emit::EmitError};
use crate::{
    config::Priority,
    event::EventId,
    store::{Durability, Write},
};

/// How an event is delivered, said where it is emitted. Each of them can be said on
/// [`Emit`](super::Emit) as well.
///
/// ```
/// use std::time::Duration;
/// use motia_core::{config::Priority, context::EmitOptions};
///
/// let tomorrow = EmitOptions::new().delay(Duration::from_secs(86_400)).priority(Priority::LOW);
/// ```
#[derive(Debug, Clone, Default)]
pub struct EmitOptions<'k> {
    pub(super) due: Option<Due>,
    pub(super) group: Option<Cow<'k, str>>,
    pub(super) priority: Priority,
    pub(super) ttl: Option<Duration>,
    pub(super) cancel_key: Option<Cow<'k, str>>,
    pub(super) dedup: Option<(Cow<'k, str>, Duration)>,
    pub(super) durability: Option<Durability>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    In(Duration),
    At(Timestamp),
}

impl<'k> EmitOptions<'k> {
    /// For how long a key given to [`dedup`](Self::dedup) is remembered: one day.
    pub const DEDUP_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

    /// At once, and of normal priority.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Delivers it no sooner than after this long, up to `max_delay`.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { due: Some(Due::In(delay)), ..self }
    }

    /// Delivers it no sooner than at this instant, up to `max_delay` from now.
    #[must_use]
    pub fn at(self, due: Timestamp) -> Self {
        Self { due: Some(Due::At(due)), ..self }
    }

    /// The key that it belongs to in all steps that have one, in the place of what their key function
    /// says. Up to 256 bytes.
    #[must_use]
    pub fn group(self, key: impl Into<Cow<'k, str>>) -> Self {
        Self { group: Some(key.into()), ..self }
    }

    /// How urgent it is.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Is not worth starting after this long: it ends in the history as expired. An emit that is delayed
    /// for as long, or longer, is refused: [`EmitError::NeverStarts`].
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// The key under which it can be cancelled. Up to 256 bytes.
    #[must_use]
    pub fn cancel_key(self, key: impl Into<Cow<'k, str>>) -> Self {
        Self { cancel_key: Some(key.into()), ..self }
    }

    /// Is emitted once, however often it is tried with this key on this topic within a
    /// [day](Self::DEDUP_WINDOW): later ones get the receipt of the first, marked as a duplicate. Up to
    /// 256 bytes.
    #[must_use]
    pub fn dedup(self, key: impl Into<Cow<'k, str>>) -> Self {
        self.dedup_for(key, Self::DEDUP_WINDOW)
    }

    /// As [`dedup`](Self::dedup), with a window of one's own.
    #[must_use]
    pub fn dedup_for(self, key: impl Into<Cow<'k, str>>, window: Duration) -> Self {
        Self { dedup: Some((key.into(), window)), ..self }
    }

    /// How well it has to be kept at least, where that may be less than the store's best. The receipt
    /// says how well it is kept.
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability: Some(durability), ..self }
    }

    /// When it may start, if not at once.
    pub(super) fn due(
        &self,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Option<Timestamp>, EmitError> {
        let latest = now.checked_add(limits.delay).unwrap_or(Timestamp::MAX);
        let due = match self.due {
            None => return Ok(None),
            Some(Due::In(delay)) => now.checked_add(delay).ok(),
            Some(Due::At(due)) => Some(due),
        };
        match due {
            Some(due) if due <= latest => Ok(Some(due)),
            _ => Err(EmitError::TooLate { limit: limits.delay }),
        }
    }

    /// Until when it is worth starting, if it has an end; `due` is when it may start.
    pub(super) fn end(
        &self,
        now: Timestamp,
        due: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, EmitError> {
        let Some(ttl) = self.ttl else { return Ok(None) };
        let delay = due.map_or(Duration::ZERO, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or_default()
        });
        if ttl <= delay {
            return Err(EmitError::NeverStarts { delay, ttl });
        }
        Ok(Some(now.checked_add(ttl).unwrap_or(Timestamp::MAX)))
    }

    /// The deduplication key that the event of a `publish` is to have for itself, if it is to have one.
    pub(super) fn claim(&self, id: EventId, publish: &Write) -> Option<Claim> {
        let ((key, window), Write::Publish { event, .. }) = (self.dedup.as_ref()?, publish) else {
            return None;
        };
        Some(Claim::new(id, &event.topic, key, *window))
    }

    /// The keys that it has, with what they are for.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let dedup = self.dedup.as_ref().map(|(key, _)| key);
        let keys = [
            ("group", self.group.as_ref()),
            ("cancel_key", self.cancel_key.as_ref()),
            ("dedup", dedup),
        ];
        keys.into_iter().filter_map(|(what, key)| Some((what, &**key?)))
    }
}
