//! What a process aside does: it puts itself under its limits, becomes the program, and does the work.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
};

use motia::prelude::*;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Limits, NoOutput, Work};

/// The word by which the app knows that it is to be a child.
pub(super) const ASIDE: &str = "__aside";
/// A child says by these codes that its input is at fault, that it failed, and that it could not start.
pub(super) const REFUSED: u8 = 65;
const FAILED: u8 = 70;
const NOT_STARTED: u8 = 71;

/// What a child puts itself under before it becomes the program.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rules {
    group: Option<PathBuf>,
    memory: Option<u64>,
    cpu_seconds: Option<u64>,
}

impl Rules {
    pub(super) fn of(limits: &Limits<'_>) -> Self {
        let whole_secs = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Self {
            group: limits.cage.map(|cage| cage.path().to_path_buf()),
            memory: limits.memory,
            cpu_seconds: limits.processor.map(whole_secs),
        }
    }

    /// Puts this process under them.
    fn hold(&self) -> io::Result<()> {
        if let Some(group) = &self.group {
            std::fs::write(group.join("cgroup.procs"), "0")?;
        }
        let most = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(Resource::Core, most(0))?;
        if let Some(bytes) = self.memory {
            setrlimit(Resource::Data, most(bytes))?;
        }
        if let Some(seconds) = self.cpu_seconds {
            let hard = Rlimit { current: Some(seconds), maximum: Some(seconds + 1) };
            setrlimit(Resource::Cpu, hard)?;
        }
        Ok(())
    }
}

/// This program, also if its file was replaced meanwhile.
pub(super) fn this_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_default()
}

/// Whether this process asked what it is to do before it did anything else.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Whether a child of this program would do its work.
pub(super) fn is_taken_over() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Does what a child is to do, if this process was started as one; `main` asks first.
///
/// ```no_run
/// # use std::process::ExitCode;
/// use flows::aside;
///
/// fn main() -> ExitCode {
///     aside::take_over().unwrap_or_else(|| motia::App::new().run())
/// }
/// ```
#[must_use]
pub fn take_over() -> Option<ExitCode> {
    ASKED.store(true, Ordering::Relaxed);
    let mut args = std::env::args_os().skip(1);
    if args.next()? != ASIDE {
        return None;
    }
    let args: Vec<OsString> = args.collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    Some(match words.as_slice() {
        ["under", rules, "program", _] => become_(rules, Command::new(&args[3])),
        ["under", rules, "work", work, about] => {
            let mut own = Command::new(this_program());
            own.args([ASIDE, "work", work, about]);
            become_(rules, own)
        }
        ["work", work, about] => do_work(work, about),
        _ => say(NOT_STARTED, "a child is started by the app only"),
    })
}

/// Puts this process under its rules and becomes the program.
fn become_(rules: &str, mut program: Command) -> ExitCode {
    let rules: Result<Rules, _> = serde_json::from_str(rules);
    let held = rules.map_err(io::Error::from).and_then(|rules| rules.hold());
    match held {
        Ok(()) => say(NOT_STARTED, program.exec()),
        Err(error) => say(NOT_STARTED, format!("the limits cannot be set: {error}")),
    }
}

/// Does work with what comes in on stdin.
fn do_work(name: &str, about: &str) -> ExitCode {
    let work = inventory::iter::<Work>.into_iter().find(|work| work.name == name);
    let Some(work) = work else { return say(NOT_STARTED, format!("there is no work `{name}`")) };
    let mut input = Vec::new();
    if let Err(error) = io::stdin().read_to_end(&mut input) {
        return say(FAILED, format!("the input cannot be read: {error}")); // `out of memory`, it may be
    }
    match (work.run)(about, input) {
        Ok(output) => match io::stdout().write_all(&output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say(FAILED, error),
        },
        Err(NoOutput::Refused(why)) => say(REFUSED, why),
        Err(NoOutput::Failed(why)) => say(FAILED, why),
    }
}

fn say(code: u8, why: impl std::fmt::Display) -> ExitCode {
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::from(code)
}
