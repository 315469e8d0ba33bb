//! Kills an app over and over while 64 connections emit, and says whether every promise was kept.
//!
//! The app is this program again, in a process of its own: an API step that emits, and a step that
//! handles the events of a key in their order and fails now and then. What was answered and what was done
//! make a [`History`], which is checked at the end.
//!
//! # Layout
//! - [`app`]: the app that is killed, and the file in which its handlers note what they do
//! - [`clients`]: the connections, each emitting one event after the other; [`sender`]: one emit
//! - [`child`]: the process, killed and started again
//! - [`soak`]: the same for a long time under a steady load, to see whether anything grows

mod app;
mod child;
mod clients;
mod sender;
mod soak;

use std::{
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::Context as _;
pub(crate) use app::{ask, serve};
use motia_testkit::history::{Answer, History, Verdict};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;

pub(crate) use self::soak::Soak;
use self::{child::Child, clients::Clients};

/// Connections that emit at the same time.
const CONNECTIONS: usize = 64;
/// Keys of each connection; the events of a key are emitted by one of them, one after the other.
const KEYS: usize = 4;
/// How long what is left may take to be handled at the end.
const LAST: Duration = Duration::from_secs(120);

/// What is asked for on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Chaos {
    /// Events to be acknowledged.
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// How often the app is killed.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// Decides when it is killed and which attempts fail; a new one if it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Writes the result as JSON to this file, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    seed: u64,
    kills: usize,
    seconds: f64,
    events_per_second: f64,
    #[serde(flatten)]
    verdict: Verdict,
}

/// Runs it; an error says that a promise was broken.
pub(crate) fn run(chaos: &Chaos) -> anyhow::Result<()> {
    let seed = chaos.seed.unwrap_or_else(rand::random);
    println!(
        "seed {seed}: {} events, {} kills, {CONNECTIONS} connections",
        chaos.events, chaos.kills
    );
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir()?;
    let mut child = Child::start(folder.path(), seed)?;
    let began = Instant::now();

    let clients = Clients::start(CONNECTIONS, KEYS, chaos.events, child.address());
    for killed in 0..chaos.kills {
        // Spread over the events, each at a moment of its own.
        let share = chaos.events * (killed + 1) / (chaos.kills + 1);
        let at =
            share.saturating_sub(random.random_range(0..=chaos.events / (chaos.kills + 1) / 2));
        clients.wait_for(at)?;
        std::thread::sleep(Duration::from_micros(random.random_range(0..20_000)));
        child.kill()?;
        child = Child::start(folder.path(), seed)?;
        clients.send_to(child.address());
    }
    let emitted = clients.finish();
    let seconds = began.elapsed().as_secs_f64();
    let left = child.empty_within(LAST)?;
    anyhow::ensure!(left == 0, "{left} events are still not handled after {LAST:?}");
    let dead = child.dead_letters()?;
    child.stop()?;

    let mut history = History::default();
    let accepted = emitted.iter().filter(|(_, answer)| *answer == Answer::Kept).count();
    for (name, answer) in emitted {
        history.emitted(name, answer);
    }
    dead.into_iter().for_each(|name| history.settled(name));
    for connection in 0..CONNECTIONS {
        let notes = app::notes(folder.path(), connection).context("what the handlers noted")?;
        history.did(notes.into_iter().map(|note| note.entry));
    }
    let events_per_second = accepted as f64 / seconds;
    let verdict = history.check();

    print!("{verdict}");
    println!("{:<20} {seed}", "seed");
    println!("{:<20} {seconds:.1} s, {events_per_second:.0} acknowledged/s", "took");
    print_broken(&verdict);
    let kept = verdict.is_kept();
    if let Some(file) = &chaos.json {
        let outcome = Outcome { seed, kills: chaos.kills, seconds, events_per_second, verdict };
        std::fs::write(file, serde_json::to_string_pretty(&outcome)?)?;
    }
    anyhow::ensure!(kept, "a promise was broken: run it again with --seed {seed}");
    Ok(())
}

/// Names some of the events for which a promise was broken.
fn print_broken(verdict: &Verdict) {
    for (what, names) in [
        ("lost", &verdict.lost),
        ("invented", &verdict.invented),
        ("out of order", &verdict.out_of_order),
        ("overlapping", &verdict.overlapping),
        ("unfenced", &verdict.unfenced),
    ] {
        for name in names.iter().take(10) {
            println!("{what}: {} {}", name.key, name.n);
        }
    }
}

/// What is shared between the threads of a run changes in this order.
const ORDER: Ordering = Ordering::SeqCst;
