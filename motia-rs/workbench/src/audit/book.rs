//! The entries of the audit log in the store: numbered, written twice, and no more than there may be.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    store::{Batch, PageRequest, Slice, Write},
};

use super::{Entry, KEPT_IN, TARGET};
use crate::{Desk, Refusal};

/// After so many writes the log is looked at, whether it is too long.
pub(super) const BETWEEN_LOOKS: u64 = 64;

/// Numbers entries, and knows when to look at the length of the log.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: AtomicU64,
    written: AtomicU64,
}

impl Numbers {
    /// A number that rises with time, also across restarts, and is nobody else's.
    pub(super) fn next(&self, now: Timestamp) -> u64 {
        let instant = u64::try_from(now.as_microsecond()).unwrap_or_default();
        let next = |last: u64| Some(instant.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        instant.max(last.unwrap_or_default() + 1)
    }
}

/// The newest has the lowest key, so that pages begin with it.
fn key(number: u64) -> String {
    format!("{:020}", u64::MAX - number)
}

impl Desk {
    /// Writes down what became of what was begun, and into the log of the program. Where that fails, the entry
    /// says that it was begun.
    pub(super) async fn end_in_audit(&self, number: u64, entry: &Entry) {
        let Entry { by, did, what, role, .. } = entry;
        let from = entry.from.as_deref();
        tracing::info!(target: TARGET, by, %role, from, what, "{did}");
        if let Err(error) = self.write_audit(number, entry).await {
            let error = error.0.to_string();
            tracing::error!(target: TARGET, by, what, error, "the audit log does not say how {did} ended");
        }
    }

    /// Removes the entry of something that changed nothing.
    pub(super) async fn strike_from_audit(&self, number: u64) {
        let (key, now) = (key(number), self.engine().now());
        let gone = Batch::of(Write::Delete { group: KEPT_IN.into(), key, now });
        if let Err(error) = self.commit(gone).await {
            let error = error.0.to_string();
            tracing::error!(target: TARGET, error, "the audit log has an entry of what changed nothing");
        }
    }

    /// Writes an entry under its number.
    pub(super) async fn write_audit(&self, number: u64, entry: &Entry) -> Result<(), Refusal> {
        let (settings, numbers) = (self.audit(), self.audit_numbers());
        let expires_at = entry.at.checked_add(settings.age).ok();
        let value = JsonText::encode(entry).map_err(|error| Refusal::failed(error.to_string()))?;
        let write = Write::Set { group: KEPT_IN.into(), key: key(number), value, expires_at };
        self.commit(Batch::of(write)).await?;
        // The entry is kept, whatever becomes of the oldest.
        if numbers.written.fetch_add(1, Ordering::Relaxed).is_multiple_of(BETWEEN_LOOKS)
            && let Err(error) = self.shorten_audit(settings.count).await
        {
            let error = error.0.to_string();
            tracing::warn!(target: TARGET, error, "the audit log is longer than it may be");
        }
        Ok(())
    }

    /// Removes the oldest beyond the newest `most`.
    async fn shorten_audit(&self, most: u64) -> Result<(), Refusal> {
        let now = self.engine().now();
        let oldest = |limit| Slice { backwards: true, skip: 0, limit };
        loop {
            let total = self.store().slice(KEPT_IN, oldest(1), now).await?.total;
            let surplus = usize::try_from(total.saturating_sub(most)).unwrap_or(usize::MAX);
            if surplus == 0 {
                return Ok(());
            }
            let limit = surplus.min(PageRequest::MAX);
            let found = self.store().slice(KEPT_IN, oldest(limit), now).await?.items;
            let group = || KEPT_IN.into();
            let gone = found.into_iter().map(|(key, _)| Write::Delete { group: group(), key, now });
            self.commit(Batch { writes: gone.collect(), ..Batch::default() }).await?;
        }
    }
}
