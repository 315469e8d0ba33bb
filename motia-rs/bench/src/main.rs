//! Measures motia-rs against what it is built on, in one run, side by side.
//!
//! `cargo run --release -p motia-bench -- table [--json FILE] [--only ROW]`
//!
//! Puts the systems of the real app under load, which `table` does at its end, too:
//!
//! `cargo build --release -p app && cargo run --release -p motia-bench -- systems [--seconds N]`
//!
//! And kills an app over and over, to see whether it keeps its promises:
//!
//! `cargo run --release -p motia-bench -- chaos --events 100000 --kills 20 [--seed N] [--json FILE]`
//!
//! And does that for half an hour under a steady load, to see whether anything grows:
//!
//! `cargo run --release -p motia-bench -- soak --minutes 30 --load 0.7 [--seed N] [--json FILE]`
//!
//! # Layout
//! - [`rows`]: one file a kind of row; each gives its own figure and that of its limit
//! - [`bare`]: the limits: raw axum, bare SQLite
//! - [`rounds`]: interleaved rounds and their medians
//! - [`table`]: how it is shown
//! - [`systems`]: the systems of the app under load
//! - [`load`]: connections that ask
//! - [`chaos`]: an app that is killed while it works, for moments and for long

mod bare;
mod chaos;
mod load;
mod rounds;
mod rows;
mod subject;
mod systems;
mod table;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The systems of the app take some time until they are as busy as they get.
const SYSTEMS_SPAN: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(about = "Measures motia-rs against what it is built on")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the side-by-side table.
    Table {
        /// Writes the table as JSON to this file, too.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Measures only the rows whose name contains this.
        #[arg(long)]
        only: Option<String>,
        /// Rounds per row; the medians are shown.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Seconds per round and side.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Puts the systems of the app under load: its release binary, asked over HTTP.
    Systems(systems::Systems),
    /// Kills an app over and over while 64 connections emit; fails if a promise was broken.
    Chaos(chaos::Chaos),
    /// Runs an app under a steady load, and kills it now and then; fails if a promise was broken or
    /// something grows.
    Soak(chaos::Soak),
    /// Serves the app that is killed.
    #[command(hide = true)]
    ChaosApp {
        /// Decides which attempts fail.
        seed: u64,
        /// The data folder.
        data: PathBuf,
    },
    /// Asks the app that is killed, with its own command line.
    #[command(hide = true)]
    ChaosAsk {
        /// The data folder.
        data: PathBuf,
        /// The command.
        command: Vec<String>,
    },
    /// Runs one side of one row, once, for a profiler to look on.
    Side {
        /// Which side.
        side: rounds::Side,
        /// The row.
        row: String,
        /// Seconds.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
    /// Serves an app of so many steps until standard input closes; the start and memory rows run it.
    #[command(hide = true)]
    Idle {
        /// How many API steps it has.
        steps: usize,
    },
    /// Starts over the store of this folder, and drains it once a line comes in; the backlog rows
    /// run it.
    #[command(hide = true)]
    Drain {
        /// The data folder.
        folder: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Table { json, only, rounds, seconds } => {
            let effort = rounds::Effort::new(rounds, seconds);
            let rows = rows::measure(&effort, only.as_deref())?;
            table::print(&rows);
            // They are rows of the whole table, and have names of their own.
            let mut systems = Vec::new();
            if only.is_none() && systems::is_there() {
                systems = systems::measure(effort.span.max(SYSTEMS_SPAN), None)?;
                println!();
                systems::print(&systems);
            }
            if let Some(file) = json {
                table::write_json(&rows, &systems, &file)?;
            }
        }
        Command::Systems(systems) => systems::run(&systems)?,
        Command::Chaos(chaos) => chaos::run(&chaos)?,
        Command::Soak(soak) => soak.run()?,
        Command::ChaosApp { seed, data } => return Ok(chaos::serve(&data, seed)),
        Command::ChaosAsk { data, command } => return Ok(chaos::ask(&data, &command)),
        Command::Side { side, row, seconds } => {
            let rows = rows::measure_one(&rounds::Effort::of(side, seconds), &row)?;
            rows.iter().for_each(table::print_side);
        }
        Command::Idle { steps } => rows::start::idle(steps)?,
        Command::Drain { folder } => rows::backlog::drain(&folder)?,
    }
    Ok(ExitCode::SUCCESS)
}
