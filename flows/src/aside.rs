//! Work in a process of its own, which the kernel holds to its limits and which can be killed at any moment.
//!
//! The app starts itself once more; the child puts itself under the limits and becomes the program (`exec`): so
//! they hold before the first instruction of it runs, and nothing is done between fork and exec. It is given its
//! input on stdin and nothing else: no variables, no other files. Its output is read up to a limit. It and all that
//! it started is killed when whoever waits for it waits no more.
//!
//! Whoever embeds these flows begins `main` with [`take_over`]: without it, a child would be the whole program once
//! more. So nothing is started in a process that did not begin so, and what was to be done says what to call.
//!
//! # Layout
//! - [`child`]: starts the process, talks to it, sees to its end
//! - [`inside`]: what the process does
//! - [`cage`]: its control group, where one can be made

pub mod cage;
#[cfg(unix)]
mod child;
#[cfg(unix)]
mod inside;
#[cfg(not(unix))]
mod nowhere;

use std::{fs::File, io, path::PathBuf, process::ExitStatus, time::Duration};

use self::cage::Cage;
#[cfg(not(unix))]
pub use self::nowhere::{run, take_over};
#[cfg(unix)]
pub use self::{child::run, inside::take_over};

/// Whether there are processes of their own here that limits hold for.
pub const SUPPORTED: bool = cfg!(unix);

/// Work of this program that can be done aside: told what it is about, and given its input.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// What it is called.
    pub name: &'static str,
    /// Does it.
    pub run: fn(&str, Vec<u8>) -> Result<Vec<u8>, NoOutput>,
}

inventory::collect!(Work);

/// Why work gave no output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoOutput {
    /// Its input is at fault: trying again gives the same.
    Refused(String),
    /// It failed.
    Failed(String),
}

/// What runs in a process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Work of this program, and what it is about.
    Own(&'static str, String),
    /// A program.
    At(PathBuf),
}

/// What a process is given to read.
#[derive(Debug)]
pub enum Input {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, of which it has nothing but this.
    File(File),
}

/// What is to be done aside.
#[derive(Debug)]
pub struct Order<'o> {
    /// By which program.
    pub program: &'o Program,
    /// From what.
    pub input: Input,
    /// Under which limits.
    pub limits: Limits<'o>,
    /// So many bytes of output at most.
    pub longest_output: usize,
}

/// What a process is held to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits<'l> {
    /// A control group that has limits of its own.
    pub cage: Option<&'l Cage>,
    /// So many bytes of memory for data.
    pub memory: Option<u64>,
    /// So much time of the processor.
    pub processor: Option<Duration>,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub output: Vec<u8>,
    /// The end of what it wrote to stderr.
    pub said: String,
}

/// A process did not get as far as to an end of its own.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// It could not be started.
    #[error("it could not be started: {0}")]
    NotStarted(#[from] io::Error),
    /// This program would not do it, but whatever its `main` does.
    #[error(
        "this program takes no work over: begin its `main` with `flows::aside::take_over()`, and end it where \
         that gives an exit code"
    )]
    NotTaken,
    /// It wrote more than it may, and was killed.
    #[error("the output is larger than {0} bytes")]
    TooMuch(usize),
}
