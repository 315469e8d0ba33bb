//! What can be typed about the work of an app: what is emitted, what waits, what was given up.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Page;

/// What is emitted, and how it is delivered.
#[derive(Debug, Args)]
pub struct Emit {
    /// The topic
    pub topic: String,
    /// The payload, as JSON
    pub payload: String,
    /// Deliver it no sooner than after this long: 500ms, 30s, 5m, 1h
    #[arg(long, value_name = "TIME")]
    pub delay: Option<String>,
    /// Deliver it no sooner than at this instant: 2026-01-31T09:00:00Z
    #[arg(long, value_name = "INSTANT", conflicts_with = "delay")]
    pub at: Option<String>,
    /// The key that it belongs to, in the place of what the steps say
    #[arg(long)]
    pub key: Option<String>,
    /// How urgent it is, from -9 to 9; 0 is normal
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub priority: Option<i64>,
    /// Emit it once with this key, within a day
    #[arg(long, value_name = "KEY")]
    pub dedup: Option<String>,
    /// Do not start it after this long
    #[arg(long, value_name = "TIME")]
    pub ttl: Option<String>,
    /// The key under which it can be cancelled
    #[arg(long, value_name = "KEY")]
    pub cancel_key: Option<String>,
}

/// What to do with the queues.
#[derive(Debug, Subcommand)]
pub enum Queues {
    /// Show one queue, with what its step's config says
    Show {
        /// The step
        step: String,
    },
    /// Let nothing of a queue start until it is resumed; what runs, runs on
    Pause {
        /// The step
        step: String,
    },
    /// Let a queue start again
    Resume {
        /// The step
        step: String,
    },
    /// List what waits in a queue, in the order in which it was emitted
    Waiting(Waiting),
}

/// What waits, and which of it.
#[derive(Debug, Args)]
pub struct Waiting {
    /// The step
    pub step: String,
    /// Only what has this key
    #[arg(long)]
    pub key: Option<String>,
    /// Only this event
    #[arg(long, value_name = "ID")]
    pub event: Option<String>,
    /// Only what belongs to this run
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only what was emitted with this key for cancellation
    #[arg(long, value_name = "KEY")]
    pub cancel_key: Option<String>,
    /// Only what is held, because its payload does not fit the step's input
    #[arg(long)]
    pub held: bool,
    /// Which page
    #[command(flatten)]
    pub page: Page,
}

/// What is to be cancelled.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct Cancel {
    /// One delivery: an event in one step; its id, as `queues waiting` shows it
    #[arg(group = "what")]
    pub id: Option<String>,
    /// An event, in every step that it waits for
    #[arg(long, value_name = "ID", group = "what")]
    pub event: Option<String>,
    /// All events of a run
    #[arg(long, value_name = "ID", group = "what")]
    pub trace: Option<String>,
    /// All events that were emitted with this key for cancellation
    #[arg(long, group = "what")]
    pub key: Option<String>,
}

/// What to do with the dead letters.
#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// List them, in the order in which they were emitted
    Ls {
        /// Which of them
        #[command(flatten)]
        letters: Letters,
        /// Which page
        #[command(flatten)]
        page: Page,
    },
    /// Show one, with its payload and what went wrong
    Show {
        /// Its id, as `dlq ls` shows it
        id: String,
    },
    /// Put them back into their queues
    Redrive(Which),
    /// Remove them for good
    Purge(Which),
}

/// Dead letters by what is known of them: those to which all that is said applies.
#[derive(Debug, Default, Args)]
#[group(id = "letters", multiple = true)]
pub struct Letters {
    /// Only those of this step
    #[arg(long)]
    pub step: Option<String>,
    /// Only those on this topic
    #[arg(long)]
    pub topic: Option<String>,
    /// Only those with this key
    #[arg(long)]
    pub key: Option<String>,
    /// Only those of this event
    #[arg(long, value_name = "ID")]
    pub event: Option<String>,
    /// Only those of this run
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only those with this text in the reason
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only those that died since then: an instant, or so long ago, such as 1h
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only those that died before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Which {
    /// Their ids, as `dlq ls` shows them
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with_all = ["all", "letters"])]
    pub ids: Vec<String>,
    /// All of them, or all that are found by what else is said
    #[arg(long)]
    pub all: bool,
    /// With --all: which
    #[command(flatten)]
    pub letters: Letters,
}

/// What to do with the circuits.
#[derive(Debug, Subcommand)]
pub enum Circuits {
    /// Keep a circuit open, so that nothing starts that needs it, until it is reset
    Open {
        /// Its name
        name: String,
    },
    /// Close a circuit, and forget the failures that it counted
    Reset {
        /// Its name
        name: String,
    },
}

/// Which of those that ended.
#[derive(Debug, Args)]
pub struct History {
    /// Only those of this step
    #[arg(long)]
    pub step: Option<String>,
    /// Only those that ended like this
    #[arg(long, value_enum)]
    pub ending: Option<How>,
    /// Only those of this event
    #[arg(long, value_name = "ID")]
    pub event: Option<String>,
    /// Only those of this run
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Which page
    #[command(flatten)]
    pub page: Page,
}

/// How an event ended that was neither handled nor given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// Somebody cancelled it
    Cancelled,
    /// Its time to live ran out before it could start
    Expired,
    /// A newer event of its key took its place
    Superseded,
}
