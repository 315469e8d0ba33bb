//! What can be written, and under which conditions.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use super::{
    capabilities::Durability,
    delivery::{DeliveryId, Failure, QueueId, Token},
};
use crate::{event::Event, json::JsonText};

/// A name that is usually a constant: of a state group, of a topic.
pub type Name = Cow<'static, str>;

/// A list of writes that happens whole or not at all.
///
/// All of `requires` is checked before anything is written, against what was kept before this batch;
/// `writes` then happen in their order.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What must hold.
    pub requires: Vec<Require>,
    /// What is written.
    pub writes: Vec<Write>,
}

impl Batch {
    /// A batch of one write and no condition.
    #[must_use]
    pub fn of(write: Write) -> Self {
        Self { requires: Vec::new(), writes: vec![write] }
    }

    /// The same batch under one more condition.
    #[must_use]
    pub fn requiring(mut self, require: Require) -> Self {
        self.requires.push(require);
        self
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requires.is_empty() && self.writes.is_empty()
    }
}

/// A condition of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Require {
    /// The entry has exactly this version; `None`: there is no entry, or its time has run out.
    /// Otherwise [`CommitError::Conflict`](super::CommitError::Conflict).
    Version {
        /// The state group.
        group: Name,
        /// The key in it.
        key: String,
        /// What was read.
        version: Option<u64>,
        /// The instant at which an entry with an end is judged.
        now: Timestamp,
    },
    /// The delivery waits, no attempt with a higher token was started, and the attempt of this token
    /// has not ended. Otherwise [`CommitError::Superseded`](super::CommitError::Superseded).
    Held {
        /// The delivery.
        delivery: DeliveryId,
        /// The token of the attempt that asks.
        token: Token,
    },
}

/// One write of a batch.
#[derive(Debug, Clone)]
pub enum Write {
    /// Sets an entry of a state group.
    Set {
        /// The state group.
        group: Name,
        /// The key in it.
        key: String,
        /// What is kept.
        value: JsonText,
        /// When it is gone, if it has an end.
        expires_at: Option<Timestamp>,
    },
    /// Removes an entry; [`Outcome::Removed`] says what was there.
    Delete {
        /// The state group.
        group: Name,
        /// The key in it.
        key: String,
        /// The instant at which an entry with an end is judged.
        now: Timestamp,
    },
    /// Adds to an integer entry, from 0 if there is none; [`Outcome::Counted`] says the sum. An end
    /// that the entry had is kept. No integer, or a sum beyond 64 bits:
    /// [`CommitError::NotACounter`](super::CommitError::NotACounter) and nothing of the batch.
    Increment {
        /// The state group.
        group: Name,
        /// The key in it.
        key: String,
        /// What is added.
        by: i64,
        /// The instant at which an entry with an end is judged.
        now: Timestamp,
    },
    /// Removes all entries of a state group; [`Outcome::Cleared`] says how many.
    Clear {
        /// The state group.
        group: Name,
    },
    /// Removes entries whose end has come by `now`, at most `limit`; [`Outcome::Cleared`].
    Expire {
        /// The instant.
        now: Timestamp,
        /// At most so many.
        limit: usize,
    },
    /// Puts an event into the queue of each subscriber.
    Publish {
        /// The event.
        event: Arc<Event>,
        /// The queues, each once.
        queues: Arc<[QueueId]>,
        /// When it may start, if not at once.
        due: Option<Timestamp>,
    },
    /// Records that an attempt starts. A delivery that is gone, or held by a higher token, is left
    /// as it is.
    Start {
        /// The delivery.
        delivery: DeliveryId,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// Its token.
        token: Token,
    },
    /// Ends an attempt, which then holds the delivery no longer. Refused under a superseded token
    /// like [`Require::Held`].
    Settle {
        /// The delivery.
        delivery: DeliveryId,
        /// The token of the attempt.
        token: Token,
        /// How it ended.
        settlement: Settlement,
    },
    /// Puts a dead letter back into its queue, with no attempts made, due at `now`.
    /// No such letter: [`CommitError::NoSuchDeadLetter`](super::CommitError::NoSuchDeadLetter).
    Redrive {
        /// The delivery.
        delivery: DeliveryId,
        /// The instant.
        now: Timestamp,
    },
    /// Removes a dead letter for good.
    /// No such letter: [`CommitError::NoSuchDeadLetter`](super::CommitError::NoSuchDeadLetter).
    Purge {
        /// The delivery.
        delivery: DeliveryId,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done: the delivery is removed.
    Done,
    /// To be tried again at `due`.
    Retry {
        /// When.
        due: Timestamp,
        /// What went wrong.
        failure: Failure,
    },
    /// Given up: it goes to the dead letters.
    Dead {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
        /// What went wrong in the last attempt, if it ended at all.
        failure: Option<Failure>,
    },
    /// Given back unfinished, as a shutdown does: the attempt does not count, and the delivery
    /// waits as if it had not been started.
    Return {
        /// The instant.
        now: Timestamp,
    },
}

/// What a write did, where there is something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`Write::Delete`]: what was removed.
    Removed(Option<JsonText>),
    /// Of [`Write::Increment`]: the sum.
    Counted(i64),
    /// Of [`Write::Clear`] and [`Write::Expire`]: how many entries went.
    Cleared(u64),
}

/// A batch that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// How well it is kept.
    pub durability: Durability,
    /// What its writes did, in their order; only those that have something to say.
    pub outcomes: Vec<Outcome>,
}
