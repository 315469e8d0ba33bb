//! What can be written, and under which conditions.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use super::{
    capabilities::Durability,
    delivery::{DeliveryId, Failure, Lane, QueueId, Token},
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
    /// How well it has to be kept at least, where that may be less than the store's best.
    pub durability: Option<Durability>,
}

impl Batch {
    /// A batch of one write and no condition.
    #[must_use]
    pub fn of(write: Write) -> Self {
        Self { writes: vec![write], ..Self::default() }
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
    /// Says something to whoever watches a group, and keeps nothing; see [`change`](super::change).
    Send {
        /// The watched group.
        group: Name,
        /// The key that it is about, if not the group as a whole.
        key: Option<String>,
        /// What is said.
        event: JsonText,
    },
    /// Puts an event into the queue of each subscriber.
    Publish {
        /// The event.
        event: Arc<Event>,
        /// Where to, each queue once.
        targets: Arc<[Target]>,
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
    /// Ends a delivery that has not been settled, whoever holds it, and notes it in the history; the
    /// listener hears [`Arrival::Gone`](super::Arrival::Gone). [`Outcome::Ended`] says whether there
    /// was one.
    End {
        /// The delivery.
        delivery: DeliveryId,
        /// How it ended.
        ending: Ending,
        /// When.
        at: Timestamp,
        /// By whom, or because of what.
        note: String,
    },
    /// Lets go of a delivery that [`Settlement::Hold`] held: it waits again, due at `now`. One that is
    /// not held is left as it is.
    Release {
        /// The delivery.
        delivery: DeliveryId,
        /// The instant.
        now: Timestamp,
    },
    /// Removes from the history what ended before `before`, and what is beyond the newest `keep`; at
    /// most `limit`. [`Outcome::Cleared`] says how many.
    Prune {
        /// Older than this.
        before: Timestamp,
        /// More than so many.
        keep: u64,
        /// At most so many at once.
        limit: usize,
    },
    /// Puts a dead letter back into its queue, with no attempts made, due at `now`; into its old
    /// place, if its lane is ordered.
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

/// Where an event is published to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The queue.
    pub queue: QueueId,
    /// The lane of the queue, if the step has a key.
    pub lane: Option<Lane>,
    /// When it may start, if not at once.
    pub due: Option<Timestamp>,
}

impl From<QueueId> for Target {
    fn from(queue: QueueId) -> Self {
        Self { queue, lane: None, due: None }
    }
}

/// How a delivery ended that was neither handled nor given up.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Ending {
    /// Somebody cancelled it.
    Cancelled,
    /// Its time to live ran out before it could start.
    Expired,
    /// A newer event of its key took its place.
    Superseded,
}

/// How an attempt ended.
///
/// A delivery in an ordered [`Lane`] keeps its place whatever it waits for: it lies among the
/// undelayed by its sequence number, and the listener hears
/// [`Arrival::Back`](super::Arrival::Back). Any other goes among the delayed:
/// [`Arrival::Due`](super::Arrival::Due).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done: the delivery is removed.
    Done,
    /// To be tried again at `due`.
    Retry {
        /// When.
        due: Timestamp,
        /// What went wrong.
        failure: Box<Failure>,
    },
    /// Given up: it goes to the dead letters.
    Dead {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
        /// What went wrong in the last attempt, if it ended at all.
        failure: Option<Box<Failure>>,
    },
    /// Given back unfinished, as a shutdown does: the attempt does not count, and the delivery
    /// waits as if it had not been started.
    Return {
        /// The instant.
        now: Timestamp,
        /// Whether the attempt had begun to handle it. One that had not, and was not recorded as
        /// started, leaves [`Delivery::begun`](super::Delivery::begun) as it was.
        begun: bool,
    },
    /// Not now: the attempt does not count, and the delivery waits until `due`.
    Postpone {
        /// Until when.
        due: Timestamp,
    },
    /// Not to be handled by this program, as its payload no longer fits: it waits until
    /// [`Write::Release`], due at [`Timestamp::MAX`]. The attempt does not count, and has not begun.
    Hold {
        /// Why.
        failure: Box<Failure>,
    },
}

/// What a write did, where there is something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`Write::Delete`]: what was removed.
    Removed(Option<JsonText>),
    /// Of [`Write::Increment`]: the sum.
    Counted(i64),
    /// Of [`Write::Clear`], [`Write::Expire`] and [`Write::Prune`]: how many went.
    Cleared(u64),
    /// Of [`Write::End`]: whether the delivery was there to be ended.
    Ended(bool),
}

/// A batch that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// How well it is kept.
    pub durability: Durability,
    /// What its writes did, in their order; only those that have something to say.
    pub outcomes: Vec<Outcome>,
}
