//! Several writes at once, or none.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    EmitError, EmitOptions, Receipt, Run,
    dedup::Claim,
    limit::{self, Drawn, Limit, Taken},
    outgoing::Outgoing,
    state::{StateError, StateGroup, checked_key, decode, encode},
    stream::{self, Stream},
};
use crate::{
    event::EventId,
    store::{Batch, CommitError, Durability, Require, Settlement, Write, batch::Name},
    topic::{MemberOf, Topic},
};

/// A list of writes to state and topics that happen whole or not at all.
///
/// Nothing is written before [`commit`](Self::commit), and what fails on the way makes the commit
/// fail.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::{context::{Context, StateGroup}, error::StepResult};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Moved { cents: i64 }
/// # motia::topic!(Moved = "money.moved");
/// const BALANCES: StateGroup<i64> = StateGroup::new("balances");
///
/// async fn handler(cents: i64, ctx: Context<(Moved,)>) -> StepResult {
///     let mut tx = ctx.transaction();
///     tx.increment(BALANCES, "anna", -cents);
///     tx.increment(BALANCES, "bert", cents);
///     tx.emit(Moved { cents });
///     tx.commit().await?;
///     Ok(())
/// }
/// ```
#[must_use = "a transaction does nothing until it is committed"]
pub struct Transaction<Emits = ()> {
    run: Arc<Run>,
    batch: Batch,
    failed: Option<TransactionError>,
    events: Vec<EventId>,
    /// Events that are not emitted where their key was used before.
    claims: Vec<Claim>,
    emits: PhantomData<fn() -> Emits>,
}

/// The transaction was not committed, and nothing of it is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// An entry could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// An event was refused.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// Only an event step has something to acknowledge.
    #[error("`{0}` handles no event, so there is nothing to acknowledge: use `commit`")]
    NothingToAck(&'static str),
    /// It was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl TransactionError {
    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::State(error) => error.is_transient(),
            Self::Emit(error) => error.is_transient(),
            Self::Commit(error) => error.is_transient(),
            Self::NothingToAck(_) => false,
        }
    }

    /// Whether somebody else wrote to what the transaction read: reading again shows what they wrote.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Commit(CommitError::Conflict { .. }))
    }

    /// How long to wait before trying again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Emit(error) => error.retry_after(),
            Self::Commit(error) => error.retry_after(),
            Self::State(_) | Self::NothingToAck(_) => None,
        }
    }
}

impl<Emits> Transaction<Emits> {
    pub(super) fn new(run: Arc<Run>) -> Self {
        let (batch, events, claims) = (Batch::default(), Vec::new(), Vec::new());
        Self { run, batch, failed: None, events, claims, emits: PhantomData }
    }

    /// Reads an entry as it was before the transaction, and makes the commit fail with
    /// [`CommitError::Conflict`] if somebody else writes to it until then.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit the group's type.
    pub async fn get<T: DeserializeOwned>(
        &mut self,
        group: StateGroup<T>,
        key: &str,
    ) -> Result<Option<T>, StateError> {
        self.read(group.name().into(), key).await
    }

    async fn read<T: DeserializeOwned>(
        &mut self,
        group: Name,
        key: &str,
    ) -> Result<Option<T>, StateError> {
        let key = checked_key(&self.run, key)?.to_owned();
        let now = self.run.engine.now();
        let entry = self.run.engine.store().get(&group, &key, now).await?;
        let version = entry.as_ref().map(|entry| entry.version);
        let value = entry.map(|entry| decode(&group, &key, &entry.value)).transpose();
        self.batch.requires.push(Require::Version { group, key, version, now });
        value
    }

    /// Sets an entry.
    pub fn set<T: Serialize>(&mut self, group: StateGroup<T>, key: &str, value: &T) {
        let entry = encode(&self.run, key, value);
        self.add(entry.map(|(key, value)| Write::Set {
            group: group.name().into(),
            key,
            value,
            expires_at: None,
        }));
    }

    /// Sets an entry that is gone after this long.
    pub fn set_for<T: Serialize>(
        &mut self,
        group: StateGroup<T>,
        key: &str,
        value: &T,
        ttl: Duration,
    ) {
        let expires_at = self.run.engine.now().checked_add(ttl).ok();
        let entry = encode(&self.run, key, value);
        let group = group.name().into();
        self.add(entry.map(|(key, value)| Write::Set { group, key, value, expires_at }));
    }

    /// Removes an entry.
    pub fn delete<T>(&mut self, group: StateGroup<T>, key: &str) {
        let now = self.run.engine.now();
        let key = checked_key(&self.run, key).map(str::to_owned);
        self.add(key.map(|key| Write::Delete { group: group.name().into(), key, now }));
    }

    /// Adds to a counter.
    pub fn increment(&mut self, group: StateGroup<i64>, key: &str, by: i64) {
        let now = self.run.engine.now();
        let key = checked_key(&self.run, key).map(str::to_owned);
        self.add(key.map(|key| Write::Increment { group: group.name().into(), key, by, now }));
    }

    /// Takes one of what `limit` allows to `key`, if the transaction is committed; the commit fails with
    /// [`CommitError::Conflict`] if somebody else takes one of the key until then.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use motia_core as motia;
    /// # use motia_core::{config::RateLimit, context::{Context, Limit, StateGroup, Taken}};
    /// # use motia_core::error::{StepError, StepResult};
    /// const ORDERS: StateGroup<u32> = StateGroup::new("orders");
    /// const ORDERED: Limit = Limit::new("ordered", RateLimit::fixed_window(2, Duration::from_secs(60)));
    ///
    /// async fn order(user: &str, cents: u32, ctx: Context) -> StepResult {
    ///     loop {
    ///         let mut tx = ctx.transaction();
    ///         if let Taken::Refused { retry_after } = tx.take(ORDERED, user).await? {
    ///             return Err(StepError::retry_after(retry_after, "two orders a minute"));
    ///         }
    ///         tx.set(ORDERS, user, &cents);
    ///         match tx.commit().await {
    ///             Ok(_) => return Ok(()),
    ///             Err(error) if error.is_conflict() => {} // somebody was faster: look again
    ///             Err(error) => return Err(error.into()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn take(&mut self, limit: Limit, key: &str) -> Result<Taken, StateError> {
        match limit::draw(&self.run, limit, key).await? {
            Ok(Drawn { write, require, left }) => {
                self.batch.requires.push(require);
                self.batch.writes.push(write);
                Ok(Taken::Granted { left })
            }
            Err(retry_after) => Ok(Taken::Refused { retry_after }),
        }
    }

    /// Reads an item of a stream, as [`get`](Self::get) reads an entry.
    ///
    /// # Errors
    /// When it cannot be read, or does not fit the stream's type.
    pub async fn stream_get<T: DeserializeOwned>(
        &mut self,
        stream: Stream<T>,
        group: &str,
        id: &str,
    ) -> Result<Option<T>, StateError> {
        self.read(stream::kept_in(stream, group), id).await
    }

    /// Sets an item of a stream.
    pub fn stream_set<T: Serialize>(&mut self, stream: Stream<T>, group: &str, id: &str, item: &T) {
        let group = stream::kept_in(stream, group);
        let item = stream::checked(&self.run, stream, id, item);
        self.add(item.map(|(key, value)| Write::Set { group, key, value, expires_at: None }));
    }

    /// Removes an item of a stream.
    pub fn stream_delete<T>(&mut self, stream: Stream<T>, group: &str, id: &str) {
        self.add(stream::delete(&self.run, stream, group, id));
    }

    /// Says something to those who watch a group of a stream, if the transaction is committed.
    pub fn stream_send<T, E: Serialize + ?Sized>(
        &mut self,
        stream: Stream<T>,
        group: &str,
        kind: &str,
        data: &E,
    ) {
        let group = stream::kept_in(stream, group);
        let event = stream::said(&self.run, kind, data);
        self.add(event.map(|event| Write::Send { group, key: None, event }));
    }

    /// Emits an event; gives its id, for what is kept beside it under its name.
    pub fn emit<T, At>(&mut self, event: T) -> EventId
    where
        T: Topic + MemberOf<Emits, At>,
    {
        self.emit_with(event, EmitOptions::new())
    }

    /// Emits an event, delivered in a way of its own. One whose deduplication key was used before is left
    /// out, and its receipt says so and names the first; everything else is written.
    #[expect(clippy::needless_pass_by_value, reason = "what is emitted is given away")]
    pub fn emit_with<T, At>(&mut self, event: T, options: EmitOptions<'_>) -> EventId
    where
        T: Topic + MemberOf<Emits, At>,
    {
        let outgoing = Outgoing::typed(&self.run, &event);
        let write = outgoing.and_then(|event| event.publish(&self.run, &options));
        self.publish(write, &options)
    }

    /// Emits to a topic that is only known at run time.
    pub fn emit_raw<T: Serialize + ?Sized>(&mut self, topic: &str, payload: &T) -> EventId {
        let (outgoing, options) = (Outgoing::raw(&self.run, topic, payload), EmitOptions::new());
        let write = outgoing.and_then(|event| event.publish(&self.run, &options));
        self.publish(write, &options)
    }

    fn publish(
        &mut self,
        write: Result<(EventId, Write), EmitError>,
        options: &EmitOptions<'_>,
    ) -> EventId {
        // One that was refused makes the commit fail, whatever is written under its name.
        let id = write.as_ref().map_or_else(|_| EventId::new(self.run.engine.now()), |(id, _)| *id);
        if let Ok((_, publish)) = &write {
            self.events.push(id);
            self.claims.extend(options.claim(id, publish));
        }
        self.add(write.map(|(_, write)| write));
        id
    }

    fn add<E: Into<TransactionError>>(&mut self, write: Result<Write, E>) {
        match write {
            Ok(write) => self.batch.writes.push(write),
            Err(error) => {
                self.failed.get_or_insert(error.into());
            }
        }
    }

    /// Writes everything, or nothing; gives the receipts of the events in their order.
    ///
    /// # Errors
    /// When anything in it could not be, when somebody else wrote to what was read, or when the
    /// store fails. Nothing is written then.
    pub async fn commit(self) -> Result<Vec<Receipt>, TransactionError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Self { run, batch, events, claims, .. } = self;
        let (durability, firsts) = match claims.is_empty() {
            true => (run.engine.commit(&run, batch).await?.durability, HashMap::new()),
            false => commit_once(&run, batch, claims).await?,
        };
        let receipt = |id| {
            let first = firsts.get(&id).copied();
            Receipt { id: first.unwrap_or(id), durability, duplicate: first.is_some() }
        };
        Ok(events.into_iter().map(receipt).collect())
    }

    /// Writes everything and settles the event that the step handles, or nothing of both: the
    /// effects on state and topics happen exactly once.
    ///
    /// # Errors
    /// As [`commit`](Self::commit); and outside an event step.
    pub async fn commit_and_ack(mut self) -> Result<Vec<Receipt>, TransactionError> {
        if self.run.deliveries.is_empty() {
            return Err(TransactionError::NothingToAck(self.run.step));
        }
        let run = self.run.clone();
        for &(_, delivery) in &*run.deliveries {
            let token = run.token;
            self.batch.requires.push(Require::Held { delivery, token });
            self.batch.writes.push(Write::Settle { delivery, token, settlement: Settlement::Done });
        }
        let receipts = self.commit().await?;
        run.settled.store(true, Ordering::Release);
        Ok(receipts)
    }
}

/// Commits a batch without the events whose keys were used before; gives how well it is kept, and for
/// each that was left out the event that has its key.
async fn commit_once(
    run: &Arc<Run>,
    mut batch: Batch,
    claims: Vec<Claim>,
) -> Result<(Durability, HashMap<EventId, EventId>), TransactionError> {
    let mut firsts = HashMap::new();
    let mut free: Vec<Claim> = Vec::new();
    for claim in claims {
        // Of two in one transaction the second is the duplicate.
        match free.iter().find(|first| first.rivals(&claim)) {
            Some(first) => leave_out(&mut batch, &mut firsts, &claim, first.id),
            None => free.push(claim),
        }
    }
    loop {
        let now = run.engine.now();
        let mut claiming = batch.clone();
        free.iter().for_each(|claim| claim.add_to(&mut claiming, now));
        let (group, key) = match run.engine.commit(run, claiming).await {
            Ok(kept) => {
                resolve(&mut firsts);
                return Ok((kept.durability, firsts));
            }
            Err(CommitError::Conflict { group, key }) => (group, key),
            Err(error) => return Err(error.into()),
        };

        let Some(place) = free.iter().position(|claim| claim.is_for(&group, &key)) else {
            return Err(CommitError::Conflict { group, key }.into());
        };
        // If it ran out in between, the key is free again.
        if let Some(first) = free[place].holder(run, now).await.map_err(CommitError::Store)? {
            leave_out(&mut batch, &mut firsts, &free.swap_remove(place), first);
        }
    }
}

fn leave_out(
    batch: &mut Batch,
    firsts: &mut HashMap<EventId, EventId>,
    claim: &Claim,
    first: EventId,
) {
    batch.writes.retain(|write| match write {
        Write::Publish { event, .. } => event.id != claim.id,
        _ => true,
    });
    firsts.insert(claim.id, first);
}

/// What is the duplicate of a duplicate is that of its first.
fn resolve(firsts: &mut HashMap<EventId, EventId>) {
    let before = firsts.clone();
    for first in firsts.values_mut() {
        if let Some(earlier) = before.get(first) {
            *first = *earlier;
        }
    }
}

impl<Emits> std::fmt::Debug for Transaction<Emits> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("batch", &self.batch).finish_non_exhaustive()
    }
}
