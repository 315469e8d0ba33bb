//! The store port: everything that must outlive a handler goes through it.
//!
//! One write primitive, [`Store::commit`], takes a [`Batch`] that happens whole or not at all; reads
//! are pages and points. A store declares what it can in [`Capabilities`]; what it cannot is refused
//! before the app starts. The suite in `motia-testkit` is what "implements this port" means.
//!
//! # Layout
//! - [`batch`]: what can be written, and under which conditions
//! - [`change`]: what that does to groups that are watched
//! - [`delivery`]: an event on its way to one step
//! - [`page`]: bounded lists; [`search`]: what to look for in them
//! - [`capabilities`]: what a store can do
//! - [`error`]: how a commit or a read can fail
//! - [`decorate`]: a store around a store

pub mod batch;
pub mod capabilities;
pub mod change;
pub mod decorate;
pub mod delivery;
pub mod error;
pub mod page;
pub mod search;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub use batch::{Batch, Committed, Ending, Outcome, Require, Settlement, Target, Write};
pub use capabilities::{Capabilities, Durability};
pub use change::{Change, Snapshot, What};
pub use decorate::Decorate;
pub use delivery::{
    DeadLetter, Delivery, DeliveryId, Ended, Failure, Lane, MAX_KEY, QueueId, Token,
};
pub use error::{CommitError, StoreError};
use jiff::Timestamp;
pub use page::{Page, PageRequest, Slice, Sliced, every_page};
pub use search::{DeadFilter, EndedFilter, WaitingFilter};
use tokio::sync::oneshot;

use crate::json::JsonText;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keeps state, queues and dead letters.
///
/// # Promises
/// - A batch is atomic: all of its writes happen, or none and the commit says why.
/// - When a commit resolves to `Ok`, its writes are as durable as
///   [`Capabilities::durability`] says, whether or not anyone waited for it: a caller that drops the
///   future does not undo the commit.
/// - Sequence numbers rise in the order of commits and are never used twice.
/// - After a commit all that it put into queues goes to the listener in that order, exactly once, and
///   a later [`Store::pull`] sees it.
/// - After a commit all that it did to watched groups goes to the listener in that order too, exactly once,
///   and a later [`Store::snapshot`] has it; before whoever committed is answered.
/// - A write under a superseded [`Token`] is refused.
pub trait Store: Send + Sync + 'static {
    /// What this store is called in messages: `sqlite`, `memory`.
    fn name(&self) -> &'static str;

    /// What this store can do.
    fn capabilities(&self) -> Capabilities;

    /// How many times this store was opened, this time included: the upper 24 bits of every
    /// [`Token`] given out until it is closed. A store that keeps nothing was opened once.
    fn epoch(&self) -> u64 {
        1
    }

    /// Whether it was not closed properly before: attempts may have been begun of which nothing is
    /// written. A store that keeps nothing has no before.
    fn recovered(&self) -> bool {
        false
    }

    /// Finds or makes the queue of each step, in the order given. A queue keeps its number for ever.
    fn queues<'a>(
        &'a self,
        steps: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<QueueId>, StoreError>>;

    /// Names the one who hears of every committed delivery. Called once, before the first commit.
    fn listen(&self, listener: Arc<dyn Listener>);

    /// Writes a batch: all of it, or nothing.
    fn commit(&self, batch: Batch) -> Commit;

    /// Reads one entry of a state group. An entry whose time has run out at `now` is absent.
    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>>;

    /// Reads a page of a state group in key order. Entries whose time has run out are left out.
    fn page<'a>(
        &'a self,
        group: &'a str,
        request: PageRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Page<(String, Entry)>, StoreError>>;

    /// Reads a part of a state group by its place, with the number of all its entries. Those whose
    /// time has run out are left out of both.
    fn slice<'a>(
        &'a self,
        group: &'a str,
        slice: Slice,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Sliced<(String, Entry)>, StoreError>>;

    /// Lists the state groups with the number of their entries, in name order.
    fn groups(
        &self,
        request: PageRequest,
    ) -> BoxFuture<'_, Result<Page<(String, u64)>, StoreError>>;

    /// Reads a watched group as it is at one moment, at most `limit` entries, or one entry of it. See
    /// [`change`].
    fn snapshot<'a>(
        &'a self,
        group: &'a str,
        key: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Snapshot, StoreError>>;

    /// Reads deliveries that wait in a queue, beyond the cursor, without taking them.
    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>>;

    /// Reads deliveries of one lane that are not delayed, or that have fallen due, by rising sequence
    /// number, without taking them; those of an ordered lane that wait for a time in their place among
    /// them.
    fn pull_lane(&self, pull: PullLane) -> BoxFuture<'_, Result<Vec<Delivery>, StoreError>>;

    /// How much waits in each queue.
    fn depths(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Depth>, StoreError>>;

    /// Lists deliveries that are not settled, lowest sequence number first, running ones among them.
    fn waiting<'a>(
        &'a self,
        filter: &'a WaitingFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Delivery>, StoreError>>;

    /// How many undelayed deliveries start before this one: of its queue, by their priorities, or of
    /// its lane if it has one, in their order.
    fn ahead(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// The attempts of a delivery that failed, the first one first; none, once it is settled otherwise
    /// than by its death.
    fn failures(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<Vec<Failure>, StoreError>>;

    /// Lists dead letters, lowest sequence number first.
    fn dead_letters<'a>(
        &'a self,
        filter: &'a DeadFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<DeadLetter>, StoreError>>;

    /// How many dead letters [`dead_letters`](Self::dead_letters) lists on all pages together.
    fn count_dead<'a>(&'a self, filter: &'a DeadFilter) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Lists deliveries that were neither handled nor given up, the last to end first.
    fn ended<'a>(
        &'a self,
        filter: &'a EndedFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Ended>, StoreError>>;

    /// Reads one dead letter.
    fn dead_letter(
        &self,
        delivery: DeliveryId,
    ) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>>;

    /// Writes everything down and lets go of files and locks. Later commits fail.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Figures about the store itself for the metrics page, such as `commits_total`.
    fn figures(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
}

/// Hears of what was committed.
pub trait Listener: Send + Sync + 'static {
    /// Takes what one or several commits put into queues, in the order of the commits. Must return
    /// quickly, for the next commit waits for it, and must not commit in turn.
    fn committed(&self, arrivals: Vec<Arrival>);

    /// Takes what one or several commits did to watched groups, in the order of the commits. Must return
    /// quickly and must not commit, as above.
    fn changed(&self, changes: Vec<Change>);
}

/// Something that a commit put into a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It may start at once: published without a delay.
    Ready(Delivery),
    /// It may start at `due`, and is to be pulled then: published with a delay, to be tried again,
    /// redriven, or given back.
    Due {
        /// The delivery.
        id: DeliveryId,
        /// When it may start.
        due: Timestamp,
    },
    /// It lies in an ordered lane and takes its old place there again: to be tried again, redriven,
    /// released or given back.
    Back {
        /// The delivery.
        id: DeliveryId,
        /// The key of its lane.
        key: Arc<str>,
        /// When it may start, if it waits for a time.
        due: Option<Timestamp>,
    },
    /// It was ended by [`Write::End`]: what waits of it is to be forgotten, and what runs to be
    /// cancelled.
    Gone {
        /// The delivery.
        id: DeliveryId,
        /// How it ended.
        ending: Ending,
    },
}

/// One entry of a state group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was set.
    pub value: JsonText,
    /// Rises with each write to the key, across deletion too; never 0.
    pub version: u64,
    /// When the entry is gone, if it has an end.
    pub expires_at: Option<Timestamp>,
}

/// Asks for deliveries that wait in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// The queue.
    pub queue: QueueId,
    /// Undelayed deliveries with a higher sequence number than this.
    pub after: u64,
    /// Undelayed deliveries of another priority than the normal one, whose
    /// `(`[`rank`](crate::event::Event::rank)`, sequence)` lies beyond this; `None`: they come among the
    /// others, by sequence number.
    pub ranked_after: Option<(Timestamp, u64)>,
    /// Delayed deliveries whose `(due, sequence)` lies beyond this.
    pub due_after: (Timestamp, u64),
    /// Delayed deliveries due at this instant or before.
    pub now: Timestamp,
    /// At most so many of each kind.
    pub limit: usize,
}

/// Asks for deliveries that wait in one lane of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullLane {
    /// The queue.
    pub queue: QueueId,
    /// The lane's key.
    pub key: Arc<str>,
    /// Deliveries with a higher sequence number than this.
    pub after: u64,
    /// Delayed ones among them, if due at this instant or before; `None`: none.
    pub due_by: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// What a [`Pull`] found.
#[derive(Debug, Clone, Default)]
pub struct Pulled {
    /// Undelayed deliveries by rising sequence number.
    pub ready: Vec<Delivery>,
    /// Undelayed deliveries of another priority than the normal one, by rising `(rank, sequence)`.
    pub ranked: Vec<Delivery>,
    /// Delayed deliveries that have fallen due, by rising `(due, sequence)`.
    pub due: Vec<Delivery>,
    /// When the first delivery beyond those in `due` falls due.
    pub next_due: Option<Timestamp>,
}

/// How much waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    /// The queue's number.
    #[serde(skip)]
    pub id: QueueId,
    /// The step that the queue belongs to.
    pub queue: String,
    /// Deliveries not yet settled and not delayed beyond now, running ones among them, and those of
    /// ordered lanes.
    pub waiting: u64,
    /// Deliveries that wait for their time: delayed, or to be tried again.
    pub delayed: u64,
    /// Deliveries that are held, because their payload does not fit.
    pub held: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

impl Depth {
    /// All deliveries that are not settled and not dead.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.waiting + self.delayed + self.held
    }
}

/// A commit under way; resolves when it is kept. Dropping it does not undo it.
#[must_use = "a commit may fail: await it"]
pub struct Commit(Inner);

enum Inner {
    Ready(Option<Result<Committed, CommitError>>),
    Waiting(oneshot::Receiver<Result<Committed, CommitError>>),
    Boxed(BoxFuture<'static, Result<Committed, CommitError>>),
}

impl Commit {
    /// A commit that is over already.
    pub fn ready(result: Result<Committed, CommitError>) -> Self {
        Self(Inner::Ready(Some(result)))
    }

    /// A commit whose writer will answer; a writer that is gone is [`StoreError::Closed`].
    pub fn waiting(answer: oneshot::Receiver<Result<Committed, CommitError>>) -> Self {
        Self(Inner::Waiting(answer))
    }

    /// How it ended, if it is over already and was not awaited yet.
    #[must_use]
    pub fn result(&self) -> Option<&Result<Committed, CommitError>> {
        if let Inner::Ready(result) = &self.0 { result.as_ref() } else { None }
    }

    /// Any other commit, as a decorator makes one.
    pub fn boxed(
        future: impl Future<Output = Result<Committed, CommitError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Boxed(Box::pin(future)))
    }
}

impl Future for Commit {
    type Output = Result<Committed, CommitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Ready(result) => {
                Poll::Ready(result.take().expect("a commit is not polled after it resolved"))
            }
            Inner::Waiting(answer) => Pin::new(answer)
                .poll(cx)
                .map(|answer| answer.unwrap_or(Err(CommitError::Store(StoreError::Closed)))),
            Inner::Boxed(future) => future.as_mut().poll(cx),
        }
    }
}

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Commit")
    }
}
