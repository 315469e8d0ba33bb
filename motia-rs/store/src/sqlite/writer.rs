//! The one thread that writes: it commits whatever waits in one transaction, so that all who wait
//! share one sync of the disk.

use std::sync::{Arc, mpsc::Receiver};

use motia_core::store::{Batch, CommitError, Committed, QueueId, StoreError, Write};
use rusqlite::{Connection, DEFAULT_NAME, wal::CheckpointMode};

use super::{
    batch::{self, Group},
    checkpoint::Checkpointer,
    counts::{Change, Counts},
    fault::{self, Stop},
    figures::{self, Figures},
    herald::{Answer, Ear, Herald, News},
    hot::Hot,
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

/// What the writer shares with the store's other half.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) counts: Counts,
    pub(super) figures: Arc<Figures>,
    pub(super) ear: Ear,
}

/// The writing end of the store.
pub(super) struct Writer {
    pub(super) checkpointer: Checkpointer,
    pub(super) herald: Herald,
    pub(super) numbers: Numbers,
    pub(super) shared: Arc<Shared>,
    pub(super) lock: FolderLock,
}

impl Writer {
    /// Works until it is told to close, or everyone who could ask is gone; then closes the file.
    pub(super) fn run(mut self, db: Connection, jobs: &Receiver<Job>) {
        let worked = self.work(&db, jobs);
        let closed = self.close(db);
        match worked {
            Ok(Some(closing)) => drop(closing.send(closed)),
            Ok(None) => {
                let _ = closed.inspect_err(|error| tracing::warn!(%error, "closing failed"));
            }
            Err(error) => tracing::error!(error = %fault::told(&error), "nothing can be written"),
        }
    }

    /// Does one job after the other, and gives who is to be told once the file is closed.
    fn work(
        &mut self,
        db: &Connection,
        jobs: &Receiver<Job>,
    ) -> rusqlite::Result<Option<Answer<(), StoreError>>> {
        let mut hot = Hot::prepare(db)?;
        let mut next = None;
        loop {
            match next.take().map_or_else(|| jobs.recv().ok(), Some) {
                Some(Job::Commit(first)) => {
                    let (group, left) = gather(first, jobs);
                    next = left;
                    self.commit(db, &mut hot, group);
                }
                Some(Job::Queues { steps, answer }) => {
                    let _ = answer.send(self.queues(db, &steps));
                }
                Some(Job::Close { answer }) => return Ok(Some(answer)),
                None => return Ok(None),
            }
        }
    }

    /// Keeps what a group of batches writes, and has it told.
    fn commit<'db>(&mut self, db: &'db Connection, hot: &mut Hot<'db>, group: Vec<Waiting>) {
        let pass = self.checkpointer.pass();
        let over = batch::over(group.iter().map(|waiting| &waiting.batch));
        let mut writes = Group {
            db,
            hot,
            queues: self.shared.counts.queues(),
            numbers: &mut self.numbers,
            over,
            skipped: 0,
            arrivals: Vec::with_capacity(group.len()),
            changes: Vec::with_capacity(group.len()),
        };
        let (batches, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.batch, waiting.answer)).unzip();

        let written = write(&mut writes, batches);
        let Group { arrivals, changes, skipped, .. } = writes;
        drop(pass);
        figures::add(&self.shared.figures.starts_skipped, skipped);
        match written {
            Ok(results) => {
                self.kept(&changes, &results);
                self.herald.tell(News { arrivals, answers, results });
            }
            Err(error) => {
                self.numbers.roll_back();
                figures::add(&self.shared.figures.failed, answers.len());
                let results = answers.iter().map(|_| Err(fault::told(&error).into())).collect();
                self.herald.tell(News { arrivals: Vec::new(), answers, results });
            }
        }
        self.checkpointer.nudge();
    }

    fn kept(&mut self, changes: &[Change], results: &Results) {
        self.numbers.keep();
        self.shared.counts.apply(changes);

        let figures = &self.shared.figures;
        let kept = results.iter().filter(|result| result.is_ok()).count();
        figures::add(&figures.transactions, 1);
        figures::add(&figures.commits, kept);
        figures::add(&figures.refused, results.len() - kept);
    }

    fn queues(&mut self, db: &Connection, steps: &[String]) -> Result<Vec<QueueId>, StoreError> {
        let _pass = self.checkpointer.pass();
        let failed = |error| fault::told(&error);
        let all_or_nothing = db.unchecked_transaction().map_err(failed)?;
        let queues = steps.iter().map(|step| queue::find_or_make(&all_or_nothing, step));
        let queues = queues.collect::<Result<Vec<_>, _>>()?;
        all_or_nothing.commit().map_err(failed)?;

        for (step, queue) in steps.iter().zip(&queues) {
            self.shared.counts.add(step, *queue);
        }
        Ok(queues)
    }

    /// Moves the whole log into the file and lets go of both, and of the lock last.
    fn close(self, db: Connection) -> Result<(), StoreError> {
        let Self { checkpointer, herald, mut numbers, shared, lock } = self;
        drop(herald);
        shared.ear.lock().take();
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

/// One transaction: what each batch came to, or the failure for which all were rolled back.
fn write(group: &mut Group<'_, '_>, batches: Vec<Batch>) -> rusqlite::Result<Results> {
    let written = write_and_keep(group, batches);
    // After some failures SQLite has rolled back already.
    if written.is_err()
        && !group.db.is_autocommit()
        && let Err(error) = group.db.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the store could not roll back");
    }
    written
}

fn write_and_keep(group: &mut Group<'_, '_>, batches: Vec<Batch>) -> rusqlite::Result<Results> {
    group.hot.begin.execute(())?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        results.push(match group.write_batch(batch) {
            Ok(committed) => Ok(committed),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    group.hot.commit.execute(())?;
    Ok(results)
}
