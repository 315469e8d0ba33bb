//! How often a step may start: what was used of its rate is kept in the store with each start, so that a
//! restart gives nobody a second helping.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    config::limit::{RateLimit, Used},
    json::JsonText,
    store::{Store, StoreError, Write, every_page},
};

/// The state group of the rates of all steps.
pub(super) const STEPS: &str = "__motia.rates";

/// The state group of the rates of a step's keys.
pub(super) fn keys(step: &str) -> String {
    format!("__motia.rates.{step}")
}

/// What a step used before the app was started.
pub(super) async fn of_step(
    store: &dyn Store,
    step: &str,
    now: Timestamp,
) -> Result<Option<Used>, StoreError> {
    let entry = store.get(STEPS, step, now).await?;
    Ok(entry.and_then(|entry| entry.value.decode().ok()))
}

/// What the keys of a step used before the app was started, and until when that counts.
pub(super) async fn of_keys(
    store: &dyn Store,
    step: &str,
    now: Timestamp,
) -> Result<Vec<(Arc<str>, (Used, Timestamp))>, StoreError> {
    let (group, mut used) = (keys(step), Vec::new());
    let read = |request| store.page(&group, request, now);
    every_page(read, |items| {
        used.extend(items.into_iter().filter_map(|(key, entry)| {
            let until = entry.expires_at.unwrap_or(Timestamp::MAX);
            Some((key.into(), (entry.value.decode().ok()?, until)))
        }));
    })
    .await?;
    Ok(used)
}

/// The write that keeps what was used.
pub(super) fn keep(group: String, key: &str, limit: RateLimit, used: Used) -> Write {
    Write::Set {
        group: group.into(),
        key: key.to_owned(),
        value: JsonText::encode(&used).expect("an instant and a number serialise"),
        expires_at: Some(limit.forgotten_at(used)),
    }
}
