//! Runs the app for long under a steady load, kills it now and then, and says whether every promise was
//! kept and whether anything grows: memory, open files, threads, the data folder, latencies.
//!
//! Most events have a key and their order, some are tried again, delayed, emitted once however often it is
//! asked for, or too late. How many the pipe sustains is measured first, and a part of that is offered.
//!
//! # Layout
//! - [`load`]: the connections, which do not wait for the app
//! - [`sample`]: what the process takes up
//! - [`report`]: what it comes to

mod load;
mod report;
mod sample;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use motia_store::{SqliteOptions, SqliteStore};
use motia_testkit::history::{Act, Answer, History, Verdict};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;

use self::{
    load::{Emitted, Load, Pace},
    report::{Growth, Measured, Stretch},
    sample::Sample,
};
use super::{CONNECTIONS, app, child::Child, print_broken};
use crate::table::machine;

/// How long it is measured what the pipe sustains, after a part of it that does not count.
const CALIBRATION: Duration = Duration::from_secs(20);
/// How long what is left may take to be handled at the end.
const LAST: Duration = Duration::from_secs(300);
/// The part of the run in which the app is killed; the rest is one life, in which growth shows.
const UNQUIET: f64 = 0.6;

/// What is asked for on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Soak {
    /// How long it is to go on.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// The part of what the pipe sustains that is offered.
    #[arg(long, default_value_t = 0.7)]
    load: f64,
    /// How often the app is killed; every other minute if it is left out.
    #[arg(long)]
    kills: Option<usize>,
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
    machine: String,
    sustained_per_second: f64,
    offered_per_second: f64,
    kills: usize,
    #[serde(flatten)]
    verdict: Verdict,
    stretches: Vec<Stretch>,
    growth: Vec<Growth>,
    samples: Vec<Sample>,
}

impl Soak {
    /// Runs it; an error says that a promise was broken, or that something grows.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let seed = self.seed.unwrap_or_else(rand::random);
        let folder = tempfile::tempdir()?;
        let data = folder.path();
        let machine = machine();
        println!("seed {seed}; {machine}");

        let child = Child::start(data, seed)?;
        let (sustained, warm_up) = sustained(&child)?;
        let offered = sustained * self.load;
        println!(
            "the pipe sustains {sustained:.0} events/s; {offered:.0} are offered to it for {} \
             minutes",
            self.minutes
        );

        let load = Load::start(child.address(), Pace::PerSecond(offered), &warm_up);
        let (began, began_at) = (load.began(), load.began_at());
        let span = Duration::from_secs_f64(self.minutes * 60.0);
        let mut run = Run { data, seed, child, load, lives: 0, samples: Vec::new() };
        let kills = self.kills(seed, span);
        run.watch(span, kills.clone().into())?;
        let Run { child, load, samples, .. } = run;
        let emitted = load.finish();

        let left = child.empty_within(LAST)?;
        println!("{left} events were left; it took {:.0?} in all", began.elapsed());
        anyhow::ensure!(left == 0, "{left} events are still not handled after {LAST:?}");
        let dead = child.dead_letters()?;
        child.stop()?;
        verify(data)?;

        let mut measured = Measured { span, samples, kills, ..Measured::default() };
        let mut verdict = Verdict::default();
        for connection in 0..CONNECTIONS {
            let mut history = History::default();
            for event in warm_up[connection].iter().chain(&emitted[connection]) {
                let name = event.name(connection);
                if event.is_brief() {
                    history.settled(name.clone());
                }
                history.emitted(name, event.answer);
            }
            dead.iter().cloned().for_each(|name| history.settled(name));
            let kept = emitted[connection].iter().filter(|event| event.answer == Answer::Kept);
            measured.emits.extend(kept.map(|event| (event.planned, event.took)));
            let notes = app::notes(data, connection).context("what the handlers noted")?;
            measured.starts.extend(starts(&notes, began_at));
            history.did(notes.into_iter().map(|note| note.entry));
            verdict.add(history.check());
        }

        let (stretches, growth) = (measured.stretches(), measured.growth());
        report::print(&stretches, &growth);
        print!("{verdict}");
        print_broken(&verdict);
        let (kept, grows) = (verdict.is_kept(), growth.iter().any(Growth::grows));
        println!(
            "verdict: {}, {}; seed {seed}",
            if kept { "every promise was kept" } else { "A PROMISE WAS BROKEN" },
            if grows { "SOMETHING GROWS" } else { "nothing grows" },
        );
        if let Some(file) = &self.json {
            let outcome = Outcome {
                seed,
                machine,
                sustained_per_second: sustained,
                offered_per_second: offered,
                kills: measured.kills.len(),
                verdict,
                stretches,
                growth,
                samples: measured.samples,
            };
            std::fs::write(file, serde_json::to_string_pretty(&outcome)?)?;
        }
        anyhow::ensure!(kept && !grows, "run it again with --seed {seed}");
        Ok(())
    }

    /// When the app is killed.
    fn kills(&self, seed: u64, span: Duration) -> Vec<Duration> {
        let count = self.kills.unwrap_or((self.minutes / 2.0).ceil() as usize);
        let mut random = StdRng::seed_from_u64(seed);
        let mut kills: Vec<_> =
            (0..count).map(|_| span.mul_f64(random.random_range(0.0..UNQUIET))).collect();
        kills.sort_unstable();
        kills
    }
}

/// How many events per second the pipe takes and handles, and what was emitted to find out.
fn sustained(child: &Child) -> anyhow::Result<(f64, Vec<Vec<Emitted>>)> {
    let load = Load::start(child.address(), Pace::Answered, &[]);
    std::thread::sleep(CALIBRATION);
    let waiting = child.left()?;
    let began = load.began();
    let emitted = load.finish();
    let seconds = began.elapsed().as_secs_f64();
    let kept = emitted.iter().flatten().filter(|event| event.answer == Answer::Kept).count();
    child.empty_within(LAST)?;
    Ok(((kept as f64 - waiting as f64) / seconds, emitted))
}

/// A run under way.
struct Run<'d> {
    data: &'d Path,
    seed: u64,
    child: Child,
    load: Load,
    /// How often the app was started again.
    lives: usize,
    samples: Vec<Sample>,
}

impl Run<'_> {
    /// Looks at the process once a second, and kills it when it is time to.
    fn watch(&mut self, span: Duration, mut kills: VecDeque<Duration>) -> anyhow::Result<()> {
        let began = self.load.began();
        let mut minute = 0;
        while began.elapsed() < span {
            let second = Duration::from_secs(began.elapsed().as_secs() + 1);
            let kill = kills.pop_front_if(|kill| *kill < second);
            let next = kill.unwrap_or(second);
            std::thread::sleep(next.saturating_sub(began.elapsed()));
            if kill.is_some() {
                self.kill()?;
                continue;
            }
            let sample = Sample::take(&self.child, self.data, began.elapsed(), self.lives)?;
            self.samples.push(sample);
            if sample.at.as_secs() / 60 > minute {
                minute = sample.at.as_secs() / 60;
                println!("minute {minute}: {sample:?}");
            }
        }
        Ok(())
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child = Child::start(self.data, self.seed)?;
        self.load.send_to(self.child.address());
        self.lives += 1;
        Ok(())
    }
}

/// From the planned instant until the first attempt, of those that are due at once.
fn starts(notes: &[app::Note], began_at: i64) -> impl Iterator<Item = report::Latency> + '_ {
    let first = |note: &&app::Note| {
        note.entry.act == Act::Began
            && note.entry.attempt == 1
            && !note.entry.possible_duplicate
            && !note.is_delayed()
    };
    let micros = |micros: i64| Duration::from_micros(micros.max(0).unsigned_abs());
    notes
        .iter()
        .filter(first)
        .filter(move |note| note.planned >= began_at)
        .map(move |note| (micros(note.planned - began_at), micros(note.after)))
}

/// Reads the whole file, and checks every row of it.
fn verify(data: &Path) -> anyhow::Result<()> {
    let store = SqliteStore::open(data, SqliteOptions::default())?;
    let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(tokio.block_on(store.verify())?)
}
