//! How often a step may start: what was used of its rate is kept in the store with each start, so that a
//! restart gives nobody a second helping.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    config::limit::{RateLimit, Used},
    json::JsonText,
    store::{PageRequest, Store, StoreError, Write},
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
    let (group, mut request) = (keys(step), PageRequest::first(PageRequest::MAX));
    let mut used = Vec::new();
    loop {
        let page = store.page(&group, request.clone(), now).await?;
        let decoded = page.items.into_iter().filter_map(|(key, entry)| {
            let until = entry.expires_at.unwrap_or(Timestamp::MAX);
            Some((key.into(), (entry.value.decode().ok()?, until)))
        });
        used.extend(decoded);
        if page.next.is_none() {
            return Ok(used);
        }
        request = request.after(page.next);
    }
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
