//! Reads for a queue what waits in the store.

use std::{sync::Arc, time::Duration};

use motia_core::store::{PullLane, StoreError};

use super::{
    Queue,
    shelf::{Found, LaneRead, Read},
};

/// How long to wait after the store could not be read.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn read(queue: Arc<Queue>, read: Read) {
    match find(&queue, &read).await {
        Ok(found) => queue.take_in(found),
        Err(error) => read_later(&queue, read, &error).await,
    }
}

async fn find(queue: &Queue, read: &Read) -> Result<Found, StoreError> {
    let store = queue.shared.store();
    match *read {
        Read::Page { pull, tail } => {
            Ok(Found::Page { pull, tail, pulled: store.pull(pull).await? })
        }
        Read::Lanes(ref wanted, due_by) => {
            let mut lanes = Vec::with_capacity(wanted.len());
            for lane in wanted {
                let &LaneRead { ref key, after, limit, .. } = lane;
                let pull = PullLane { queue: queue.id, key: key.clone(), after, due_by, limit };
                lanes.push((lane.clone(), store.pull_lane(pull).await?));
            }
            Ok(Found::Lanes(lanes))
        }
    }
}

/// Tries again in a while: the store may be back then, and nothing is lost meanwhile.
async fn read_later(queue: &Arc<Queue>, read: Read, error: &StoreError) {
    tracing::error!(step = queue.step_name(), %error, "the queue could not be read");
    let stopping = queue.shared.tasks.stopping().clone();
    let stopped = stopping.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none();
    let mut inner = queue.inner.lock();
    inner.shelf.reading_failed(Some(read));
    if !stopped {
        queue.read_on(&mut inner);
    }
}
