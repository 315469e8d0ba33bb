//! What it costs to be seen: runs that are recorded, and a Workbench that follows.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use motia_runtime::{Settings, runs::RunSettings};
use motia_store::MemoryStore;
use tokio::runtime::Runtime as Tokio;
use tokio_util::sync::CancellationToken;

use super::{
    class::Class,
    http::{CONNECTIONS, ORDER, emitting_step, hello_step, serve_with},
    pipeline,
};
use crate::{
    load::{Wire, requests_per_second},
    rounds::Effort,
    table::{Goal, Row},
};

const GOAL: Goal = Goal::RatioAtLeast(0.95);

/// As many runs are kept in these rows, so that the ring is full before they begin.
const FEW: usize = 50;

/// What an open Workbench reads over and over: its badges, the list of runs, the lines of the log.
const PANELS: [&str; 4] = ["queues", "circuits", "runs?limit=100", "logs?limit=100"];

/// How often it does.
const EVERY: Duration = Duration::from_millis(250);

/// Keeps so many runs; none: nothing is recorded.
fn keeping(count: usize) -> Settings {
    let mut settings = Settings::default();
    settings.runs = RunSettings { count, ..RunSettings::default() };
    settings
}

pub(super) fn recorded_hello(effort: &Effort) -> anyhow::Result<Row> {
    let (ours, bare) = (Tokio::new()?, Tokio::new()?);
    let serve = |count| serve_with(Arc::new(MemoryStore::new()), [hello_step()], keeping(count));
    let (recording, silent) = (ours.block_on(serve(FEW))?, bare.block_on(serve(0))?);
    let hello = Wire::get("/hello");
    let ask = |server, span| requests_per_second(server, &hello, CONNECTIONS, span);
    let compared = effort.compare(|span| ask(recording, span), |span| ask(silent, span))?;
    let how = "GET, 32 connections, no store; 200 runs/s are recorded and the ring is full; limit: \
               nothing is recorded";
    Ok(Row::compared("hello, recorded", compared, "req/s", GOAL, how))
}

pub(super) fn recorded_pipeline(effort: &Effort) -> anyhow::Result<Row> {
    let tokio = Tokio::new()?;
    let jobs =
        |count, span| tokio.block_on(pipeline::jobs_with(Class::Durable, 64, span, keeping(count)));
    let compared = effort.compare(|span| jobs(FEW, span), |span| jobs(0, span))?;
    let how = "the durable pipeline, 64; 200 runs/s are recorded and the ring is full; limit: nothing is \
               recorded";
    Ok(Row::compared("pipeline, recorded", compared, "jobs/s", GOAL, how))
}

/// One server, looked at and not.
pub(super) fn followed(effort: &Effort) -> anyhow::Result<Row> {
    let tokio = Tokio::new()?;
    let folder = tempfile::tempdir()?;
    let store = Class::Durable.open_within(&tokio, folder.path())?;
    let server = tokio.block_on(serve_with(store, emitting_step(), Settings::default()))?;
    let order = Wire::post("/orders", ORDER);
    let ask = |span| requests_per_second(server, &order, 64, span);
    let followed = |span| {
        let follower = Follower::of(server);
        let rate = ask(span)?;
        follower.stop()?;
        Ok(rate)
    };
    let compared = effort.compare(followed, ask)?;
    let how = "POST, 300 B, and one emit of 256 B that is handled too, 64 connections; sqlite, WAL, \
               synchronous=FULL; a Workbench reads queues, circuits, 100 runs and 100 lines four times \
               a second; limit: the same server with none";
    Ok(Row::compared("post with a durable emit, followed", compared, "req/s", GOAL, how))
}

/// Somebody with an open Workbench.
struct Follower {
    gone: CancellationToken,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
}

impl Follower {
    fn of(server: SocketAddr) -> Self {
        let gone = CancellationToken::new();
        let left = gone.clone();
        let agent = ureq::Agent::new_with_defaults();
        let thread = std::thread::spawn(move || {
            while !left.is_cancelled() {
                for panel in PANELS {
                    let path = format!("http://{server}/__motia/api/{panel}");
                    agent.get(path).call()?.body_mut().read_to_vec()?;
                }
                std::thread::sleep(EVERY);
            }
            Ok(())
        });
        Self { gone, thread }
    }

    /// Closes the Workbench; an error says that it could not read.
    fn stop(self) -> anyhow::Result<()> {
        self.gone.cancel();
        self.thread.join().expect("the follower does not panic")
    }
}
