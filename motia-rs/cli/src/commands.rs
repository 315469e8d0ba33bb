//! The commands, one function each; those that ask the app stand in a file for each part of it.

pub mod app;
mod audit;
pub mod circuits;
pub mod dead;
pub mod deliveries;
pub mod emit;
pub mod fit;
mod history;
mod logs_of;
mod metrics;
pub mod queues;
pub mod reset;
mod runs;
pub mod state;
mod streams;

use std::{io::IsTerminal as _, sync::Arc, time::Duration};

use motia_core::clock::Clock as _;
use motia_runtime::{clock::SystemClock, runs::logs::Logs};
use serde_json::{Value, json};

use crate::{
    Failure, Program,
    args::{
        self, Args, Command, Cron, Flags, State,
        seen::RunsDone,
        work::{Dlq, Letters},
    },
    ask::{Absent, App},
    logs,
    output::Output,
    serve,
    settings::{Places, Settings, Unread, value},
    when::Clock,
};

/// Does what was typed.
///
/// # Errors
/// What a person is told, with the exit code.
pub fn run(program: Program, args: Args, flags: Flags, output: Output) -> Result<(), Failure> {
    let Args { config, json: _, command } = args;
    let command = command.unwrap_or(Command::Serve);
    let places = Places { flags, config, ..Places::default() }.with_environment();
    let (settings, raw) = Settings::load(&places, &program.registry)?;

    let steps: Vec<_> = program.registry.steps.iter().map(|step| step.name()).collect();
    if let Some(wrong) = settings.log.unknown_step(&steps) {
        return Err(Failure::unready(format!("{}: {wrong}", raw.get("log"))));
    }
    let says =
        |wanted: &str| places.env.iter().find(|(name, _)| name == wanted).map(|(_, text)| &**text);
    let coloured = says("NO_COLOR").is_none_or(str::is_empty) && says("TERM") != Some("dumb");
    let lines = Arc::new(Logs::default());
    if matches!(command, Command::Serve) || std::io::stderr().is_terminal() {
        logs::start(&settings.log, coloured, &steps, lines.clone());
    }

    let me = Me { name: login_name(&places.env), clock: Clock::at(SystemClock.now()) };
    let registry = program.registry.clone();
    let ask = |absent| App::find(registry, &settings, absent, &me.name);
    let look = Absent::Refuse;
    match command {
        Command::Serve => {
            Unread::of(&places.env, &program.registry).iter().for_each(Unread::tell);
            serve::serve(program, &settings, lines, output)
        }
        Command::Check { data: false } => app::check(&program.registry, &settings, output),
        Command::Check { data: true } => fit::check(&program.registry, &settings, output),
        Command::Steps => {
            app::steps(&program.registry, output);
            Ok(())
        }
        Command::Flows { mermaid } => app::flows(&program.registry, mermaid, output),
        Command::Openapi => {
            app::openapi(&program.registry, &program.http(&settings), output);
            Ok(())
        }
        Command::Settings => {
            app::settings(&raw, output);
            Ok(())
        }
        Command::Reset { confirm } => reset::run(&settings, confirm, output),
        Command::Emit(emission) => emit::run(ask, &emission, output),
        Command::Queues { command } => queues::run(&ask(look)?, command, &me, output),
        Command::Why { id } => deliveries::why(&ask(look)?, &id, &me, output),
        Command::Cancel(what) => deliveries::cancel(&ask(look)?, what, &me, output),
        Command::Circuits { command } => circuits::run(&ask(look)?, command, &me, output),
        Command::History(wanted) => history::run(&ask(look)?, wanted, &me, output),
        Command::Runs { command: None, wanted } => runs::list(&ask(look)?, wanted, &me, output),
        Command::Runs { command: Some(RunsDone::Replay(wanted)), .. } => {
            runs::replay(&ask(look)?, wanted, &me, output)
        }
        Command::Run { command } => runs::run(&ask(look)?, command, &me, output),
        Command::Audit(wanted) => audit::run(&ask(look)?, wanted, &me, output),
        Command::Logs(wanted) => logs_of::run(&ask(look)?, wanted, (coloured, &steps), output),
        Command::Streams { command } => streams::run(&ask(look)?, command, &me, output),
        Command::Cron { command } => {
            app::cron(&ask(look)?, command.unwrap_or(Cron::Ls), &me, output)
        }
        Command::Metrics { name } => metrics::run(&ask(look)?, name.as_deref(), output),
        Command::State { command } => {
            let command = command.unwrap_or(State::Groups(args::Page::default()));
            state::run(ask, command, settings.limits.key, output)
        }
        Command::Dlq { command } => {
            let all = || Dlq::Ls { letters: Letters::default(), page: args::Page::default() };
            let command = command.unwrap_or_else(all);
            dead::run(&ask(look)?, command, &me, output)
        }
    }
}

/// Who asks, and when.
#[derive(Debug)]
pub(crate) struct Me {
    /// The login name.
    pub(crate) name: String,
    pub(crate) clock: Clock,
}

impl Me {
    /// The body that says who asks.
    fn asks(&self) -> Value {
        json!({ "by": self.name })
    }
}

fn login_name(env: &[(String, String)]) -> String {
    let named = |wanted: &str| {
        let variable = env.iter().find(|(name, text)| name == wanted && !text.is_empty());
        variable.map(|(_, name)| name.clone())
    };
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(named).unwrap_or_else(|| "cli".to_owned())
}

/// A text of a document.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `1 event`, `2 events`.
fn counted(count: &Value, what: &str) -> String {
    let ending = if *count == json!(1) { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// A length of time that was typed.
fn typed_time(flag: &str, text: &str) -> Result<Duration, Failure> {
    value::duration(text)
        .map_err(|expected| Failure::unready(format!("{flag}: `{text}` is not {expected}")))
}

/// JSON that was typed.
fn typed_json(what: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let hint = "write it as JSON; texts stand in double quotes";
        Failure::unready(format!("the {what} is no JSON ({error}): {hint}"))
    })
}

/// A whole list as a document of one page.
fn whole(items: &impl serde::Serialize) -> Value {
    json!({ "items": items, "next": null })
}

/// The parameters of a page.
fn page(page: args::Page) -> [(&'static str, Option<String>); 2] {
    [("limit", page.limit.map(|limit| limit.to_string())), ("cursor", page.cursor)]
}
