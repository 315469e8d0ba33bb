//! Measures motia-rs against what it is built on, in one run, side by side.
//!
//! `cargo run --release -p motia-bench -- table [--json FILE] [--only ROW]`
//!
//! # Layout
//! - [`rows`]: one file a kind of row; each gives its own figure and that of its limit
//! - [`bare`]: the limits: raw axum, bare SQLite
//! - [`rounds`]: interleaved rounds and their medians
//! - [`table`]: how it is shown

mod bare;
mod load;
mod rounds;
mod rows;
mod subject;
mod table;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Serves an app of so many steps until standard input closes; the start and memory rows run it.
    #[command(hide = true)]
    Idle {
        /// How many API steps it has.
        steps: usize,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Table { json, only, rounds, seconds } => {
            let effort = rounds::Effort::new(rounds, seconds);
            let rows = rows::measure(&effort, only.as_deref())?;
            table::print(&rows);
            if let Some(file) = json {
                table::write_json(&rows, &file)?;
            }
            Ok(())
        }
        Command::Idle { steps } => rows::start::idle(steps),
    }
}
