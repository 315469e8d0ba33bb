//! A million events wait: how soon an app starts with them, what it weighs, how fast it drains them.
//!
//! Only a store that outlives the process can be started with a backlog.

use std::{
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use motia_core::{
    store::{Batch, Target, Write},
    trace::TraceContext,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{
    class::Class,
    publish::{event, payload},
    spawn,
    start::resident_mib,
};
use crate::{
    bare::sqlite::{self, Bare},
    rounds::{Compared, Effort},
    subject::{App, JOBS},
    table::{Goal, Row},
};

const EVENTS: u64 = 1_000_000;
const WORKERS: u32 = 64;
/// Events that are published at once, to have them quickly.
const AT_ONCE: u64 = 1000;

pub(super) fn million_waiting(_: &Effort) -> anyhow::Result<Vec<Row>> {
    let class = Class::Durable;
    let tokio = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    tokio.block_on(fill(class, folder.path()))?;
    let (child, _, ready) = begin(folder.path())?;
    kill(child)?;
    tokio.block_on(forget_inputs(class, folder.path()))?;
    let (child, mut out, first_ready) = begin(folder.path())?;
    std::thread::sleep(Duration::from_secs(1));
    let memory = resident_mib(&child)?;
    let drained = EVENTS as f64 / finish(child, &mut out)?;

    let folder = tempfile::tempdir()?;
    let limit = tokio.block_on(bare_drain(folder.path()))?;
    let drain = Compared { ours: drained, limit, ratio: drained / limit };

    let backlog = format!("{}; {EVENTS} events of 256 B wait", class.how());
    let named = |what| format!("backlog, {}, {what}", class.name());
    Ok(vec![
        Row::alone(
            named("start"),
            ready.as_secs_f64(),
            "s",
            Goal::AtMost(2.0),
            format!("{backlog}; from exec until the runtime is up, in a process of its own"),
        ),
        Row::alone(
            named("start of a new version"),
            first_ready.as_secs_f64(),
            "s",
            Goal::AtMost(2.0),
            format!(
                "{backlog}; the same where the step's input has changed, so that all are test-decoded"
            ),
        ),
        Row::alone(
            named("memory"),
            memory,
            "MiB",
            Goal::AtMost(150.0),
            format!("{backlog}; resident, {WORKERS} of them at work, one second after the start"),
        ),
        Row::compared(
            named("drain"),
            drain,
            "events/s",
            Goal::Open,
            format!(
                "{backlog}; {WORKERS} workers, each ack synced; limit: bare SQLite, read in pages of \
                 {PAGE}, deleted by {WORKERS} workers in group commits"
            ),
        ),
    ])
}

/// Publishes all of them, for an app that ran before.
async fn fill(class: Class, folder: &Path) -> anyhow::Result<()> {
    let app = App::start_with(class.open(folder)?, WORKERS, |_| std::future::ready(())).await?;
    app.runtime.shutdown().await?;
    let store = class.open(folder)?;
    let queues = store.queues(&[JOBS]).await?;
    let targets: Arc<[_]> = queues.into_iter().map(Target::from).collect();
    let (payload, trace) = (payload(), TraceContext::root());
    for _ in 0..EVENTS / AT_ONCE {
        let publish =
            |_| Write::Publish { event: event(payload.clone(), trace), targets: targets.clone() };
        let writes = (0..AT_ONCE).map(publish).collect();
        store.commit(Batch { writes, ..Batch::default() }).await?;
    }
    store.close().await?;
    Ok(())
}

/// Has the next start know nothing of the inputs of those before it.
async fn forget_inputs(class: Class, folder: &Path) -> anyhow::Result<()> {
    let store = class.open(folder)?;
    let group = "__motia.inputs".into();
    let now = Timestamp::MIN;
    store.commit(Batch::of(Write::Delete { group, key: JOBS.to_owned(), now })).await?;
    Ok(store.close().await?)
}

/// Ends a child before it drains anything.
fn kill(mut child: Child) -> anyhow::Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// A child over the folder, and how long it took to be ready.
fn begin(folder: &Path) -> anyhow::Result<(Child, BufReader<ChildStdout>, Duration)> {
    let began = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("drain")
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut out = BufReader::new(child.stdout.take().expect("standard output was asked for"));
    let line = read_line(&mut out)?;
    anyhow::ensure!(line == "ready", "the app does not start");
    Ok((child, out, began.elapsed()))
}

/// Lets the child drain; gives the seconds that it took.
fn finish(mut child: Child, out: &mut BufReader<ChildStdout>) -> anyhow::Result<f64> {
    let mut to_child = child.stdin.take().expect("standard input was asked for");
    writeln!(to_child, "go")?;
    let seconds = read_line(out)?.parse()?;
    child.wait()?;
    Ok(seconds)
}

fn read_line(out: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// The child: says `ready`, waits for a line, drains, says how many seconds it took.
pub(crate) fn drain(folder: &Path) -> anyhow::Result<()> {
    let go = CancellationToken::new();
    let gate = go.clone();
    let work = move |_| {
        let gate = gate.clone();
        async move { gate.cancelled().await }
    };
    Runtime::new()?.block_on(async {
        let app = App::start_with(Class::Durable.open(folder)?, WORKERS, work).await?;
        println!("ready");
        tokio::task::spawn_blocking(|| read_line(&mut std::io::stdin().lock())).await??;
        let began = Instant::now();
        go.cancel();
        app.caught_up(EVENTS).await;
        // The last ack is kept when the shutdown is over.
        app.runtime.shutdown().await?;
        println!("{}", began.elapsed().as_secs_f64());
        Ok(())
    })
}

/// Rows that are read at once, as many as the window of a queue holds.
const PAGE: usize = 4096;

/// The same over bare SQLite: rows deleted per second.
async fn bare_drain(folder: &Path) -> anyhow::Result<f64> {
    let (bare, payload) = (Arc::new(Bare::open(folder)?), payload());
    let mut last = None;
    for _ in 0..EVENTS {
        // The writer works in order: who waits for the last has waited for all.
        last = Some(bare.begin_put(payload.clone()));
    }
    last.expect("there are events").await?;

    let (jobs, waiting) = tokio::sync::mpsc::channel::<(i64, String)>(PAGE);
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (bare, waiting, done) = (bare.clone(), waiting.clone(), done.clone());
            spawn(async move {
                loop {
                    let job = waiting.lock().await.recv().await;
                    let Some((id, body)) = job else { return };
                    drop(body);
                    bare.delete(id).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let folder = folder.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        sqlite::read_all(&folder, PAGE, |job| jobs.blocking_send(job).is_ok())
    });
    read.await??;
    for worker in workers {
        worker.await?;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}
