//! Bare SQLite with group commit: one writer thread, one table, WAL, `synchronous=FULL`.

use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
};

use motia_core::json::JsonText;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

enum Op {
    Put(JsonText, oneshot::Sender<i64>),
    Delete(i64, oneshot::Sender<()>),
}

/// A writer that puts and deletes, synced.
pub(crate) struct Bare {
    ops: Option<Sender<Op>>,
    writer: Option<JoinHandle<()>>,
}

/// Operations that one transaction holds at the most.
const MOST: usize = 4096;

impl Bare {
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let db = Connection::open(folder.join("bare.db"))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, body TEXT)")?;
        let (ops, waiting) = channel();
        let writer = std::thread::spawn(move || write(&db, &waiting).expect("the disk is there"));
        Ok(Self { ops: Some(ops), writer: Some(writer) })
    }

    pub(crate) async fn put(&self, body: JsonText) -> i64 {
        self.begin_put(body).await.expect("the writer answers")
    }

    /// Puts, and leaves the waiting to the caller.
    pub(crate) fn begin_put(&self, body: JsonText) -> oneshot::Receiver<i64> {
        let (answer, kept) = oneshot::channel();
        self.send(Op::Put(body, answer));
        kept
    }

    pub(crate) async fn delete(&self, id: i64) {
        let (answer, kept) = oneshot::channel();
        self.send(Op::Delete(id, answer));
        kept.await.expect("the writer answers");
    }

    fn send(&self, op: Op) {
        let ops = self.ops.as_ref().expect("open until it is dropped");
        ops.send(op).expect("the writer lives as long as this");
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.ops = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn write(db: &Connection, waiting: &Receiver<Op>) -> rusqlite::Result<()> {
    let (mut begin, mut commit) = (db.prepare("BEGIN IMMEDIATE")?, db.prepare("COMMIT")?);
    let mut put = db.prepare("INSERT INTO jobs (id, body) VALUES (?1, ?2)")?;
    let mut delete = db.prepare("DELETE FROM jobs WHERE id = ?1")?;
    let mut last = 0;
    let (mut puts, mut deletes) = (Vec::new(), Vec::new());
    while let Ok(first) = waiting.recv() {
        begin.execute(())?;
        for op in std::iter::once(first).chain(waiting.try_iter()).take(MOST) {
            match op {
                Op::Put(body, answer) => {
                    last += 1;
                    put.execute(params![last, body.as_str()])?;
                    puts.push((answer, last));
                }
                Op::Delete(id, answer) => {
                    delete.execute([id])?;
                    deletes.push(answer);
                }
            }
        }
        commit.execute(())?;
        for (answer, id) in puts.drain(..) {
            let _gone = answer.send(id);
        }
        for answer in deletes.drain(..) {
            let _gone = answer.send(());
        }
    }
    Ok(())
}

/// Reads all rows in pages, in order, for as long as they are taken.
pub(crate) fn read_all(
    folder: &Path,
    page: usize,
    take: impl Fn((i64, String)) -> bool,
) -> rusqlite::Result<()> {
    let db = Connection::open(folder.join("bare.db"))?;
    let mut read = db.prepare("SELECT id, body FROM jobs WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let mut last = 0;
    loop {
        let rows = read.query_map((last, page), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        let Some((id, _)) = rows.last() else { return Ok(()) };
        last = *id;
        if !rows.into_iter().all(&take) {
            return Ok(());
        }
    }
}
