//! Floor 3 of motia-rs: the command line of an app, from its arguments to its exit code.
//!
//! # Layout
//! - [`Program`]: the app that the commands are of; [`run`]: a command line, done
//! - [`args`]: what can be typed; [`settings`]: what can be set; [`failure`]: how it ends badly
//! - [`serve`]: the app running; [`commands`]: everything else
//! - [`ask`]: the app that is asked, over its port or through its data folder
//! - [`store`]: the store that the settings name; [`logs`], [`output`], [`when`]: what people are shown

pub mod args;
pub mod ask;
pub mod commands;
pub mod failure;
pub mod logs;
pub mod output;
pub mod serve;
pub mod settings;
pub mod store;
pub mod when;

use std::{ffi::OsString, fmt, process::ExitCode, sync::Arc};

use axum::Router;
pub use failure::Failure;
use motia_core::{
    http::{Middleware, ProblemShape},
    registry::Registry,
    setting::Values,
    store::Store,
};
use motia_http::HttpSettings;
use motia_runtime::runs::Export;
use output::Output;

/// What is done to the router of an app before it is served.
pub type Wrap = Box<dyn FnOnce(Router) -> Router + Send>;

/// What is put around the store of an app before it is served.
pub type StoreWrap = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send>;

/// Makes what takes the recorded runs out of the program, of the app's steps and settings.
pub type MakeExport = Box<dyn FnOnce(&Registry, &Values) -> Option<Arc<dyn Export>> + Send>;

/// The app that the commands are of.
#[derive(Default)]
pub struct Program {
    /// Its steps, streams and settings.
    pub registry: Registry,
    /// Around every API step, outermost first.
    pub middleware: Vec<Middleware>,
    /// The forms of problems, the first that holds first.
    pub problems: Vec<ProblemShape>,
    /// Whether a forgotten or a needless last `/` of a path is answered with the right path.
    pub redirect_slashes: bool,
    /// Around the whole router, innermost first.
    pub wraps: Vec<Wrap>,
    /// Around the store, innermost first.
    pub store_wraps: Vec<StoreWrap>,
    /// Takes the recorded runs out of the program, while it serves.
    pub export: Option<MakeExport>,
}

impl Program {
    /// What is set about its port, and what the app itself says about it.
    #[must_use]
    pub fn http(&self, settings: &settings::Settings) -> HttpSettings {
        let mut http = settings.http();
        http.problems.clone_from(&self.problems);
        http.redirect_slashes = self.redirect_slashes;
        http
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("steps", &self.registry.steps.len()).finish_non_exhaustive()
    }
}

/// Does what a command line says; the first argument is the program's own name.
///
/// ```
/// use motia_cli::{Program, run};
///
/// run(Program::default(), ["app", "--version"].map(Into::into));
/// ```
pub fn run(program: Program, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed: Vec<OsString> = args.into_iter().collect();
    let json = typed.iter().any(|arg| arg == "--json");
    let (args, flags) = match args::parse(typed, &program.registry) {
        Ok(parsed) => parsed,
        Err(usage) => {
            if json && usage.use_stderr() {
                let told = usage.to_string();
                let told = told.trim_start_matches("error: ").trim_end();
                return Failure::unready(told).tell(Output::stdout(json));
            }
            // Help and version are no errors, and there is nobody to tell of a closed stdout.
            let _ = usage.print();
            return u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let output = Output::stdout(args.json);
    match commands::run(program, args, flags, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(output),
    }
}
