//! The systems of the app under load: the real binary, in an empty folder, asked over HTTP.
//!
//! Each system has an app of its own, and goes through three loads:
//!
//! 1. *Steady*: an open load that its workers keep up with. From the accepting call to the start of the work.
//! 2. *Full*: 64 connections that call again as soon as they are answered, while the workers work on what
//!    comes. How many are accepted in a second.
//! 3. *Saturated*: the steady load once more, while all workers are busy and more waits. How long the
//!    accepting call takes.
//!
//! # Layout
//! - [`app`]: the binary, started and asked
//! - [`system`]: what is asked of each
//! - [`load`]: the three loads
//! - [`figures`]: what came of them, and how it is shown

mod app;
mod figures;
mod load;
mod system;

use std::time::Duration;

pub(crate) use self::figures::{Figures, print};
use self::{app::App, system::SYSTEMS};

/// What is asked for on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Systems {
    /// Seconds for each load.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Measures only the systems whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// Measures them and prints the table.
pub(crate) fn run(Systems { seconds, only }: &Systems) -> anyhow::Result<()> {
    print(&measure(Duration::from_secs_f64(seconds.max(1.0)), only.as_deref())?);
    Ok(())
}

/// Measures the systems whose name contains `only`; an error where the release binary of the app is not
/// there, or answers something else than it should.
pub(crate) fn measure(span: Duration, only: Option<&str>) -> anyhow::Result<Vec<Figures>> {
    let binary = app::binary()?;
    let wanted = |name: &str| only.is_none_or(|part| name.contains(part));
    let mut all = Vec::new();
    for system in SYSTEMS.iter().filter(|system| wanted(system.name)) {
        eprintln!("measuring: {}", system.name);
        let app = App::start(&binary, system.settings)?;
        all.push(load::measure(system, &app, span)?);
    }
    let names = SYSTEMS.map(|system| system.name).join(", ");
    anyhow::ensure!(!all.is_empty(), "no system is called that; there are: {names}");
    Ok(all)
}

/// Whether the release binary of the app is there; says what to do where it is not.
pub(crate) fn is_there() -> bool {
    app::binary().inspect_err(|why| eprintln!("the systems are left out: {why}")).is_ok()
}
