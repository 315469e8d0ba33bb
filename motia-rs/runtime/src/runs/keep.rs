//! The way of the runs into the store and back.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    context::Engine,
    json::JsonText,
    store::{Batch, Durability, Store, StoreError, Write, every_page},
};

use super::{RunRecord, Runs};
use crate::tasks::Tasks;

/// The state group that runs are kept in, by their ids.
const KEPT_IN: &str = "__motia.runs";

/// How long new ones gather before they are written.
const SOON: Duration = Duration::from_secs(1);

/// As many writes go into one batch, so that it holds up no other for long.
const BATCH: usize = 500;

/// As many wait to be written when the store fails; the oldest are then not kept.
const BACKLOG: usize = 10_000;

/// Ids sort as numbers do.
fn key(id: u64) -> String {
    format!("{id:020}")
}

/// The write that keeps a run, such as one that another program made; it is read when an app starts.
#[must_use]
pub fn kept(run: &RunRecord) -> Option<Write> {
    let value = JsonText::encode(run).ok()?;
    Some(Write::Set { group: KEPT_IN.into(), key: key(run.id), value, expires_at: None })
}

/// Reads what was kept. Runs that ended meanwhile stay behind it, for they are newer.
pub(super) async fn read(runs: &Runs, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let mut before: Vec<Arc<RunRecord>> = Vec::new();
    let read = |request| store.page(KEPT_IN, request, now);
    every_page(read, |items| {
        // One that another version of the framework wrote may not read: it is left out.
        let read = items.into_iter().filter_map(|(_, entry)| entry.value.decode().ok());
        before.extend(read.map(Arc::new));
    })
    .await?;
    runs.put_before(before);
    Ok(())
}

/// Reads what was kept, and writes what is new until the app stops taking work.
pub(crate) async fn follow(runs: Arc<Runs>, engine: Arc<dyn Engine>, tasks: Tasks) {
    if runs.settings.count == 0 {
        return;
    }
    let mut changed = runs.watch();
    if let Err(error) = read(&runs, &**engine.store(), engine.now()).await {
        tracing::warn!(%error, "the runs of before cannot be read");
    }
    let mut next = async || {
        // There is no end to it: the sender is the runs' own.
        let _ = changed.changed().await;
        tokio::time::sleep(SOON).await;
    };
    while tasks.stopping().run_until_cancelled(next()).await.is_some() {
        write(&runs, &**engine.store(), engine.now()).await;
    }
}

/// Writes what the store does not know yet.
pub(crate) async fn write(runs: &Runs, store: &dyn Store, now: Timestamp) {
    loop {
        let (new, old) = {
            let mut kept = runs.kept.lock();
            let surplus = kept.unwritten.len().saturating_sub(BACKLOG);
            kept.unwritten.drain(..surplus);
            let new = kept.unwritten.len().min(BATCH);
            let old = kept.dropped.len().min(BATCH);
            let new: Vec<_> = kept.unwritten.drain(..new).collect();
            (new, kept.dropped.drain(..old).collect::<Vec<_>>())
        };
        if new.is_empty() && old.is_empty() {
            return;
        }
        let set = new.iter().filter_map(|run| kept(run));
        let delete =
            old.iter().map(|id| Write::Delete { group: KEPT_IN.into(), key: key(*id), now });
        let writes = set.chain(delete).collect();
        let batch = Batch { writes, durability: Some(Durability::Relaxed), ..Batch::default() };
        if let Err(error) = store.commit(batch).await {
            let mut kept = runs.kept.lock();
            kept.unwritten.splice(..0, new);
            kept.dropped.splice(..0, old);
            tracing::debug!(%error, "the last runs are not kept yet");
            return;
        }
    }
}
