//! Tells what was kept, first the listener and then those who wait, while the writer is already at
//! the next commit: waking many tasks takes as long as syncing the disk.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{JoinHandle, ThreadId},
    time::Duration,
};

use motia_core::store::{Arrival, Change, CommitError, Committed, Listener, StoreError};
use parking_lot::Mutex;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
};

/// Who hears of arrivals, once it was named.
pub(super) type Ear = Arc<Mutex<Option<Arc<dyn Listener>>>>;

/// Where the replies of a batch goes.
pub(super) type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// What one transaction came to.
#[derive(Default)]
pub(super) struct News {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) changes: Vec<Change>,
    pub(super) replies: Replies,
}

/// What each batch of a transaction came to, and who waits for it.
#[derive(Default)]
pub(super) struct Replies {
    pub(super) answers: Vec<Answer<Committed, CommitError>>,
    pub(super) results: Vec<Result<Committed, CommitError>>,
}

impl Replies {
    fn tell(self) {
        for (answer, result) in self.answers.into_iter().zip(self.results) {
            // Who dropped the commit does not want to know.
            let _ = answer.send(result);
        }
    }
}

/// The thread that tells. Dropping it waits until everything is told, or is being told by a task.
pub(super) struct Herald {
    news: Option<mpsc::SyncSender<News>>,
    thread: Option<JoinHandle<()>>,
}

impl Herald {
    pub(super) fn start(ear: Ear) -> Result<Self, StoreError> {
        // The writer may be one transaction ahead, and no more: a slow listener holds it back.
        let (news, told) = mpsc::sync_channel(1);
        let teller = Teller::of_this_runtime();
        let run = move || run(&ear, &told, &teller);
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

fn run(ear: &Ear, told: &mpsc::Receiver<News>, teller: &Teller) {
    while let Some(News { arrivals, changes, replies }) = teller.next(told) {
        let listener = ear.lock().clone();
        if let Some(listener) = listener {
            if !arrivals.is_empty() {
                listener.committed(arrivals);
            }
            if !changes.is_empty() {
                listener.changed(changes);
            }
        }
        teller.give(replies);
    }
}

/// Gives answers, many of them by a task of the runtime: woken by a thread of the runtime, those who wait are
/// queued there; woken from outside, each may cost a wake-up of the system's and a change of threads.
struct Teller {
    runtime: Option<Handle>,
    /// What a task was to tell. It may never come to it: all threads of the runtime may be blocked, by
    /// somebody who waits for this very answer.
    handed: Arc<Mutex<Replies>>,
}

impl Teller {
    /// So few answers are given at once: a task for them would be one more to be woken.
    const FEW: usize = 4;
    /// How long a task has, unless there is more to tell before.
    const PATIENCE: Duration = Duration::from_millis(2);

    /// Uses the runtime of the caller, unless nobody may drive it later on.
    fn of_this_runtime() -> Self {
        let runtime = Handle::try_current().ok();
        let driven = |runtime: &Handle| runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        Self { runtime: runtime.filter(driven), handed: Arc::default() }
    }

    fn give(&self, replies: Replies) {
        match &self.runtime {
            Some(runtime) if replies.answers.len() > Self::FEW => {
                *self.handed.lock() = replies;
                let handed = self.handed.clone();
                drop(runtime.spawn(async move { tell(&handed) }));
            }
            _ => replies.tell(),
        }
    }

    /// Waits for what is to be told next. What no task has told until then, or in time, is told here.
    fn next(&self, told: &mpsc::Receiver<News>) -> Option<News> {
        if self.handed.lock().answers.is_empty() {
            return told.recv().ok();
        }
        let next = told.recv_timeout(Self::PATIENCE);
        tell(&self.handed);
        match next {
            Err(RecvTimeoutError::Timeout) => told.recv().ok(),
            next => next.ok(),
        }
    }
}

/// Tells what nobody has told yet.
fn tell(handed: &Mutex<Replies>) {
    let replies = std::mem::take(&mut *handed.lock());
    replies.tell();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    const MANY: usize = 2 * Teller::FEW;

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    fn herald_of(runtime: &Runtime) -> Herald {
        let _within = runtime.enter();
        Herald::start(Ear::default()).unwrap()
    }

    /// Has many told, and waits until all of them were.
    fn tell_many(herald: &Herald) {
        let (answers, waiting): (Vec<_>, Vec<_>) = (0..MANY).map(|_| oneshot::channel()).unzip();
        let results = answers.iter().map(|_| Err(StoreError::Closed.into())).collect();
        let replies = Replies { answers, results };
        herald.tell(News { replies, ..News::default() });
        for answer in waiting {
            assert!(answer.blocking_recv().expect("somebody tells").is_err());
        }
    }

    #[test]
    fn many_who_wait_are_told_within_a_runtime() {
        let runtime = runtime();
        tell_many(&herald_of(&runtime));
    }

    #[test]
    fn who_waits_is_told_though_the_runtime_is_gone() {
        let runtime = runtime();
        let herald = herald_of(&runtime);
        drop(runtime);
        tell_many(&herald);
        tell_many(&herald);
    }

    #[test]
    fn who_waits_is_told_though_all_threads_of_the_runtime_are_blocked() {
        let runtime = runtime();
        let herald = herald_of(&runtime);
        let (blocks, blocked) = channel();
        let (free, until) = channel::<()>();
        let task = runtime.spawn(async move {
            blocks.send(()).unwrap();
            let _ = until.recv();
        });
        blocked.recv().unwrap();

        tell_many(&herald);
        drop(free);
        runtime.block_on(task).unwrap();
    }

    #[test]
    fn a_runtime_that_nobody_may_drive_is_not_asked() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let _guard = runtime.enter();
        assert!(Teller::of_this_runtime().runtime.is_none());
    }
}
