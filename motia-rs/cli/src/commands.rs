//! The commands, one function each; those that ask the app stand in a file for each part of it.

pub mod app;
pub mod dead;
pub mod state;

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use crate::{
    Failure, Program,
    args::{self, Args, Command, Flags},
    ask::{Absent, App},
    logs,
    output::Output,
    serve,
    settings::{Places, Settings},
};

/// Does what was typed.
///
/// # Errors
/// What a person is told, with the exit code.
pub fn run(program: Program, args: Args, flags: Flags, output: Output) -> Result<(), Failure> {
    let Args { config, json: _, command } = args;
    let command = command.unwrap_or(Command::Serve);
    let places = Places { flags, config, ..Places::default() }.with_environment();
    let (settings, raw) = Settings::load(&places, &program.env)?;

    let steps: Vec<_> = program.registry.steps.iter().map(|step| step.name()).collect();
    if let Some(wrong) = settings.log.unknown_step(&steps) {
        return Err(Failure::unready(format!("{}: {wrong}", raw.get("log"))));
    }
    let no_colour = places.env.iter().any(|(name, text)| name == "NO_COLOR" && !text.is_empty());
    if matches!(command, Command::Serve) || std::io::stderr().is_terminal() {
        logs::start(&settings.log, !no_colour);
    }

    let registry = program.registry.clone();
    let ask = |absent| App::find(registry, &settings, absent);
    let look = Absent::Refuse;
    match command {
        Command::Serve => serve::serve(program, &settings, output),
        Command::Check => app::check(&program.registry, &settings, output),
        Command::Steps => {
            app::steps(&program.registry, output);
            Ok(())
        }
        Command::Flows { mermaid } => app::flows(&program.registry, mermaid, output),
        Command::Openapi => {
            app::openapi(&program.registry, output);
            Ok(())
        }
        Command::Settings => {
            app::settings(&raw, &program.env, output);
            Ok(())
        }
        Command::Emit { topic, payload, delay } => {
            app::emit(ask, &topic, &payload, delay.as_deref(), output)
        }
        Command::Queues => app::queues(&ask(look)?, output),
        Command::Cron(command) => app::cron(&ask(look)?, command, output),
        Command::State(command) => state::run(ask, command, settings.limits.key, output),
        Command::Dlq(command) => dead::run(&ask(look)?, command, output),
    }
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
