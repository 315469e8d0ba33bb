//! Tells what was kept, first the listener and then those who wait, while the writer is already at
//! the next commit: waking many tasks takes as long as syncing the disk.

use std::{
    sync::{Arc, mpsc},
    thread::{JoinHandle, ThreadId},
};

use motia_core::store::{Arrival, Change, CommitError, Committed, Listener, StoreError};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Who hears of arrivals, once it was named.
pub(super) type Ear = Arc<Mutex<Option<Arc<dyn Listener>>>>;

/// Where the outcome of a batch goes.
pub(super) type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// What one transaction came to.
pub(super) struct News {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) changes: Vec<Change>,
    pub(super) answers: Vec<Answer<Committed, CommitError>>,
    pub(super) results: Vec<Result<Committed, CommitError>>,
}

/// The thread that tells. Dropping it waits until everything is told.
pub(super) struct Herald {
    news: Option<mpsc::SyncSender<News>>,
    thread: Option<JoinHandle<()>>,
}

impl Herald {
    pub(super) fn start(ear: Ear) -> Result<Self, StoreError> {
        // The writer may be one transaction ahead, and no more: a slow listener holds it back.
        let (news, told) = mpsc::sync_channel(1);
        let run = move || told.into_iter().for_each(|news| tell(&ear, news));
        let thread = std::thread::Builder::new().name("motia-herald".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Io(format!("no thread: {error}")))?;
        Ok(Self { news: Some(news), thread: Some(thread) })
    }

    pub(super) fn thread(&self) -> Option<ThreadId> {
        self.thread.as_ref().map(|thread| thread.thread().id())
    }

    pub(super) fn tell(&self, news: News) {
        if let Some(channel) = &self.news
            && channel.send(news).is_err()
        {
            tracing::error!("the listener panicked: nobody hears of commits any more");
        }
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.news = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the listener panicked");
        }
    }
}

fn tell(ear: &Ear, news: News) {
    let listener = ear.lock().clone();
    if let Some(listener) = listener {
        if !news.arrivals.is_empty() {
            listener.committed(news.arrivals);
        }
        if !news.changes.is_empty() {
            listener.changed(news.changes);
        }
    }
    for (answer, result) in news.answers.into_iter().zip(news.results) {
        // Who dropped the commit does not want to know.
        let _ = answer.send(result);
    }
}
