//! What people set about queues and circuits, as the store keeps it: a bus reads it when it starts, so
//! it can be set while none runs.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use motia_core::{
    circuit::{CircuitState, KEPT_IN as CIRCUITS},
    config::CircuitBreaker,
    json::JsonText,
    registry::Step,
    store::{Batch, CommitError, Require, Store, StoreError, Write, every_page},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{circuit::CircuitInfo, queue::Pause};

/// The state group of queues that are paused.
const PAUSED: &str = "__motia.paused";

/// Keeps that a step's queue is paused; gives the pause that holds, which is that of whoever came first:
/// they are to be asked before it is resumed.
///
/// # Errors
/// When it was not written.
pub async fn pause(store: &dyn Store, step: &str, pause: Pause) -> Result<Pause, CommitError> {
    loop {
        let unpaused = Require::Version {
            group: PAUSED.into(),
            key: step.to_owned(),
            version: None,
            now: pause.since,
        };
        match store.commit(Batch::of(entry(PAUSED, step, &pause)).requiring(unpaused)).await {
            Ok(_) => return Ok(pause),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        if let Some(first) = paused(store, step, pause.since).await? {
            return Ok(first);
        }
        // It was resumed in between.
    }
}

/// Keeps that a step's queue is paused no longer.
///
/// # Errors
/// When it was not written.
pub async fn resume(store: &dyn Store, step: &str, now: Timestamp) -> Result<(), CommitError> {
    let write = Write::Delete { group: PAUSED.into(), key: step.to_owned(), now };
    store.commit(Batch::of(write)).await.map(drop)
}

/// Who paused a step's queue, if somebody did.
///
/// # Errors
/// When the store cannot be read.
pub async fn paused(
    store: &dyn Store,
    step: &str,
    now: Timestamp,
) -> Result<Option<Pause>, StoreError> {
    get(store, PAUSED, step, now).await
}

/// Keeps how a circuit stands; of one that is closed, nothing.
///
/// # Errors
/// When it was not written.
pub async fn set_circuit(
    store: &dyn Store,
    name: &str,
    state: &CircuitState,
    now: Timestamp,
) -> Result<(), CommitError> {
    let write = match state {
        CircuitState::Closed { .. } => {
            Write::Delete { group: CIRCUITS.into(), key: name.to_owned(), now }
        }
        state => entry(CIRCUITS, name, state),
    };
    store.commit(Batch::of(write)).await.map(drop)
}

/// How a circuit stands, if it is not closed.
///
/// # Errors
/// When the store cannot be read.
pub async fn circuit(
    store: &dyn Store,
    name: &str,
    now: Timestamp,
) -> Result<Option<CircuitState>, StoreError> {
    let state = get(store, CIRCUITS, name, now).await?;
    Ok(state.map(|state: CircuitState| state.after_restart(now)))
}

/// How every circuit stands that is not closed, by name.
///
/// # Errors
/// When the store cannot be read.
pub async fn all_circuits(
    store: &dyn Store,
    now: Timestamp,
) -> Result<BTreeMap<String, CircuitState>, StoreError> {
    let mut circuits = BTreeMap::new();
    let read = |request| store.page(CIRCUITS, request, now);
    every_page(read, |items| {
        circuits.extend(items.into_iter().filter_map(|(name, entry)| {
            let state: CircuitState = entry.value.decode().ok()?;
            Some((name, state.after_restart(now)))
        }));
    })
    .await?;
    Ok(circuits)
}

/// All circuits that these steps name, or that are not closed, by name.
///
/// # Errors
/// When the store cannot be read.
pub async fn circuits(
    store: &dyn Store,
    steps: &[Arc<Step>],
    now: Timestamp,
) -> Result<Vec<CircuitInfo>, StoreError> {
    let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for step in steps {
        if let Some(event) = step.event()
            && let Some(breaker) = event.options.circuit_breaker
        {
            named.entry(breaker.name).or_default().push((step.name(), breaker));
        }
    }
    let mut kept = all_circuits(store, now).await?;
    let of_step =
        |(name, users): (&'static str, Vec<(&'static str, CircuitBreaker)>)| CircuitInfo {
            name: name.into(),
            state: kept.remove(name).unwrap_or(CircuitState::CLOSED),
            opens_after: users.first().map(|(_, breaker)| breaker.failures.get()),
            steps: users.iter().map(|(step, _)| *step).collect(),
        };
    let mut circuits: Vec<_> = named.into_iter().map(of_step).collect();
    let of_handlers = |(name, state): (String, CircuitState)| CircuitInfo {
        name: name.into(),
        state,
        opens_after: None,
        steps: Vec::new(),
    };
    circuits.extend(kept.into_iter().map(of_handlers));
    circuits.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(circuits)
}

fn entry<T: Serialize>(group: &'static str, key: &str, value: &T) -> Write {
    let value = JsonText::encode(value).expect("it is made of texts and instants");
    Write::Set { group: group.into(), key: key.to_owned(), value, expires_at: None }
}

async fn get<T: DeserializeOwned>(
    store: &dyn Store,
    group: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<T>, StoreError> {
    let entry = store.get(group, key, now).await?;
    Ok(entry.and_then(|entry| entry.value.decode().ok()))
}
