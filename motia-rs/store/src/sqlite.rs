//! The default store: one file that survives `kill -9` and power cuts, and that a person can open
//! with any SQLite tool.
//!
//! # Layout
//! - [`writer`]: the one thread that writes; [`gather`]: which batches share a transaction; [`batch`]:
//!   what they write, whole or not at all; [`hot`], [`many`]: the statements that have to be fast
//! - [`state`], [`queue`], [`dead`], [`ended`]: one kind of thing each, as in `memory/`
//! - [`segment`], [`segments`], [`bits`], [`walk`]: many deliveries in one row
//! - [`pull`], [`waiting`]: what waits, in the order of its start and as somebody looks for it;
//!   [`conditions`]: what is looked for
//! - [`relaxed`]: what is kept before it is synced; [`herald`]: tells what was kept
//! - [`readers`]: connections that only read
//! - [`checkpoint`]: keeps the write-ahead log short
//! - [`options`], [`file`], [`lock`], [`schema`], [`log`]: the file itself; [`row`], [`place`], [`numbers`],
//!   [`counts`]: what is in it
//! - [`sum`]: what tells that a row was damaged; [`fault`], [`figures`]: what it says about itself
//!
//! The design is measured: see `examples/throughput.rs`.

mod batch;
mod bits;
mod checkpoint;
mod conditions;
mod counts;
mod dead;
mod ended;
mod fault;
mod figures;
mod file;
mod gather;
mod herald;
mod hot;
mod lock;
mod log;
mod many;
mod numbers;
mod options;
mod place;
mod pull;
mod queue;
mod readers;
mod relaxed;
mod row;
mod schema;
mod segment;
mod segments;
mod state;
mod sum;
mod waiting;
mod walk;
mod writer;

use std::{
    ffi::c_int,
    path::Path,
    sync::{Arc, mpsc},
    thread::ThreadId,
    time::Duration,
};

pub use self::{lock::FolderLock, options::SqliteOptions};
use jiff::Timestamp;
use motia_core::store::{
    Batch, BoxFuture, Capabilities, Commit, DeadFilter, DeadLetter, Delivery, DeliveryId, Depth,
    Durability, Ended, EndedFilter, Entry, Failure, Listener, Page, PageRequest, Pull, PullLane,
    Pulled, QueueId, Slice, Sliced, Snapshot, Store, StoreError, WaitingFilter,
};
use parking_lot::Mutex;
use rusqlite::{DEFAULT_NAME, hooks::Wal};
use tokio::sync::oneshot;

use self::{
    checkpoint::Checkpointer,
    counts::Counts,
    figures::Figures,
    herald::Herald,
    numbers::Numbers,
    readers::Readers,
    relaxed::Relaxed,
    segments::Segments,
    writer::{Job, Shared, Waiting, Writer},
};

/// How long a store that is dropped waits for its writer to close the file.
const FAREWELL: Duration = Duration::from_secs(5);

/// Keeps everything in the file `motia.db` of a data folder.
///
/// A commit is synced to the disk before it resolves, unless its batch asks for less; commits that wait
/// at the same time share one sync. Dropping the store closes it as well as it can; [`Store::close`] says
/// whether it worked.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use motia_core::store::{Store, StoreError};
/// use motia_store::{SqliteOptions, SqliteStore};
///
/// let folder = tempfile::tempdir().unwrap();
/// let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
/// assert_eq!(store.epoch(), 1);
///
/// let second = SqliteStore::open(folder.path(), SqliteOptions::default());
/// assert!(matches!(second, Err(StoreError::InUse(_))));
///
/// store.close().await.unwrap();
/// # });
/// ```
pub struct SqliteStore {
    jobs: Option<mpsc::Sender<Job>>,
    /// Ends when the writer does.
    writer_ends: Mutex<mpsc::Receiver<()>>,
    /// Those that the writer waits for when it ends, and itself.
    threads: Vec<ThreadId>,
    readers: Readers,
    shared: Arc<Shared>,
    epoch: u64,
    recovered: bool,
}

impl SqliteStore {
    /// Opens the store of a data folder; makes the folder and the file if they do not exist. Within a
    /// multi-thread runtime of tokio, those who wait for commits are woken by its threads, which is cheaper
    /// than from outside.
    ///
    /// # Errors
    /// - [`StoreError::InUse`]: another process has it open
    /// - [`StoreError::Incompatible`]: a newer version or another program made the file
    /// - [`StoreError::Corrupt`]: the file is damaged
    /// - [`StoreError::Io`]: the folder or the file cannot be made, read or written
    pub fn open(folder: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = file::path(folder.as_ref());
        let (lock, mut db, recovered) = file::open(folder.as_ref(), &options)?;

        let segments = Segments::load(&db).map_err(|error| file::at(&path, &error))?;
        let counts = Counts::load(&db, &segments)?;
        let shared = Arc::new(Shared { counts, ..Shared::default() });
        let checkpointer = Checkpointer::start(
            file::open_checkpointer(&path, &options)?,
            shared.figures.clone(),
            &options,
        )?;
        let (epoch, numbers) = begin(&mut db, shared.figures.clone(), &segments)
            .map_err(|error| file::at(&path, &error))?;

        let (jobs, waiting) = mpsc::channel();
        let (ends, writer_ends) = mpsc::channel();
        let herald = Herald::start(shared.ear.clone())?;
        let herald_thread = herald.thread();
        let relaxed = Relaxed::new(&path);
        let writer = Writer {
            checkpointer,
            herald,
            numbers,
            segments,
            relaxed,
            shared: shared.clone(),
            lock,
            failed: false,
            segment_from: options.segment_from.get(),
        };
        let run = move || {
            writer.run(db, &waiting);
            drop(ends);
        };
        let thread = std::thread::Builder::new().name("motia-writer".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Io(format!("no thread: {error}")))?;

        Ok(Self {
            jobs: Some(jobs),
            writer_ends: Mutex::new(writer_ends),
            threads: herald_thread.into_iter().chain([thread.thread().id()]).collect(),
            readers: Readers::new(path, options),
            shared,
            epoch,
            recovered,
        })
    }

    /// Reads the whole file and checks that it is sound and that every row is as it was written, which
    /// takes seconds per gigabyte.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first fault that was found.
    pub async fn verify(&self) -> Result<(), StoreError> {
        self.readers.read(|db| Ok(file::check(db, "integrity_check"))).await??;
        self.readers.read(sum::check_all).await
    }

    fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A writer that is gone drops the job, and who waits for it is told `Closed`.
            let _ = jobs.send(job);
        }
    }
}

/// Counts the opening, and has the length of the log told after each commit.
fn begin(
    db: &mut rusqlite::Connection,
    figures: Arc<Figures>,
    segments: &Segments,
) -> rusqlite::Result<(u64, Numbers)> {
    let page_bytes: u64 = db.pragma_query_value(DEFAULT_NAME, "page_size", |row| row.get(0))?;
    db.wal_hook(Some(move |_: &mut Wal, frames: c_int| {
        figures::set(&figures.wal_bytes, u64::from(frames.unsigned_abs()) * (page_bytes + 24));
        Ok(())
    }))?;
    let numbers = Numbers::load(db, segments.highest())?;
    Ok((numbers::count_opening(db)?, numbers))
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.jobs = None;
        // One of the store's own threads may hold the last reference, through the listener.
        if !self.threads.contains(&std::thread::current().id()) {
            let _ = self.writer_ends.get_mut().recv_timeout(FAREWELL);
        }
    }
}

impl Store for SqliteStore {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::embedded(Durability::Durable)
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn recovered(&self) -> bool {
        self.recovered
    }

    fn queues<'a>(
        &'a self,
        steps: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<QueueId>, StoreError>> {
        let (answer, told) = oneshot::channel();
        self.ask(Job::Queues { steps: steps.iter().map(|&step| step.into()).collect(), answer });
        Box::pin(async { told.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        *self.shared.ear.lock() = Some(listener);
    }

    fn commit(&self, batch: Batch) -> Commit {
        let (answer, told) = oneshot::channel();
        self.ask(Job::Commit(Waiting { batch, answer }));
        Commit::waiting(told)
    }

    fn get<'a>(
        &'a self,
        group: &'a str,
        key: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        let (group, key) = (group.to_owned(), key.to_owned());
        Box::pin(self.readers.read(move |db| state::get(db, &group, &key, now)))
    }

    fn page<'a>(
        &'a self,
        group: &'a str,
        request: PageRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Page<(String, Entry)>, StoreError>> {
        let group = group.to_owned();
        Box::pin(self.readers.read(move |db| state::page(db, &group, &request, now)))
    }

    fn slice<'a>(
        &'a self,
        group: &'a str,
        slice: Slice,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Sliced<(String, Entry)>, StoreError>> {
        let group = group.to_owned();
        Box::pin(self.readers.read(move |db| state::slice(db, &group, slice, now)))
    }

    fn groups(
        &self,
        request: PageRequest,
    ) -> BoxFuture<'_, Result<Page<(String, u64)>, StoreError>> {
        Box::pin(self.readers.read(move |db| state::groups(db, &request)))
    }

    fn snapshot<'a>(
        &'a self,
        group: &'a str,
        key: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Snapshot, StoreError>> {
        let (group, key) = (group.to_owned(), key.map(str::to_owned));
        Box::pin(self.readers.read(move |db| state::snapshot(db, &group, key.as_deref(), limit)))
    }

    fn pull(&self, pull: Pull) -> BoxFuture<'_, Result<Pulled, StoreError>> {
        Box::pin(self.readers.read(move |db| pull::pull(db, &pull)))
    }

    fn pull_lane(&self, pull: PullLane) -> BoxFuture<'_, Result<Vec<Delivery>, StoreError>> {
        Box::pin(self.readers.read(move |db| pull::pull_lane(db, &pull)))
    }

    fn depths(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Depth>, StoreError>> {
        let mut depths = self.shared.counts.depths();
        Box::pin(self.readers.read(move |db| {
            let at_once = db.unchecked_transaction()?;
            for depth in &mut depths {
                queue::count(&at_once, depth, now)?;
                depth.dead = dead::count(&at_once, &DeadFilter::of(&depth.queue))?;
            }
            Ok(depths)
        }))
    }

    fn waiting<'a>(
        &'a self,
        filter: &'a WaitingFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Delivery>, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.readers.read(move |db| waiting::page(db, &filter, &request)))
    }

    fn ahead(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.readers.read(move |db| pull::ahead(db, delivery)))
    }

    fn failures(&self, delivery: DeliveryId) -> BoxFuture<'_, Result<Vec<Failure>, StoreError>> {
        Box::pin(self.readers.read(move |db| dead::failures(db, delivery)))
    }

    fn dead_letters<'a>(
        &'a self,
        filter: &'a DeadFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<DeadLetter>, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.readers.read(move |db| dead::page(db, &filter, &request)))
    }

    fn count_dead<'a>(&'a self, filter: &'a DeadFilter) -> BoxFuture<'a, Result<u64, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.readers.read(move |db| dead::count(db, &filter)))
    }

    fn ended<'a>(
        &'a self,
        filter: &'a EndedFilter,
        request: PageRequest,
    ) -> BoxFuture<'a, Result<Page<Ended>, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.readers.read(move |db| ended::page(db, &filter, &request)))
    }

    fn dead_letter(
        &self,
        delivery: DeliveryId,
    ) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        Box::pin(self.readers.read(move |db| dead::get(db, delivery)))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.readers.close().await;
            let (answer, told) = oneshot::channel();
            self.ask(Job::Close { answer });
            // No answer: it was closed before.
            told.await.unwrap_or(Ok(()))
        })
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        self.shared.figures.list()
    }
}
