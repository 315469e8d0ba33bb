//! What can be typed. The flags of settings are made from the one table of settings.

pub mod seen;
pub mod work;

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use motia_core::{registry::Registry, setting::SettingDef};

use crate::settings::{SETTINGS, Setting, own, table::Flag};

/// Settings that were given as flags, by name.
pub type Flags = Vec<(&'static str, String)>;

const NOTES: &str = "Every setting is also a MOTIA_* variable and a line of motia.toml: see `settings`.\n\
    Exit codes: 0 done, 1 refused, 2 something must be set right first.";

/// Runs an app of motia-rs, and asks it things.
#[derive(Debug, Parser)]
#[command(version, subcommand_required = false)]
pub struct Args {
    /// Read settings from this file instead of motia.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write one JSON document to stdout, for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; `serve` when nothing is said
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the app: routes, queues and schedules (the default)
    Serve,
    /// Look for mistakes in the app, as `serve` does before it starts
    Check {
        /// Read what waits in the data folder, too, and say what of it this program cannot take; no
        /// server may run
        #[arg(long)]
        data: bool,
    },
    /// List the steps
    Steps,
    /// List the flows
    Flows {
        /// Draw one flow as a Mermaid chart, or all as Markdown
        #[arg(long, value_name = "FLOW", num_args = 0..=1)]
        mermaid: Option<Option<String>>,
    },
    /// Emit an event
    #[command(
        arg_required_else_help = true,
        after_help = "Example: emit order.placed '{\"id\":\"o-1\"}' --delay 5m"
    )]
    Emit(work::Emit),
    /// Read and change what steps keep
    State {
        /// What to do; a list of the groups when nothing is said
        #[command(subcommand)]
        command: Option<State>,
    },
    /// Show what waits for each event step; pause and resume it
    Queues {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<work::Queues>,
    },
    /// Say why an event is not running
    #[command(arg_required_else_help = true, after_help = "Example: why 1-7")]
    Why {
        /// The delivery's id, as `queues waiting` shows it
        id: String,
    },
    /// Cancel what waits and what runs
    #[command(
        arg_required_else_help = true,
        after_help = "Examples: cancel 1-7, cancel --key order-1"
    )]
    Cancel(work::Cancel),
    /// Look into the dead letters: events that were given up
    Dlq {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<work::Dlq>,
    },
    /// Show how the circuits of dependencies stand; open and reset them
    Circuits {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<work::Circuits>,
    },
    /// List what was cancelled, expired or superseded, the last first
    History(work::History),
    /// List the runs of steps, the last first; send many of them again
    #[command(args_conflicts_with_subcommands = true)]
    Runs {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<seen::RunsDone>,
        /// Which runs are listed
        #[command(flatten)]
        wanted: seen::Runs,
    },
    /// Look into one run, or send it again
    #[command(after_help = "Example: run show ID, with an id that `runs` lists")]
    Run {
        /// What to do
        #[command(subcommand)]
        command: seen::Run,
    },
    /// Show the last log lines of the running app, and follow them
    Logs(seen::Logs),
    /// Look into the streams, and watch them change
    Streams {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<seen::Streams>,
    },
    /// List who changed what, the last first
    Audit(seen::Audit),
    /// Look into the schedules
    Cron {
        /// What to do; a list when nothing is said
        #[command(subcommand)]
        command: Option<Cron>,
    },
    /// Show what the running app counts, as `/metrics` does
    Metrics {
        /// Only metrics whose name contains this
        name: Option<String>,
    },
    /// Remove everything that is kept in the data folder; no server may run
    Reset {
        /// Really remove it; without this, only what would be removed is listed
        #[arg(long)]
        confirm: bool,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Show every setting, its value, and where it was set
    Settings,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum State {
    /// List the groups
    Groups(Page),
    /// List the entries of a group
    #[command(visible_alias = "list")]
    Ls {
        /// The group
        group: String,
        /// Which page
        #[command(flatten)]
        page: Page,
    },
    /// Show one entry
    Get {
        /// The group
        group: String,
        /// The key
        key: String,
    },
    /// Set one entry
    Set {
        /// The group
        group: String,
        /// The key
        key: String,
        /// The value, as JSON
        value: String,
    },
    /// Remove one entry
    Rm {
        /// The group
        group: String,
        /// The key
        key: String,
    },
}

/// What to do with the schedules.
#[derive(Debug, Subcommand)]
pub enum Cron {
    /// List them, with when they fire next
    #[command(visible_alias = "list")]
    Ls,
    /// Run a cron step now
    Run {
        /// The step
        step: String,
    },
}

/// Which page of a list.
#[derive(Debug, Default, clap::Args)]
pub struct Page {
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Go on where the last page ended
    #[arg(long)]
    pub cursor: Option<String>,
}

/// Reads a command line.
///
/// # Errors
/// What clap has to say: a mistake, or the help that was asked for.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    registry: &Registry,
) -> Result<(Args, Flags), clap::Error> {
    let matches = command(registry).try_get_matches_from(args)?;
    let flags = flags(&matches);
    Ok((Args::from_arg_matches(&matches)?, flags))
}

fn command(registry: &Registry) -> clap::Command {
    let flags = |wanted| SETTINGS.iter().filter(move |each| each.flag == wanted).map(flag);
    // Since serve is what happens when nothing is said, its flags are taken without it too.
    Args::command()
        .args(flags(Flag::Everywhere).map(|arg| arg.global(true)))
        .args(flags(Flag::Serve))
        .mut_subcommand("serve", |serve| serve.args(flags(Flag::Serve)))
        .after_help(format!("{}{NOTES}", own(registry)))
}

/// The app's own settings, each a variable.
fn own(registry: &Registry) -> String {
    let width = own::declared(registry).map(|setting| setting.name.len()).max().unwrap_or(0);
    let line = |setting: &SettingDef| {
        let (name, help) = (setting.name, setting.help);
        let default = setting.default.map(|text| format!(" [default: {text}]"));
        let default = default.filter(|_| !setting.secret).unwrap_or_default();
        format!("  {name:width$}  {help}{default}\n")
    };
    match own::declared(registry).map(line).collect::<String>() {
        none if none.is_empty() => none,
        lines => format!("Variables of this app:\n{lines}\n"),
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let help = format!("{} [default: {}]", setting.help, setting.default);
    Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .value_name(setting.kind.placeholder())
        .help(help)
        .help_heading("Settings")
}

fn flags(matches: &ArgMatches) -> Flags {
    let inner = matches.subcommand().map(|(_, inner)| inner);
    let given = |setting: &Setting| {
        let of = |matches: &ArgMatches| {
            matches.try_get_one::<String>(setting.name).ok().flatten().cloned()
        };
        let text = inner.and_then(of).or_else(|| of(matches))?;
        Some((setting.name, text))
    };
    let named = SETTINGS.iter().filter(|setting| setting.flag != Flag::None);
    named.filter_map(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Args, Flags), clap::Error> {
        parse(line.split(' ').map(Into::into), &Registry::default())
    }

    #[test]
    fn the_commands_hold_together() {
        command(&Registry::default()).debug_assert();
    }

    #[test]
    fn flags_of_serve_are_taken_with_and_without_it() {
        for line in ["app --port 4000", "app serve --port 4000", "app --port 4000 serve"] {
            assert_eq!(parsed(line).unwrap().1, [("port", "4000".to_owned())], "{line}");
        }
        assert!(parsed("app steps --port 4000").is_err());
    }

    #[test]
    fn a_data_folder_can_be_named_with_every_command() {
        let (_, flags) = parsed("app state ls orders --data-dir /tmp/x").unwrap();
        assert_eq!(flags, [("data_dir", "/tmp/x".to_owned())]);
    }

    #[test]
    fn dead_letters_are_chosen_by_id_or_all_at_once_never_by_accident() {
        assert!(parsed("app dlq purge").is_err());
        assert!(parsed("app dlq purge 1-2 --all").is_err());
        assert!(parsed("app dlq purge 1-2 --step Charge").is_err());
        assert!(parsed("app dlq purge --step Charge").is_err());
        assert!(parsed("app dlq purge --all --step Charge --since 1h").is_ok());
        assert!(parsed("app dlq redrive 1-2 1-3").is_ok());
    }

    #[test]
    fn one_thing_is_cancelled_at_a_time() {
        assert!(parsed("app cancel").is_err());
        assert!(parsed("app cancel 1-2 --key k").is_err());
        assert!(parsed("app cancel --key k").is_ok() && parsed("app cancel 1-2").is_ok());
    }

    #[test]
    fn what_can_be_listed_is_listed_when_nothing_else_is_said() {
        for line in [
            "app queues",
            "app queues pause Charge",
            "app circuits",
            "app circuits open b",
            "app state",
            "app state ls orders",
            "app cron",
            "app cron list",
            "app dlq",
            "app streams",
            "app metrics",
            "app metrics queue",
        ] {
            assert!(parsed(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_command_that_needs_more_shows_how_it_is_used() {
        for (line, example) in [
            ("app emit", "emit order.placed"),
            ("app why", "why 1-7"),
            ("app cancel", "cancel --key"),
            ("app run", "run show ID"),
        ] {
            let told = parsed(line).unwrap_err().to_string();
            assert!(told.contains("Example") && told.contains(example), "{told}");
        }
    }

    #[test]
    fn runs_are_listed_or_replayed_and_never_all_of_them_by_accident() {
        for line in [
            "app runs",
            "app runs --step Charge",
            "app runs replay --failed --step Charge",
            "app runs replay --outcome ok --since 1h",
        ] {
            assert!(parsed(line).is_ok(), "{line}");
        }
        for line in [
            "app runs replay",
            "app runs replay --limit 5",
            "app runs replay --failed --outcome ok",
            "app runs --step Charge replay --failed",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_stream_is_watched_group_by_group() {
        assert!(parsed("app streams").is_ok() && parsed("app streams show till").is_ok());
        assert!(parsed("app streams watch till shop-1").is_ok());
        assert!(parsed("app streams watch till").is_err());
    }

    #[test]
    fn a_priority_may_be_negative() {
        assert!(parsed("app emit t {} --priority -3").is_ok());
    }
}
