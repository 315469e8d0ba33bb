//! A process by itself: how long it takes to answer, and what it weighs when nothing happens.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::runtime::Runtime as Tokio;

use super::{class::Class, http};
use crate::{
    rounds::{Effort, median},
    table::{Goal, Row},
};

/// How often a process is started; a start is short and noisy.
const STARTS: usize = 9;

/// Serves an app of so many steps until standard input closes.
pub(crate) fn idle(steps: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let tokio = Tokio::new()?;
    let store = Class::Durable.open_within(&tokio, folder.path())?;
    let address = tokio.block_on(http::serve(store, http::thousand_steps(steps)))?;
    println!("{address}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A child that says its address once it answers.
fn begin(steps: usize) -> anyhow::Result<(Child, Duration)> {
    let began = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["idle", &steps.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().expect("standard output was asked for");
    BufReader::new(out).read_line(&mut line)?;
    anyhow::ensure!(!line.is_empty(), "the app does not start");
    Ok((child, began.elapsed()))
}

fn end(mut child: Child) -> anyhow::Result<()> {
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}

pub(crate) fn start(_: &Effort) -> anyhow::Result<Row> {
    let mut millis = Vec::new();
    for _ in 0..STARTS {
        let (child, took) = begin(1000)?;
        millis.push(took.as_secs_f64() * 1000.0);
        end(child)?;
    }
    let how = "from exec to the open port: 1000 API steps with schemas; sqlite, new file, WAL, \
               synchronous=FULL";
    Ok(Row::alone("start", median(millis), "ms", Goal::AtMost(100.0), how))
}

pub(crate) fn idle_memory(_: &Effort) -> anyhow::Result<Row> {
    let (child, _) = begin(10)?;
    std::thread::sleep(Duration::from_secs(1));
    let ours = resident_mib(&child)?;
    end(child)?;
    let how = "resident, 10 API steps, one second after the start; sqlite, WAL, synchronous=FULL";
    Ok(Row::alone("idle memory", ours, "MiB", Goal::AtMost(30.0), how))
}

/// What a process holds in memory.
pub(crate) fn resident_mib(child: &Child) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = resident.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kibibytes.unwrap_or(f64::NAN) / 1024.0)
}
