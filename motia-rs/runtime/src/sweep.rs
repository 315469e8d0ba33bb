//! Gives back the room of what has ended: entries whose time has run out, which count as absent before, and what
//! is too old in the history.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use motia_core::{
    context::Engine,
    store::{Batch, CommitError, Outcome, Write},
};

use crate::{runs::Runs, settings::Settings, tasks::Tasks};

/// How long it is between two sweeps.
const EVERY: Duration = Duration::from_secs(60);

/// What a sweep removes in one commit: little, so that nobody waits for it.
const AT_ONCE: usize = 1000;

/// Sweeps until the app stops, and first when it starts: one that is started again more often than once a minute
/// would never come to it.
pub(crate) async fn run(
    engine: Arc<dyn Engine>,
    runs: Arc<Runs>,
    tasks: Tasks,
    settings: Settings,
) {
    let stopping = tasks.stopping();
    let sweeping = async {
        loop {
            sweep(&*engine, &runs, &settings).await;
            tokio::time::sleep(EVERY).await;
        }
    };
    stopping.run_until_cancelled(sweeping).await;
}

async fn sweep(engine: &dyn Engine, runs: &Runs, settings: &Settings) {
    let now = engine.now();
    runs.expire(now);
    let expire = Write::Expire { now, limit: AT_ONCE };
    let prune = Write::Prune {
        before: now.checked_sub(settings.history_age).unwrap_or(Timestamp::MIN),
        keep: settings.history_count,
        limit: AT_ONCE,
    };
    for write in [expire, prune] {
        if let Err(error) = all(engine, write).await {
            tracing::warn!(%error, "what is too old was not removed");
        }
    }
}

/// Removes bit by bit, until nothing is left to remove.
async fn all(engine: &dyn Engine, write: Write) -> Result<(), CommitError> {
    loop {
        let kept = engine.store().commit(Batch::of(write.clone())).await?;
        let full = Outcome::Cleared(AT_ONCE as u64);
        if !kept.outcomes.contains(&full) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use motia_core::{
        json::JsonText,
        registry::Registry,
        store::{PageRequest, Store},
    };
    use motia_store::MemoryStore;

    use super::*;
    use crate::{Runtime, clock::TokioClock, cron::TokioWake};

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

    #[tokio::test(start_paused = true)]
    async fn an_app_that_starts_over_and_over_gives_room_back_all_the_same() {
        let store = Arc::new(MemoryStore::new());
        for key in 0..AT_ONCE + 1 {
            let (group, key, value) = ("sessions".into(), key.to_string(), "1");
            let (value, expires_at) = (JsonText::from_trusted(value), Some(START));
            let set = Write::Set { group, key, value, expires_at };
            store.commit(Batch::of(set)).await.unwrap();
        }
        let (clock, wake) = (Arc::new(TokioClock::starting_at(START)), Arc::new(TokioWake));
        let (registry, settings) = (Registry::of([], []), Settings::default());
        let runtime =
            Runtime::start(registry, store.clone(), clock, wake, &[], settings).await.unwrap();
        tokio::time::sleep(EVERY / 60).await;

        // As they were before they ended, if they are still there.
        let before = START - Duration::from_secs(1);
        let left = store.page("sessions", PageRequest::first(1), before).await.unwrap();
        assert!(left.items.is_empty());
        runtime.shutdown().await.unwrap();
    }
}
