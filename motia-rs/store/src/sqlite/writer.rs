//! The one thread that writes: it commits whatever waits in one transaction, so that all who wait
//! share one sync of the disk.

use std::sync::{
    Arc,
    mpsc::{Receiver, RecvTimeoutError},
};

use motia_core::store::{Batch, CommitError, Committed, Durability, QueueId, StoreError};
use rusqlite::{Connection, DEFAULT_NAME, wal::CheckpointMode};

use super::{
    batch::{Group, Results},
    checkpoint::Checkpointer,
    counts::{Change, Counts},
    fault,
    figures::{self, Figures},
    file,
    gather::{Gathering, Patience},
    herald::{Answer, Ear, Herald, News, Replies},
    hot::Hot,
    lock::FolderLock,
    numbers::Numbers,
    queue,
    relaxed::{self, Relaxed},
    segments::Segments,
};

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
    pub(super) segments: Segments,
    pub(super) relaxed: Relaxed,
    pub(super) shared: Arc<Shared>,
    pub(super) lock: FolderLock,
    /// The last write failed, and may have left something behind in the log.
    pub(super) failed: bool,
    /// From so many deliveries on, those that are published together share a row.
    pub(super) segment_from: usize,
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
        let mut hot = Hot::prepare(db, self.segment_from)?;
        let mut next = None;
        let mut patience = Patience::default();
        loop {
            match next.take().or_else(|| self.next(db, jobs)) {
                Some(Job::Commit(first)) => {
                    let expected = patience.expected();
                    let mut gathering = Gathering::begin(first, jobs, expected);
                    self.commit(db, &mut hot, &mut gathering);
                    let (came, left) = gathering.end();
                    patience.learn(expected, came);
                    next = left;
                }
                Some(Job::Queues { steps, answer }) => {
                    let queues = self.queues(db, &steps);
                    self.failed = queues.is_err();
                    let _ = answer.send(queues);
                }
                Some(Job::Close { answer }) => return Ok(Some(answer)),
                None => return Ok(None),
            }
        }
    }

    /// Waits for a job, and syncs in the meantime what was committed without.
    fn next(&mut self, db: &Connection, jobs: &Receiver<Job>) -> Option<Job> {
        while let Some(patience) = self.relaxed.patience() {
            match jobs.recv_timeout(patience) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    let _pass = self.checkpointer.pass();
                    let synced = mend(db, self.failed).and_then(|()| self.relaxed.sync(db));
                    self.failed = synced.is_err();
                    if let Err(error) = synced {
                        tracing::error!(error = %fault::told(&error), "relaxed commits wait to be synced");
                        self.relaxed.postpone();
                    }
                }
            }
        }
        jobs.recv().ok()
    }

    /// Keeps what a group of batches writes, and has it told.
    fn commit<'db>(
        &mut self,
        db: &'db Connection,
        hot: &mut Hot<'db>,
        gathering: &mut Gathering<'_>,
    ) {
        let pass = self.checkpointer.pass();
        let durability = self.relaxed.prepare(db, gathering.is_relaxed());
        let mut group = Group {
            db,
            hot,
            durability: *durability.as_ref().unwrap_or(&Durability::Durable),
            queues: self.shared.counts.queues(),
            numbers: &mut self.numbers,
            segments: &mut self.segments,
            starts: Default::default(),
            skipped: 0,
            results: Vec::new(),
            arrivals: Vec::new(),
            changes: Vec::new(),
            watched: Vec::new(),
        };
        let mut answers = Vec::new();

        let behind = self.relaxed.is_behind();
        let written = durability
            .and_then(|_| mend(db, self.failed))
            .and_then(|()| write(&mut group, gathering, &mut answers, behind));
        self.failed = written.is_err();
        let Group { results, arrivals, changes, watched, skipped, durability, .. } = group;
        drop(pass);
        figures::add(&self.shared.figures.starts_skipped, skipped);
        match written {
            Ok(()) => {
                self.relaxed.keep(durability);
                self.kept(&changes, &results);
                let replies = Replies { answers, results };
                self.herald.tell(News { arrivals, changes: watched, replies });
            }
            Err(error) => {
                self.numbers.roll_back();
                self.segments.roll_back();
                answers.extend(gathering.rest());
                figures::add(&self.shared.figures.failed, answers.len());
                let results = answers.iter().map(|_| Err(fault::told(&error).into())).collect();
                let replies = Replies { answers, results };
                self.herald.tell(News { replies, ..News::default() });
            }
        }
        self.checkpointer.nudge();
    }

    fn kept(&mut self, changes: &[Change], results: &Results) {
        self.numbers.keep();
        self.segments.keep();
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
        mend(db, self.failed).and_then(|()| self.relaxed.sync(db)).map_err(failed)?;
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
        let Self { checkpointer, herald, mut numbers, mut relaxed, shared, lock, .. } = self;
        drop(herald);
        shared.ear.lock().take();
        drop(checkpointer);

        let closed = relaxed
            .sync(&db)
            .and_then(|()| numbers.give_back(&db))
            .and_then(|()| db.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::TRUNCATE))
            .and_then(|_| db.close().map_err(|(_, error)| error))
            .map_err(|error| fault::told(&error));
        if closed.is_ok() {
            relaxed.close();
        }
        drop(lock);
        closed
    }
}

/// Clears away what a failed write may have left in the log, before anything is written over it: it
/// may or may not be on the disk, and after a crash nobody could tell it from what was kept.
fn mend(db: &Connection, failed: bool) -> rusqlite::Result<()> {
    if failed { file::begin_log_anew(db).map(drop) } else { Ok(()) }
}

/// One transaction: what each batch came to, or the failure for which all were rolled back.
fn write(
    group: &mut Group<'_, '_>,
    gathering: &mut Gathering<'_>,
    answers: &mut Vec<Answer<Committed, CommitError>>,
    behind: bool,
) -> rusqlite::Result<()> {
    let written = write_and_keep(group, gathering, answers, behind);
    if written.is_err() {
        group.hot.forget();
        // After some failures SQLite has rolled back already.
        if !group.db.is_autocommit()
            && let Err(error) = group.db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the store could not roll back");
        }
    }
    written
}

fn write_and_keep(
    group: &mut Group<'_, '_>,
    gathering: &mut Gathering<'_>,
    answers: &mut Vec<Answer<Committed, CommitError>>,
    behind: bool,
) -> rusqlite::Result<()> {
    group.hot.begin.execute(())?;
    loop {
        while let Some(Waiting { batch, answer }) = gathering.next() {
            answers.push(answer);
            group.write_batch(batch)?;
        }
        if !gathering.wait() {
            break;
        }
    }
    group.write_the_rest()?;
    if behind && group.durability == Durability::Durable {
        relaxed::write(group.db)?;
    }
    group.hot.commit.execute(())?;
    Ok(())
}
