//! The one thread that writes: it commits whatever waits in one transaction, so that all who wait
//! share one sync of the disk.

use std::{
    collections::HashSet,
    sync::{Arc, mpsc::Receiver},
};

use motia_core::store::{Batch, CommitError, Committed, Listener, QueueId, StoreError, Write};
use parking_lot::Mutex;
use rusqlite::{Connection, DEFAULT_NAME, wal::CheckpointMode};
use tokio::sync::oneshot;

use super::{
    batch::{self, Group},
    checkpoint::Checkpointer,
    counts::Counts,
    fault::{self, Stop},
    figures::{self, Figures},
    lock::FolderLock,
    numbers::Numbers,
    queue,
};

/// At most so many batches share a transaction: it bounds how long the first of them waits.
const MOST_BATCHES: usize = 1024;
/// At most so many bytes of payload share a transaction, give or take one batch.
const MOST_BYTES: usize = 8 << 20;

/// What the writer is asked to do.
pub(super) enum Job {
    Commit(Waiting),
    Queues { steps: Vec<String>, answer: Answer<Vec<QueueId>, StoreError> },
    Close { answer: Answer<(), StoreError> },
}

/// A batch, and who waits for it.
pub(super) struct Waiting {
    pub(super) batch: Batch,
    pub(super) answer: Answer<Committed, CommitError>,
}

type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// What the writer shares with the store's other half.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) counts: Counts,
    pub(super) figures: Arc<Figures>,
    pub(super) listener: Mutex<Option<Arc<dyn Listener>>>,
}

/// The writing end of the file. Its fields are let go in this order, the lock last.
pub(super) struct Writer {
    pub(super) checkpointer: Checkpointer,
    pub(super) numbers: Numbers,
    pub(super) db: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) lock: FolderLock,
}

impl Writer {
    /// Works until it is told to close, or everyone who could ask is gone.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut next = None;
        let closing = loop {
            match next.take().map_or_else(|| jobs.recv().ok(), Some) {
                Some(Job::Commit(first)) => {
                    let (group, left) = gather(first, jobs);
                    next = left;
                    self.commit(group);
                }
                Some(Job::Queues { steps, answer }) => {
                    let _ = answer.send(self.queues(&steps));
                }
                Some(Job::Close { answer }) => break Some(answer),
                None => break None,
            }
        };

        let closed = self.close();
        if let Some(answer) = closing {
            let _ = answer.send(closed);
        } else if let Err(error) = closed {
            tracing::warn!(%error, "the store was dropped and did not close properly");
        }
    }

    /// Keeps what a group of batches writes, tells the listener, then those who wait.
    fn commit(&mut self, group: Vec<Waiting>) {
        let checkpointer = &self.checkpointer;
        let pass = checkpointer.pass();
        let over = match group.as_slice() {
            [_] => HashSet::new(),
            group => batch::over(group.iter().map(|waiting| &waiting.batch)),
        };
        let mut writes = Group {
            db: &self.db,
            counts: &self.shared.counts,
            numbers: &mut self.numbers,
            over,
            arrivals: Vec::with_capacity(group.len()),
            changes: Vec::with_capacity(group.len()),
        };
        let (batches, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.batch, waiting.answer)).unzip();

        let written = write(&mut writes, batches);
        let Group { arrivals, changes, .. } = writes;
        let figures = &self.shared.figures;
        match written {
            Ok(results) => {
                drop(pass);
                self.numbers.keep();
                self.shared.counts.apply(&changes);
                figures::add(&figures.transactions, 1);
                let kept = results.iter().filter(|result| result.is_ok()).count();
                figures::add(&figures.commits, kept);
                figures::add(&figures.refused, results.len() - kept);

                let listener = self.shared.listener.lock().clone();
                if let (Some(listener), false) = (listener, arrivals.is_empty()) {
                    listener.committed(arrivals);
                }
                for (answer, result) in answers.into_iter().zip(results) {
                    // Who dropped the commit does not want to know.
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                if !self.db.is_autocommit()
                    && let Err(error) = self.db.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "the store could not roll back");
                }
                drop(pass);
                self.numbers.roll_back();
                figures::add(&figures.failed, answers.len());
                for answer in answers {
                    let _ = answer.send(Err(fault::told(&error).into()));
                }
            }
        }
        self.checkpointer.nudge();
    }

    fn queues(&mut self, steps: &[String]) -> Result<Vec<QueueId>, StoreError> {
        let _pass = self.checkpointer.pass();
        let all_or_nothing =
            self.db.unchecked_transaction().map_err(|error| fault::told(&error))?;
        let queues: Result<Vec<_>, _> =
            steps.iter().map(|step| queue::find_or_make(&all_or_nothing, step)).collect();
        let queues = queues?;
        all_or_nothing.commit().map_err(|error| fault::told(&error))?;

        for (step, queue) in steps.iter().zip(&queues) {
            self.shared.counts.add(step, *queue);
        }
        Ok(queues)
    }

    /// Writes everything into the file and lets go of it, of the log and of the lock.
    fn close(self) -> Result<(), StoreError> {
        let Self { checkpointer, mut numbers, db, shared, lock } = self;
        shared.listener.lock().take();
        drop(checkpointer);

        let closed = numbers
            .give_back(&db)
            .and_then(|()| db.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::TRUNCATE))
            .and_then(|_| db.close().map_err(|(_, error)| error))
            .map_err(|error| fault::told(&error));
        drop(lock);
        closed
    }
}

/// Takes what waits behind the first batch, up to what one transaction should hold.
fn gather(first: Waiting, jobs: &Receiver<Job>) -> (Vec<Waiting>, Option<Job>) {
    let mut bytes = weight(&first.batch);
    let mut group = vec![first];
    while group.len() < MOST_BATCHES && bytes < MOST_BYTES {
        match jobs.try_recv() {
            Ok(Job::Commit(waiting)) => {
                bytes += weight(&waiting.batch);
                group.push(waiting);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

fn weight(batch: &Batch) -> usize {
    let weight = |write: &Write| match write {
        Write::Set { value, .. } => value.len(),
        Write::Publish { event, queues, .. } => event.payload.len() * queues.len(),
        _ => 0,
    };
    batch.writes.iter().map(weight).sum()
}

type Results = Vec<Result<Committed, CommitError>>;

/// One transaction: what each batch came to, or the failure that undoes them all.
fn write(group: &mut Group<'_>, batches: Vec<Batch>) -> rusqlite::Result<Results> {
    let db = group.db;
    db.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        results.push(match group.write_batch(batch) {
            Ok(committed) => Ok(committed),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    db.prepare_cached("COMMIT")?.execute(())?;
    Ok(results)
}
