//! What can be typed to see what the app did.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Page;

/// Which runs are listed.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Runs {
    /// Only those of this step
    #[arg(long)]
    pub step: Option<String>,
    /// Only those of this flow
    #[arg(long)]
    pub flow: Option<String>,
    /// Only those that ended so
    #[arg(long, value_enum)]
    pub outcome: Option<Outcome>,
    /// Only those of this trace
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only those with this text in their error, their request or their log lines
    #[arg(long)]
    pub text: Option<String>,
    /// Only those that began no longer ago than this: 30s, 5m, 1h
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Which page
    #[command(flatten)]
    pub page: Page,
}

/// What to do with many runs.
#[derive(Debug, Subcommand)]
pub enum RunsDone {
    /// Send them again with what they were given, each event once
    Replay(Replay),
}

/// Which runs are sent again.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).multiple(true))]
pub struct Replay {
    /// Only those that failed, which is also what is taken when no outcome is said
    #[arg(long, group = "which", conflicts_with = "outcome")]
    pub failed: bool,
    /// Only those that ended so
    #[arg(long, value_enum, group = "which")]
    pub outcome: Option<Outcome>,
    /// Only those of this step
    #[arg(long, group = "which")]
    pub step: Option<String>,
    /// Only those of this flow
    #[arg(long, group = "which")]
    pub flow: Option<String>,
    /// Only those of this trace
    #[arg(long, value_name = "ID", group = "which")]
    pub trace: Option<String>,
    /// Only those with this text in their error, their request or their log lines
    #[arg(long, group = "which")]
    pub text: Option<String>,
    /// Only those that began no longer ago than this: 30s, 5m, 1h
    #[arg(long, value_name = "TIME", group = "which")]
    pub since: Option<String>,
    /// Send requests with this header, too: those that let somebody in are not kept
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Look at so many at most, the last ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub limit: usize,
}

/// What to do with the streams.
#[derive(Debug, Subcommand)]
pub enum Streams {
    /// List the groups of a stream, or the items of a group
    Show {
        /// The stream
        stream: String,
        /// The group
        group: Option<String>,
        /// Which page
        #[command(flatten)]
        page: Page,
    },
    /// Show a group, or one item of it, and each change of it, until interrupted
    Watch {
        /// The stream
        stream: String,
        /// The group
        group: String,
        /// The item
        id: Option<String>,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// Well
    Ok,
    /// The caller was blamed
    Rejected,
    /// It was not the time for it yet, which costs no attempt
    Postponed,
    /// Badly
    Failed,
    /// It was broken off
    Cancelled,
}

/// What to do with a run.
#[derive(Debug, Subcommand)]
pub enum Run {
    /// Show what it was given, what it did and how it ended
    Show {
        /// The run
        id: String,
    },
    /// Send it again with what it was given, to its step alone
    Replay {
        /// The run
        id: String,
        /// Send its request with this header, too: those that let somebody in are not kept
        #[arg(long, value_name = "NAME: VALUE")]
        header: Vec<String>,
    },
    /// Write it as a test of its step
    Test {
        /// The run
        id: String,
    },
}

/// Which entries of the audit log are listed.
#[derive(Debug, Args)]
pub struct Audit {
    /// Only what this person changed
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Only what was done so: `queue.pause`, or all of `queue`
    #[arg(long, value_name = "WHAT")]
    pub did: Option<String>,
    /// Only what was changed no longer ago than this: 30m, 1h, 7d
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Which page
    #[command(flatten)]
    pub page: Page,
}

/// Which log lines are shown.
#[derive(Debug, Args)]
pub struct Logs {
    /// Go on as lines are written, until interrupted
    #[arg(short, long)]
    pub follow: bool,
    /// Only those that matter at least so much
    #[arg(long, value_enum)]
    pub level: Option<Level>,
    /// Only those of this step
    #[arg(long)]
    pub step: Option<String>,
    /// Only those of this trace
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only those with this text
    #[arg(long)]
    pub text: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub limit: usize,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// For those who look for a fault
    Debug,
    /// What happens
    Info,
    /// What should not happen, and was coped with
    Warn,
    /// What failed
    Error,
}
