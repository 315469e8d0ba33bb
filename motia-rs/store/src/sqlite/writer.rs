//! The one thread that writes: it commits whatever waits in one transaction, so that all who wait
//! share one sync of the disk.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use motia_core::store::{Batch, CommitError, Committed, Durability, QueueId, StoreError, Write};
use rusqlite::{Connection, DEFAULT_NAME, wal::CheckpointMode};

use super::{
    batch::{self, Group},
    checkpoint::Checkpointer,
    counts::{Change, Counts},
    fault::{self, Stop},
    figures::{self, Figures},
    file,
    herald::{Answer, Ear, Herald, News},
    hot::Hot,
    lock::FolderLock,
    numbers::{self, Numbers},
    queue,
    relaxed::{self, Relaxed},
};
use crate::rules;

/// At most so many batches share a transaction: it bounds how long the first of them waits.
const MOST_BATCHES: usize = 1024;
/// At most so many bytes of payload share a transaction, give or take one batch.
const MOST_BYTES: usize = 8 << 20;

/// Up to so many batches the writer waits for those that were with it the last time: a sync is dear,
/// and the first who was told comes back long before the others. A larger group is worth its sync.
const SMALL_GROUP: usize = 64;
/// A wait for more is over when nobody came for so long,
const LULL: Duration = Duration::from_micros(8);
/// and in any case after so long: less than a sync takes.
const LONGEST_WAIT: Duration = Duration::from_micros(100);
/// After waits in vain, at most two to the power of this many groups are written without one.
const MOST_IN_VAIN: u32 = 6;

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
    pub(super) relaxed: Relaxed,
    pub(super) shared: Arc<Shared>,
    pub(super) lock: FolderLock,
    /// The last write failed, and may have left something behind in the log.
    pub(super) failed: bool,
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
        let mut patience = Patience::default();
        loop {
            match next.take().or_else(|| self.next(db, jobs)) {
                Some(Job::Commit(first)) => {
                    let expected = patience.expected();
                    let (group, left) = gather(first, jobs, expected);
                    patience.learn(expected, group.len());
                    next = left;
                    self.commit(db, &mut hot, group);
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
    fn commit<'db>(&mut self, db: &'db Connection, hot: &mut Hot<'db>, group: Vec<Waiting>) {
        let pass = self.checkpointer.pass();
        let over = batch::over(group.iter().map(|waiting| &waiting.batch));
        let durability = self.relaxed.prepare(db, group.iter().map(|waiting| &waiting.batch));
        let mut writes = Group {
            db,
            hot,
            durability: *durability.as_ref().unwrap_or(&Durability::Durable),
            queues: self.shared.counts.queues(),
            numbers: &mut self.numbers,
            over,
            skipped: 0,
            arrivals: Vec::with_capacity(group.len()),
            changes: Vec::with_capacity(group.len()),
            watched: Vec::new(),
        };
        let (batches, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.batch, waiting.answer)).unzip();

        let behind = self.relaxed.is_behind();
        let written = durability
            .and_then(|_| mend(db, self.failed))
            .and_then(|()| write(&mut writes, batches, behind));
        self.failed = written.is_err();
        let Group { arrivals, changes, watched, skipped, durability, .. } = writes;
        drop(pass);
        figures::add(&self.shared.figures.starts_skipped, skipped);
        match written {
            Ok(results) => {
                self.relaxed.keep(durability);
                self.kept(&changes, &results);
                self.herald.tell(News { arrivals, changes: watched, answers, results });
            }
            Err(error) => {
                self.numbers.roll_back();
                figures::add(&self.shared.figures.failed, answers.len());
                let results = answers.iter().map(|_| Err(fault::told(&error).into())).collect();
                self.herald.tell(News {
                    arrivals: Vec::new(),
                    changes: Vec::new(),
                    answers,
                    results,
                });
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

/// Whether it pays to wait for a group: where producers come back it does, and where all cores are at
/// work for somebody else it does not.
#[derive(Default)]
struct Patience {
    came: usize,
    /// Waits in vain, one after the other.
    in_vain: u32,
    /// Groups to be written without a wait.
    respite: u32,
}

impl Patience {
    /// How many batches to wait for.
    fn expected(&mut self) -> usize {
        if self.respite > 0 {
            self.respite -= 1;
            return 0;
        }
        self.came.min(SMALL_GROUP)
    }

    fn learn(&mut self, expected: usize, came: usize) {
        self.came = came;
        if expected == 0 {
            return;
        }
        if came >= expected / 4 * 3 {
            self.in_vain = 0;
        } else {
            self.in_vain = (self.in_vain + 1).min(MOST_IN_VAIN);
            self.respite = 1 << self.in_vain;
        }
    }
}

/// Takes what waits behind the first batch, and waits a moment until there are as many as `expected`.
fn gather(first: Waiting, jobs: &Receiver<Job>, expected: usize) -> (Vec<Waiting>, Option<Job>) {
    let mut bytes = weight(&first.batch);
    let mut group = vec![first];
    let mut other = drain(jobs, &mut group, &mut bytes);
    if group.len() >= expected {
        return (group, other);
    }

    let began = Instant::now();
    let mut last_came = began;
    while other.is_none()
        && group.len() < expected
        && last_came.elapsed() < LULL
        && began.elapsed() < LONGEST_WAIT
    {
        thread::yield_now();
        let before = group.len();
        other = drain(jobs, &mut group, &mut bytes);
        if group.len() > before {
            last_came = Instant::now();
        }
    }
    (group, other)
}

/// Takes what waits, up to what one transaction should hold or to a job of another kind, which is
/// given back.
fn drain(jobs: &Receiver<Job>, group: &mut Vec<Waiting>, bytes: &mut usize) -> Option<Job> {
    while group.len() < MOST_BATCHES && *bytes < MOST_BYTES {
        match jobs.try_recv() {
            Ok(Job::Commit(waiting)) => {
                *bytes += weight(&waiting.batch);
                group.push(waiting);
            }
            Ok(other) => return Some(other),
            Err(_) => break,
        }
    }
    None
}

fn weight(batch: &Batch) -> usize {
    let weight = |write: &Write| match write {
        Write::Set { value, .. } | Write::Send { event: value, .. } => value.len(),
        Write::Publish { event, targets } => event.payload.len() * targets.len(),
        _ => 0,
    };
    batch.writes.iter().map(weight).sum()
}

type Results = Vec<Result<Committed, CommitError>>;

/// One transaction: what each batch came to, or the failure for which all were rolled back.
fn write(
    group: &mut Group<'_, '_>,
    batches: Vec<Batch>,
    behind: bool,
) -> rusqlite::Result<Results> {
    let written = write_and_keep(group, batches, behind);
    // After some failures SQLite has rolled back already.
    if written.is_err()
        && !group.db.is_autocommit()
        && let Err(error) = group.db.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the store could not roll back");
    }
    written
}

fn write_and_keep(
    group: &mut Group<'_, '_>,
    batches: Vec<Batch>,
    behind: bool,
) -> rusqlite::Result<Results> {
    group.hot.begin.execute(())?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        results.push(match group.write_batch(batch) {
            Ok(committed) => Ok(committed),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    if let Some(seq) = rules::last_kept(&group.watched) {
        numbers::change(group.db, seq)?;
    }
    if behind && group.durability == Durability::Durable {
        relaxed::write(group.db)?;
    }
    group.hot.commit.execute(())?;
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_waited_for_as_large_as_the_last_and_no_larger_than_is_worth_it() {
        let mut patience = Patience::default();
        assert_eq!(patience.expected(), 0);
        for (came, expected) in [(1, 1), (40, 40), (300, SMALL_GROUP), (48, 48)] {
            patience.learn(patience.came.min(SMALL_GROUP), came);
            assert_eq!(patience.expected(), expected, "after {came}");
        }
    }

    #[test]
    fn waits_in_vain_become_rarer_until_one_pays() {
        let mut patience = Patience::default();
        let mut groups_between = Vec::new();
        patience.learn(0, 40);
        for _ in 0..8 {
            assert_eq!(patience.expected(), 40);
            patience.learn(40, 2);
            let without =
                std::iter::from_fn(|| (patience.expected() == 0).then(|| patience.learn(0, 40)));
            groups_between.push(without.count());
        }
        assert_eq!(groups_between, [2, 4, 8, 16, 32, 64, 64, 64]);

        patience.learn(40, 40);
        assert_eq!(patience.expected(), 40);
    }
}
