//! The process that uses the store until it is killed: this test's own binary, started again.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    num::NonZeroUsize,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use jiff::Timestamp;
use motia_core::{
    event::Event,
    json::JsonText,
    store::{
        Batch, Commit, DeliveryId, Pull, QueueId, Settlement, Store, StoreError, Token, Write,
    },
    trace::TraceContext,
};
use motia_store::{SqliteOptions, SqliteStore};
use motia_testkit::disk::{Fault, FaultyDisk};
use tempfile::TempDir;

/// A data folder, its disk, and the diary of what was acknowledged.
pub(crate) struct Scene {
    pub(crate) disk: FaultyDisk,
    place: TempDir,
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    Finished,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let place = in_memory();
        Self { disk: FaultyDisk::under(&place.path().join("data")), place }
    }

    /// Another scene that is as this one is now.
    pub(crate) fn copied(&self) -> Self {
        let place = in_memory();
        let disk = self.disk.copied_to(&place.path().join("data"));
        if self.diary().exists() {
            std::fs::copy(self.diary(), place.path().join("diary")).unwrap();
        }
        Self { disk, place }
    }

    pub(crate) fn diary(&self) -> PathBuf {
        self.place.path().join("diary")
    }

    /// Has a child do its task; it is killed at the `action`th action on the disk, if it gets there.
    pub(crate) fn play(&self, task: &str, action: Option<u32>) -> End {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child::play", "--exact", "--ignored", "--nocapture"])
            .env("CHILD_TASK", task)
            .env("CHILD_DISK", self.disk.folder())
            .env("CHILD_DIARY", self.diary())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut command = match action {
            None => self.disk.beneath(command),
            Some(action) => self.disk.deadly_beneath(command, action),
        };
        let output = command.output().unwrap();
        match (output.status.signal(), output.status.success()) {
            (Some(9), _) => End::Killed,
            (None, true) => End::Finished,
            _ => panic!(
                "{task}, {action:?}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
}

/// A folder that takes no time to sync.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Small pages and a short log, so that few commits go through all that a store does.
pub(crate) fn options() -> SqliteOptions {
    let segment_from = NonZeroUsize::new(2).unwrap();
    SqliteOptions { page_bytes: 512, log_bytes: 8 << 10, segment_from, ..SqliteOptions::default() }
}

#[tokio::test]
#[ignore = "the other tests start it in a process of its own"]
async fn play() {
    let Some(task) = std::env::var_os("CHILD_TASK") else { return };
    let path = |name| PathBuf::from(std::env::var_os(name).unwrap());
    let (folder, diary) = (path("CHILD_DISK"), path("CHILD_DIARY"));
    let diary = OpenOptions::new().create(true).append(true).open(diary).unwrap();

    match task.to_str().unwrap() {
        "work" => work(&folder, diary).await,
        "recover" => recover(&folder, diary).await,
        "suffer" => suffer(&folder, diary).await,
        "fail to sync" => fail_to_sync(&folder, diary).await,
        other => panic!("{other}"),
    }
}

/// One day of a store: opened, used, closed.
async fn work(folder: &Path, diary: File) {
    let mut worker = Worker::open(folder, diary).await.unwrap();
    for round in 0..4 {
        // Some at once, so that they share a transaction.
        let rounds: Vec<_> = (0..=round % 3).map(|_| worker.begin_round()).collect();
        for (n, commit) in rounds {
            commit.await.unwrap();
            worker.note(&format!("kept {n}"));
        }
        worker.settle_first().await;
    }
    worker.store.close().await.unwrap();
    let moved = worker.store.figures().into_iter().find(|(name, _)| *name == "checkpoints_total");
    assert!(moved.unwrap().1 > 0.0, "the log was too short to be moved");
}

/// Opened after a crash, used a little, closed.
async fn recover(folder: &Path, diary: File) {
    let mut worker = Worker::open(folder, diary).await.unwrap();
    for _ in 0..2 {
        let (n, commit) = worker.begin_round();
        commit.await.unwrap();
        worker.note(&format!("kept {n}"));
    }
    worker.store.close().await.unwrap();
}

/// Used while the disk comes and goes; what fails is noted by nobody.
async fn suffer(folder: &Path, diary: File) {
    let mut worker = Worker::open(folder, diary).await.unwrap();
    for fault in [Fault::Sync, Fault::Write, Fault::Full, Fault::Sync] {
        for at_once in [2, 6, 4, 1] {
            let rounds: Vec<_> = (0..at_once).map(|_| worker.begin_round()).collect();
            for (n, commit) in rounds {
                if commit.await.is_ok() {
                    worker.note(&format!("kept {n}"));
                }
            }
            if at_once == 4 { Fault::None } else { fault }.begin_here();
        }
    }
}

/// Ends without closing, right after a commit whose sync failed.
async fn fail_to_sync(folder: &Path, diary: File) {
    let mut worker = Worker::open(folder, diary).await.unwrap();
    let (n, commit) = worker.begin_round();
    commit.await.unwrap();
    worker.note(&format!("kept {n}"));

    Fault::Sync.begin_here();
    let writes = (0..12).flat_map(|_| worker.writes()).collect();
    let refused = worker.store.commit(Batch { writes, ..Batch::default() }).await;
    assert!(refused.is_err(), "{refused:?}");
    Fault::None.begin_here();
    std::process::exit(0);
}

/// The key of a round; those of neighbours lie on pages far from each other.
pub(crate) fn key(n: u32) -> String {
    n.to_string().chars().rev().collect()
}

struct Worker {
    store: SqliteStore,
    queues: Vec<QueueId>,
    diary: File,
    next: u32,
    settled: u64,
}

impl Worker {
    async fn open(folder: &Path, diary: File) -> Result<Self, StoreError> {
        let store = SqliteStore::open(folder, options())?;
        let queues = store.queues(&["left", "right"]).await?;
        // Each opening numbers its rounds anew.
        let next = u32::try_from(store.epoch()).unwrap() * 1000;
        Ok(Self { store, queues, diary, next, settled: 0 })
    }

    fn begin_round(&mut self) -> (u32, Commit) {
        let (n, writes) = (self.next, self.writes());
        (n, self.store.commit(Batch { writes, ..Batch::default() }))
    }

    /// An entry and an event for both queues, which belong together: what the next round writes.
    fn writes(&mut self) -> Vec<Write> {
        let n = self.next;
        self.next += 1;
        let text = JsonText::from_trusted(format!("\"{n} {}\"", "x".repeat(n as usize % 7 * 150)));
        let (group, key) = ("rounds".into(), key(n));
        let (topic, trace) = ("round".into(), TraceContext::root());
        let event = Arc::new(Event::new(topic, text.clone(), trace, Timestamp::UNIX_EPOCH));
        let targets = self.queues.iter().map(|queue| (*queue).into()).collect();
        self.note(&format!("begun {n}"));
        vec![
            Write::Set { group, key, value: text, expires_at: None },
            Write::Publish { event, targets },
        ]
    }

    /// Ends the work on the first event on the left.
    async fn settle_first(&mut self) {
        let queue = self.queues[0];
        let (due_after, now) = ((Timestamp::MIN, 0), Timestamp::UNIX_EPOCH);
        let pull =
            Pull { queue, after: self.settled, ranked_after: None, due_after, now, limit: 1 };
        let first = self.store.pull(pull).await.unwrap().ready.remove(0);
        let text = first.event.payload.as_str().trim_start_matches('"');
        let n = text.split_once(' ').unwrap().0.to_owned();
        self.settled = first.id.seq;

        self.note(&format!("settling {n}"));
        let (delivery, token) = (DeliveryId { queue, ..first.id }, Token(self.store.epoch() << 40));
        let settle = Write::Settle { delivery, token, settlement: Settlement::Done };
        self.store.commit(Batch::of(settle)).await.unwrap();
        self.note(&format!("settled {n}"));
    }

    fn note(&mut self, what: &str) {
        // One call, so that no line is ever half there.
        self.diary.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}
